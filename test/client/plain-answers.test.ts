import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { planOf } from '../../src/policy/compile.ts';
import type { OperationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { writeEncryptedKeySha1Reference } from '../../src/security/token-reference.ts';
import { messageShapes, plainPortOf } from '../interop/plain-shapes.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { replaced } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { type Man, type Meddled, standBetween } from './man.ts';

/* What a client takes for the answer to a call that stands by itself, where the protection is in the message. */

const wsdl = resolve('test/interop/wsdl/plain-ping.wsdl');
const read = readWsdl(wsdl);
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
const ports = messageShapes.map(plainPortOf);
const encryptedPorts = messageShapes.filter(({ isClear }) => !isClear).map(plainPortOf);
const said = (name: string) =>
  `<p:${name} xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>O</p:origin>` +
  `<p:text>one</p:text></p:${name}>`;
const request = `<PingRequest xmlns="http://WSSec/wssc">${said('Ping')}</PingRequest>`;
const answer = `<PingResponse xmlns="http://WSSec/wssc">${said('PingResponse')}</PingResponse>`;

let node: ListeningNode;
let man: Man;
beforeAll(async () => {
  man = await standBetween('http');
  const operations = { Ping: () => ({ $xml: said('PingResponse') }) };
  node = await listen({
    wsdl,
    services: { PingService: Object.fromEntries(ports.map(port => [port, operations])) },
    ports: Object.fromEntries(ports.map(port => [port, {}])),
    trust: authority.pem,
    addresses: [man.base],
  });
  man.upstream = node.http;
});
afterAll(() => Promise.all([node.close(), man.close()]));
afterEach(() => {
  man.meddle = undefined;
});

/** A client of a port, whose answers somebody on the way may change. */
function connect(port: string) {
  const plan = planOf(read, port);
  const headers = { 'Content-Type': plan.soap.name === '1.1' ? 'text/xml' : 'application/soap+xml' };
  const session = openSession({
    ...{ plan, ...user, certificate: alice.pem, key: alice.key, serviceCertificate: pem.service.certificate },
    addresses: [`${man.base}/${port}`],
  });
  const call = async (change: (answered: string, message: string) => string = text => text) => {
    man.meddle = async (message, forward): Promise<Meddled> => {
      const { status, response } = await forward(message);
      return { status, response: change(response, message), headers };
    };
    const operation = plan.operations[0] as OperationPlan;
    return session.call({ operation, body: { declarations: '', content: request } });
  };
  return { call, close: () => session.close(), plan };
}

const isBetweenCertificates = (port: string) => port.startsWith('PlainCertificates');

test.each(ports)('%s: the answer to another request is none', async port => {
  const { call, close, plan } = connect(port);
  let old = '';
  await call(text => {
    old = text;
    return text;
  });
  const isConfirmed = port.endsWith('Confirmed');
  const unconfirmed = plan.addressing === undefined ? 'replay' : 'relates-to';
  const byCertificates = isConfirmed ? 'signature-confirmation' : unconfirmed;
  const reason =
    isBetweenCertificates(port) || (isConfirmed && port !== 'PlainEndorsedHiddenConfirmed')
      ? byCertificates
      : /^(key-reference|derivation-source|decryption)$/;
  await expect(call(() => old)).rejects.toMatchObject({ reason: expect.stringMatching(reason) });
  await close();
});

test.each(encryptedPorts)('%s: an answer in clear is none, and neither is one without protection', async port => {
  const { call, close } = connect(port);
  const inClear = (text: string) =>
    replaced(text, /<e:EncryptedData (?:(?!<e:EncryptedData ).)*<\/e:EncryptedData>(?=<\/s:Body>)/s, answer);
  await expect(call(inClear)).rejects.toMatchObject({ reason: 'body-not-encrypted' });
  const bare = (text: string) => inClear(replaced(text, /<o:Security .*<\/o:Security>/s, ''));
  await expect(call(bare)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
  await close();
});

test.each(['PlainAnonymous', 'PlainAnonymousDerived'])('%s: a request that comes back is no answer', async port => {
  const { call, close } = connect(port);
  const reflected = (answered: string, message: string) => {
    const [, sha1 = ''] = /EncryptedKeySHA1"[^>]*>([^<]*)</.exec(answered) ?? [];
    const direct =
      /<o:SecurityTokenReference [^>]*><o:Reference URI="#EK-[^>]*><\/o:Reference><\/o:SecurityTokenReference>/g;
    const named = message.replace(direct, () => writeEncryptedKeySha1Reference(sha1));
    return replaced(named, /<e:EncryptedKey .*?<\/e:EncryptedKey>/s, '');
  };
  await expect(call(reflected)).rejects.toMatchObject({ reason: 'own-message' });
  await close();
});

test('a fault without protection is told as one that anybody may have sent', async () => {
  const { call, close } = connect('PlainPassword');
  const fault =
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>' +
    '<faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>';
  await expect(call(() => fault)).rejects.toMatchObject({ code: 'FAULT' });
  await close();
});
