import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { Authorities } from '../../src/server/authorities.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { issueRequest } from '../support/initiator.ts';
import { issue, pem } from '../support/pem.ts';
import { issuerAt, type ListeningSts, listenSts, post } from '../support/sts.ts';

/* Peers are held against other certificates while the service runs. */

const started: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(started.splice(0).map(each => each.close())));

const addresses = ['https://localhost:8443'];
const otherCa = await issue('ca');

/** A certificate and its key, as options have them. */
async function pair(role: 'node' | 'tls', issuer = pem.ca.issuer) {
  const { certificate, key } = await issue(role, issuer);
  return { certificate, key };
}

const otherNode = await pair('node', otherCa.issuer);

async function startSts(options: Parameters<typeof listenSts>[1] = {}): Promise<ListeningSts> {
  const sts = await listenSts(freshRing(), { addresses, ...options });
  started.push(sts);
  return sts;
}

async function startNode(relay: number, shown: Parameters<typeof issuerAt>[1] = {}): Promise<ListeningNode> {
  const node = await listen({ issuer: issuerAt(relay, shown), addresses });
  started.push(node);
  return node;
}

const begins = async (node: ListeningNode) =>
  (await post(node.address('EchoTls13'), issueRequest('EchoTls13').sent.text)).status;

/** Connects to an issuer as a service node does. */
async function connect(port: number, own: typeof otherNode, more: object = {}): Promise<TLSSocket> {
  const { certificate: cert, key } = own;
  const socket = connectTls({ port, host: 'localhost', ca: pem.ca.certificate, cert, key, ...more });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** A request of a node for a token. */
function asking(): string {
  const message = issueRequest('EchoTls13').sent.text;
  const type = 'Content-Type: application/soap+xml; charset=utf-8';
  const head = `POST /EchoTls13 HTTP/1.1\r\nHost: localhost\r\nForwarded: for=192.0.2.1\r\n${type}`;
  return `${head}\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`;
}

/** What comes until the peer ends the connection. */
async function heard(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', chunk => (text += chunk));
  if (!socket.closed) await once(socket, 'close');
  return text;
}

describe('an issuer that knows its nodes by another CA', () => {
  test('hears those that it vouches for, and those of the one before no more', async () => {
    const sts = await startSts();
    const [before, after] = [await startNode(sts.relay), await startNode(sts.relay, otherNode)];
    expect([await begins(before), await begins(after)]).toEqual([200, 503]);
    sts.sts.useAuthorities({ relays: otherCa.certificate });
    expect([await begins(before), await begins(after)]).toEqual([503, 200]);
    sts.sts.useCertificates({ tls: await pair('tls') });
    expect([await begins(before), await begins(after)]).toEqual([503, 200]);
    sts.sts.useAuthorities({ relays: pem.ca.certificate + otherCa.certificate });
    expect([await begins(before), await begins(after)]).toEqual([200, 200]);
  });

  test('ends connections of those before, with the next answer at the latest, and takes up no session', async () => {
    const sts = await startSts();
    const [idle, busy] = [await connect(sts.relay, pem.node), await connect(sts.relay, pem.node)];
    idle.write(asking());
    await once(idle, 'data');
    const session = idle.getSession();
    const slow = asking();
    busy.write(slow.slice(0, 500));
    const early = await connect(sts.relay, pem.node);
    sts.sts.useAuthorities({ relays: otherCa.certificate });
    await heard(idle);
    busy.write(slow.slice(500));
    expect(await heard(busy)).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/is);
    early.write(asking() + asking());
    expect((await heard(early)).match(/HTTP\/1\.1/g)).toHaveLength(1);
    const again = await connect(sts.relay, pem.node, { session });
    again.write(asking());
    expect(await heard(again)).toBe('');
    expect(sts.sts.statistics().issued).toBe(3);
  });

  test.each([
    ['no certificate', { relays: 'x' }, 'CERTIFICATE_INVALID', 'relays: holds no certificate in PEM format'],
    [
      'a port that has no trust of its own',
      { relays: otherCa.certificate, ports: { EchoTls13: otherCa.certificate } },
      'CONFIG_INVALID',
      'useAuthorities: ports.EchoTls13 has no use: the port has no trust of its own',
    ],
    [
      'an issuer',
      { relays: otherCa.certificate, issuer: otherCa.certificate },
      'CONFIG_INVALID',
      'useAuthorities: issuer has no use: this node issues by itself',
    ],
  ])('knows them as before where it is given %s', async (_, authorities, code, text) => {
    const sts = await startSts();
    expect(() => sts.sts.useAuthorities(authorities)).toThrow(expect.objectContaining({ code, message: text }));
    expect(await begins(await startNode(sts.relay))).toBe(200);
    expect(await begins(await startNode(sts.relay, otherNode))).toBe(503);
  });
});

describe('a node that knows its issuer by another CA', () => {
  test('hands requests on to the one that it vouches for, and to the one before no more', async () => {
    const [before, after] = [await startSts(), await startSts({ tls: await pair('tls', otherCa.issuer) })];
    const [old, next] = [await startNode(before.relay), await startNode(after.relay)];
    expect([await begins(old), await begins(next)]).toEqual([200, 503]);
    for (const node of [old, next]) node.endpoint.useAuthorities({ issuer: otherCa.certificate });
    expect([await begins(old), await begins(next)]).toEqual([503, 200]);
    old.endpoint.useAuthorities({ issuer: pem.ca.certificate });
    expect(await begins(old)).toBe(200);
  });

  test('loses nothing that is under way, however often that changes', async () => {
    let answer: () => void = () => {};
    const asked = new Promise<void>(resolve => (answer = resolve));
    let isAsked: () => void = () => {};
    const waiting = new Promise<void>(resolve => (isAsked = resolve));
    const sts = await startSts({
      async authenticate(username) {
        isAsked();
        await asked;
        return { user: username, roles: [] };
      },
    });
    const node = await startNode(sts.relay);
    const status = begins(node);
    await waiting;
    node.endpoint.useAuthorities({ issuer: otherCa.certificate });
    node.endpoint.useCertificates({ issuer: otherNode });
    node.endpoint.useAuthorities({ issuer: pem.ca.certificate });
    answer();
    expect(await status).toBe(200);
  });
});

describe('what is given for clients', () => {
  const wsdl = 'wsdl/certificates.wsdl';
  const operations = { Echo: ({ text }: { text: string }) => ({ text }) };
  const services = { CertificateService: { CertificateTls: operations, Certificate: operations } };

  test.each<readonly [string, Authorities, string, string]>([
    ['no certificate', { trust: 'x' }, 'CERTIFICATE_INVALID', 'trust: holds no certificate in PEM format'],
    [
      'none for a port',
      { ports: { Certificate: '' } },
      'CONFIG_INVALID',
      'ports.Certificate must be a text that is not empty',
    ],
    ['those of no port', { ports: { None: 'x' } }, 'CONFIG_INVALID', 'ports.None has no use'],
    ['something else', { relays: 'x' } as Authorities, 'CONFIG_INVALID', 'unknown key relays'],
  ])('is refused where it is %s', async (_, authorities, code, text) => {
    const { certificate: trust } = otherCa;
    const node = await listen({ wsdl, services, trust, ports: { Certificate: { trust }, CertificateTls: {} } });
    started.push(node);
    expect(() => node.endpoint.useAuthorities(authorities)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    );
  });
});
