import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createCertificatePem, createPrivateKeyPem } from '../../src/farm/certificates.ts';
import type { IssuerOptions } from '../../src/server/issuer-options.ts';
import { createSts } from '../../src/server/sts.ts';
import type { StsOptions } from '../../src/server/sts-options.ts';
import { freePort, freshRing, listen } from '../support/endpoint.ts';
import { issueRequest } from '../support/initiator.ts';
import { authenticate, wsdl } from '../support/node.ts';
import { issue, pem } from '../support/pem.ts';
import { issuerAt, type ListeningSts, listenSts, post } from '../support/sts.ts';

const ping = fileURLToPath(new URL('../vectors/wsdl/ping/ping.wsdl', import.meta.url));
const started: ListeningSts[] = [];
afterEach(() => Promise.all(started.splice(0).map(sts => sts.close())));

async function start(options: Partial<StsOptions> = {}): Promise<ListeningSts> {
  const sts = await listenSts(freshRing(), options);
  started.push(sts);
  return sts;
}

const usable = { wsdls: [wsdl], ring: 'ring.json', authenticate };
const create = (options: object) => () => createSts({ ...usable, ...options } as StsOptions);

test.each([
  ['no WSDL', { wsdls: [] }, 'createSts: wsdls must not be empty'],
  ['no users', { authenticate: undefined }, 'createSts: lacks the key authenticate'],
  ['services', { services: {} }, 'createSts: unknown key services'],
  ['an issuer', { issuer: {} }, 'createSts: unknown key issuer'],
  ['half of a certificate', { certificate: 'PEM' }, 'createSts: certificate and key belong together'],
  ['relays that nobody vouches for', { relays: {} }, 'createSts: relays lacks the key ca'],
  ['relays without a name', { relays: { ca: 'PEM', names: [] } }, 'createSts: relays.names must not be empty'],
  [
    'an address with a path',
    { ownAddresses: ['https://x/y'] },
    'createSts: ownAddresses[0] must be a base address such as https://node1.example:8443',
  ],
])('an issuer with %s is refused', (_, options, message) => {
  expect(create(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }));
});

test('relays whose CA is none are refused with the option', () => {
  expect(create({ relays: { ca: 'x' } })).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_INVALID', message: expect.stringContaining('relays.ca') }),
  );
});

describe('an issuer for several services', () => {
  test('refuses two ports that a message can not tell apart', () => {
    const message = "two ports have the name EchoTls11: they can't be told apart";
    expect(create({ wsdls: [wsdl, wsdl] })).toThrow(expect.objectContaining({ code: 'WSDL_INVALID', message }));
  });

  test('refuses a port that no WSDL has', () => {
    expect(create({ ports: { EchoTls13: {}, Echo: {} } })).toThrow(
      expect.objectContaining({ code: 'WSDL_INVALID', message: 'no WSDL has a port Echo' }),
    );
  });

  test('issues for those of their ports that are named, and no other', async () => {
    const sts = await start({ wsdls: [wsdl, ping], ports: { EchoTls13: {} } });
    const at = (port: 'EchoTls11' | 'EchoTls13') => issueRequest(port, { to: sts.address(port) }).sent.text;
    expect((await post(sts.address('EchoTls13'), at('EchoTls13'))).status).toBe(200);
    expect((await post(sts.address('EchoTls11'), at('EchoTls11'))).status).toBe(404);
  });
});

test('takes requests of clients only at an address of its own, whatever its WSDL says', async () => {
  const sts = await start({ ownAddresses: [] });
  expect((await post(sts.address('EchoTls13'), issueRequest('EchoTls13').sent.text)).status).toBe(500);
  expect(
    (await post(sts.address('EchoTls13'), issueRequest('EchoTls13', { to: sts.address('EchoTls13') }).sent.text))
      .status,
  ).toBe(500);
  expect(sts.sts.statistics().issued).toBe(0);
});

test.each<[string, object, string]>([
  ['without a certificate for TLS', { tls: undefined }, 'tls'],
  ['for nodes that nobody vouches for', { relays: undefined }, 'relays'],
])('listens nowhere where it should listen %s', async (_, options, what) => {
  const http = await freePort();
  await expect(listenSts(freshRing(), options, { http })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `the issuer can't listen there without ${what}`,
  });
  expect(await refusesConnections(http)).toBe(true);
});

test('listens nowhere where one of its TCP ports is taken', async () => {
  const { relay } = await start();
  const http = await freePort();
  await expect(listenSts(freshRing(), {}, { http, relay })).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  expect(await refusesConnections(http)).toBe(true);
});

function refusesConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: 'localhost' }, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

describe('an issuer that is given other certificates while it runs', () => {
  const fingerprintAt = (port: number, own: object = {}) =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ port, host: 'localhost', ca: pem.ca.certificate, ...own }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  test('shows them to new peers, and still hears no node that shows it none', async () => {
    const sts = await start();
    const key = createPrivateKeyPem();
    const issuer = { certificate: new X509Certificate(pem.ca.certificate), privateKey: createPrivateKey(pem.ca.key) };
    const certificate = await createCertificatePem('tls', createPrivateKey(key), issuer, Date.now());
    sts.sts.useCertificates({ tls: { certificate, key } });
    const { fingerprint256 } = new X509Certificate(certificate);
    const node = { cert: pem.node.certificate, key: pem.node.key };
    expect([await fingerprintAt(sts.https), await fingerprintAt(sts.relay, node)]).toEqual([
      fingerprint256,
      fingerprint256,
    ]);
    const nobody = post(`https://localhost:${sts.relay}/EchoTls13`, issueRequest('EchoTls13').sent.text);
    await expect(nobody).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ERR_SSL_TLSV13_ALERT|ECONNRESET)/) });
    expect(sts.sts.statistics()).toMatchObject({ issued: 0, faults: {} });
  });

  test('issues to a node that a CA of its relays vouches for, as before, and to no other', async () => {
    const sts = await start({ addresses: ['https://localhost:8443'] });
    const own = await issue('tls', pem.ca.issuer);
    sts.sts.useCertificates({ tls: own });
    const from = async (options: Partial<IssuerOptions>) => {
      const node = await listen({ issuer: issuerAt(sts.relay, options), addresses: ['https://localhost:8443'] });
      const { status } = await post(node.address('EchoTls13'), issueRequest('EchoTls13').sent.text);
      await node.close();
      return status;
    };
    const { certificate, key } = await issue('node');
    expect([await from({}), await from({ certificate, key }), await from({})]).toEqual([200, 503, 200]);
    expect(sts.sts.statistics()).toMatchObject({ issued: 2 });
  });

  test('keeps its own where they can not be used', async () => {
    const sts = await start();
    const { fingerprint256 } = new X509Certificate(pem.tls.certificate);
    for (const certificates of [
      { tls: { certificate: pem.tls.certificate, key: pem.node.key } },
      { service: { certificate: 'x', key: pem.service.key }, tls: pem.tls },
    ])
      expect(() => sts.sts.useCertificates(certificates)).toThrow(
        expect.objectContaining({ code: 'CERTIFICATE_INVALID' }),
      );
    expect(await fingerprintAt(sts.https)).toBe(fingerprint256);
  });
});
