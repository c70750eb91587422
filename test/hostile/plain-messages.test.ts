import { sign } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { loadPeerCertificate } from '../../src/crypto/x509.ts';
import { send } from '../../src/message/send.ts';
import { planOf } from '../../src/policy/compile.ts';
import type { MessagePlan, OperationPlan, PlainPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { rsaSigner } from '../../src/security/signature.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { messageShapes, plainPortOf } from '../interop/plain-shapes.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { replaced } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

/* Somebody on the way, and another client, at plain ports whose protection is in the message. */

const wsdl = resolve('test/interop/wsdl/plain-ping.wsdl');
const read = readWsdl(wsdl);
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
const mallory = await makeCertificate({ subject: 'CN=mallory', issuer: authority, exponent: 17 });
const ports = messageShapes.map(plainPortOf);

const said = (name: string, text: string) =>
  `<p:${name} xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>O</p:origin>` +
  `<p:text>${text}</p:text></p:${name}>`;
const request = (text: string) => `<PingRequest xmlns="http://WSSec/wssc">${said('Ping', text)}</PingRequest>`;

let node: ListeningNode;
let calls = 0;

/** A node with all of the ports. */
function startNode(options: Partial<EndpointOptions> = {}, ring = freshRing()): Promise<ListeningNode> {
  const operations = {
    Ping({ Ping: { text } }: { Ping: { text: string } }) {
      calls += 1;
      return { $xml: said('PingResponse', text) };
    },
  };
  const services = { PingService: Object.fromEntries(ports.map(port => [port, operations])) };
  const served = Object.fromEntries(ports.map(port => [port, {}]));
  return listen({ wsdl, services, ports: served, trust: authority.pem, ...options }, ring);
}

beforeAll(async () => {
  node = await startNode();
});
afterAll(() => node.close());
beforeEach(() => {
  calls = 0;
  node.lines.length = 0;
});

interface Port {
  readonly plan: PlainPlan;
  readonly operation: OperationPlan;
}

function portOf(port: string): Port {
  const plan = planOf(read, port) as PlainPlan;
  return { plan, operation: plan.operations[0] as OperationPlan };
}

const typeOf = ({ plan }: Port) => (plan.soap.name === '1.1' ? 'text/xml' : 'application/soap+xml');
const addressOf = (port: string) => `http://localhost:${node.http}/${port}`;

async function post(port: string, message: string, address = addressOf(port)) {
  const headers = { 'content-type': `${typeOf(portOf(port))}; charset=utf-8`, soapaction: '"http://xmlsoap.org/Ping"' };
  const answer = await fetch(address, { method: 'POST', headers, body: message });
  return { status: answer.status, body: await answer.text() };
}

async function refused(port: string, message: string, reason: string): Promise<string> {
  node.lines.length = 0;
  const before = calls;
  const { status, body } = await post(port, message);
  expect([status, loggedReasons(node.lines)]).toEqual([500, [reason]]);
  expect(calls).toBe(before);
  return body;
}

/** Calls a port as a client of ours. @returns what went over the wire */
async function called(port: string, who: Made = alice): Promise<WireExchange> {
  const { plan, operation } = portOf(port);
  const wire: WireExchange[] = [];
  const session = openSession({
    ...{ plan, ...user, certificate: who.pem, key: who.key, serviceCertificate: pem.service.certificate },
    addresses: [addressOf(port)],
    trace: exchange => void wire.push(exchange),
  });
  try {
    await session.call({ operation, body: { declarations: '', content: request('one') } });
  } finally {
    await session.close();
  }
  return wire[0] as WireExchange;
}

/** A call as a client without manners writes it, by a plan of its own. */
function written(port: string, change: Partial<MessagePlan> = {}, to: string = addressOf(port)): string {
  const { plan, operation } = portOf(port);
  const keys = {
    recipient: loadPeerCertificate(pem.service.certificate),
    tokens: { username: user, x509: { certificate: alice.certificate.raw } },
    signingKeys: { x509: rsaSigner(alice.privateKey, plan.suite.asymmetricSignature) },
  };
  const out = { action: operation.inputAction, to, replyToAnonymous: true };
  const versions = { soap: plan.soap, addressing: plan.addressing };
  const body = { declarations: '', content: request('one') };
  const options = { nowMs: Date.now(), random: systemRandom, timestampTtlMs: 300_000 };
  return send({ ...operation.request, ...change }, versions, keys, { ...out, body }, options).text;
}

const noParts = { body: false, headers: [] };
const encryptedKey = /<e:EncryptedKey .*?<\/e:EncryptedKey>/s;
const cipherOfKey = /(?<=<e:EncryptedKey.*?<e:CipherValue>)[^<]*/s;
const cipherOfBody = /(?<=<e:CipherValue>)[^<]*(?=<\/e:CipherValue><\/e:CipherData><\/e:EncryptedData><\/s:Body>)/;

describe.each(messageShapes)('a call of the port $name', shape => {
  const port = plainPortOf(shape);
  const isHidden = shape.order.includes('sp:EncryptSignature');
  const { operation } = portOf(port);

  test('is taken once, whatever is changed of it that nothing signs', async () => {
    const { request: message } = await called(port);
    await refused(port, message, 'replay');
    const renamed = message.replaceAll(shape.isClear ? 'Tx509-' : 'EK-', shape.isClear ? 'Ty509-' : 'XK-');
    expect(renamed).not.toBe(message);
    // An encrypted signature names the key by the id that it had, where none is derived from it.
    await refused(port, renamed, isHidden && !shape.isDerived ? 'signature-missing' : 'replay');
  });

  test('is refused with a Body that nothing signs', async () => {
    await refused(port, written(port, { signed: { ...operation.request.signed, body: false } }), 'body-not-signed');
  });

  test('is refused without its Timestamp', async () => {
    await refused(port, written(port, { timestamp: false }), 'timestamp-count');
  });
});

describe.each(messageShapes.filter(({ isClear }) => !isClear))('an encrypted call of the port $name', shape => {
  const port = plainPortOf(shape);
  const isHidden = shape.order.includes('sp:EncryptSignature');

  test('is refused with another key in it', async () => {
    const other = cipherOfKey.exec(written(port))?.[0] ?? '';
    const reason = isHidden || shape.binding === 'asymmetric' ? 'decryption' : 'signature-value';
    const body = await refused(port, replaced(written(port), cipherOfKey, other), reason);
    expect(body).toMatch(/InvalidSecurity|FailedCheck/);
  });

  test('is refused with its Body in clear', async () => {
    await refused(port, written(port, { encrypted: noParts }), 'body-not-encrypted');
  });

  test('is refused where the Body is another that was encrypted by nobody', async () => {
    const clear = replaced(
      written(port),
      /<e:EncryptedData (?:(?!<e:EncryptedData ).)*<\/e:EncryptedData>(?=<\/s:Body>)/s,
      request('two'),
    );
    await refused(port, clear, 'body-not-encrypted');
  });
});

test.each(messageShapes.filter(({ isClear }) => isClear))(
  'a call of $name is refused with its Body encrypted',
  async shape => {
    const port = plainPortOf(shape);
    await refused(port, written(port, { encrypted: { body: true, headers: [] } }), 'data-references');
  },
);

describe.each(messageShapes.filter(({ isAddressed }) => isAddressed))('a call of the addressed port $name', shape => {
  const port = plainPortOf(shape);
  const { operation } = portOf(port);

  test('is refused where it names its service unsigned, or another', async () => {
    const { body, headers } = operation.request.signed;
    const others = headers.filter(({ local }) => local !== 'To');
    await refused(port, written(port, { signed: { body, headers: others } }), 'header-not-signed');
    await refused(port, written(port, {}, 'http://other.example/'), 'to-unknown');
    const moved = replaced(written(port), addressOf(port), 'http://other.example/');
    await refused(port, moved, 'digest');
  });
});

describe.each(messageShapes.filter(({ client }) => client !== 'nothing'))('a call of the port $name', shape => {
  const port = plainPortOf(shape);
  const isHidden = shape.order.includes('sp:EncryptSignature');

  test('is refused without the token that proves who sends it', async () => {
    const reason = isHidden || shape.client === 'UsernameToken' ? 'supporting-token-count' : 'signature-count';
    await refused(port, written(port, { supporting: [] }), reason);
  });
});

test('a password that is not signed is refused, and so is a wrong one', async () => {
  for (const port of ['PlainPassword', 'PlainPasswordDerived', 'PlainPasswordAddressed'])
    await refused(
      port,
      written(port, { supporting: [{ kind: 'username', signed: false, encrypted: true }] }),
      'supporting-token-not-signed',
    );
});

test('a message of one port does nothing at another', async () => {
  await refused('PlainPassword', written('PlainAnonymous'), 'supporting-token-count');
  await refused('PlainAnonymous', written('PlainPassword'), 'encrypted-data-unexpected');
  await refused('PlainEndorsed', written('PlainAnonymous'), 'signature-count');
  await refused('PlainCertificates', written('PlainEndorsed'), 'signature-count');
  await refused('PlainAnonymous', written('PlainCertificates'), 'encrypted-key-children');
});

test('an answer is no request', async () => {
  const { request: message, response } = await called('PlainAnonymous');
  const key = encryptedKey.exec(message)?.[0] ?? '';
  await refused('PlainAnonymous', replaced(response, '</u:Timestamp>', `</u:Timestamp>${key}`), 'replay');
});

describe('of what alice encrypted', () => {
  const port = 'PlainCertificates';

  /** The same message under the signature of mallory, who can read nothing of it. */
  function signedByMallory(message: string): string {
    const [signedInfo = ''] = /<ds:SignedInfo .*<\/ds:SignedInfo>/s.exec(message) ?? [];
    const value = sign('sha1', Buffer.from(signedInfo), mallory.privateKey).toString('base64');
    const token = mallory.certificate.raw.toString('base64');
    const withToken = replaced(message, /(?<=<o:BinarySecurityToken [^>]*>)[^<]*/, token);
    return replaced(withToken, /(?<=<ds:SignatureValue>)[^<]*/, value);
  }

  /** What a port got where one key signs and encrypts, as mallory sends it: its digest says what to sign. */
  function betweenCertificates(message: string): string {
    const own = written(port);
    const digests = [...own.matchAll(/(?<=<ds:DigestValue>)[^<]*/g)].map(([digest]) => digest);
    // Each message of alice has the same Body: that it is signed alike is the premise.
    expect(digests.filter(digest => message.includes(digest))).toHaveLength(1);
    const keyed = replaced(own, cipherOfKey, cipherOfKey.exec(message)?.[0] ?? '');
    return signedByMallory(replaced(keyed, cipherOfBody, cipherOfBody.exec(message)?.[0] ?? ''));
  }

  const firsts = [
    { of: 'between certificates', first: port, taken: signedByMallory },
    { of: 'under one key that signs and encrypts', first: 'PlainAnonymous', taken: betweenCertificates },
  ];

  test.each(firsts)('mallory gets nothing once the service has it $of', async ({ first, taken }) => {
    const { request: message } = await called(first);
    await refused(port, taken(message), 'replay');
  });

  test.each(firsts)('mallory gets nothing at another node of a farm that has it $of', async ({ first, taken }) => {
    const [ring, store] = [freshRing(), memoryStore({ clock: Date.now })];
    const nodes = await Promise.all([0, 1].map(() => startNode({ store, replay: 'shared' as const }, ring)));
    const [one, two] = nodes as [ListeningNode, ListeningNode];
    const to = `http://localhost:${one.http}/${first}`;
    const message = written(first);
    expect((await post(first, message, to)).status).toBe(200);
    const other = `http://localhost:${two.http}/${port}`;
    expect((await post(port, taken(message), other)).status).toBe(500);
    expect(loggedReasons(two.lines)).toEqual(['replay-elsewhere']);
    await Promise.all(nodes.map(each => each.close()));
  });

  test('each way to spoil it looks the same', async () => {
    const spoilt = (at: number) => {
      const message = signedByMallory(written(port));
      return message.replace(
        /(?<=<e:CipherValue>)[^<]*(?=<\/e:CipherValue><\/e:CipherData><\/e:EncryptedData>)/,
        text => {
          const octets = Buffer.from(text, 'base64');
          const place = at < 0 ? octets.length + at : at;
          octets[place] = (octets[place] ?? 0) ^ 0x80;
          return octets.toString('base64');
        },
      );
    };
    const bodies = [await refused(port, spoilt(-17), 'decryption'), await refused(port, spoilt(0), 'decryption')];
    expect(new Set(bodies).size).toBe(1);
  });
});
