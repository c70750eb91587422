import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { echoContent, issueRequest, planOf } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { issue, pem } from '../support/pem.ts';
import { issuerAt, listenSts, post } from '../support/sts.ts';

type Pair = Awaited<ReturnType<typeof issue>>;
let node: ListeningNode;
let next: { readonly service: Pair; readonly tls: Pair };
let last: { readonly service: Pair };

beforeAll(async () => {
  node = await listen();
  next = { service: await issue('service', pem.ca.issuer), tls: await issue('tls', pem.ca.issuer) };
  last = { service: await issue('service', pem.ca.issuer) };
});
afterAll(() => node.close());

/** Serial number of the certificate that TLS is served with. */
async function served(): Promise<string> {
  const socket = connect({ port: node.https, host: 'localhost', ca: pem.ca.certificate });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber.toLowerCase();
}

const serialOf = ({ issuer }: Pair) => issuer.certificate.serialNumber.toLowerCase();
const echo = planOf('EchoSymmetric').operations.find(({ name }) => name === 'Echo') as never;

/** Begins a conversation by a key that is encrypted to this certificate. */
async function begins({ certificate }: Pair): Promise<string> {
  const plan = planOf('EchoSymmetric');
  const addresses = [node.address('EchoSymmetric')];
  const session = openSession({ plan, ...user, serviceCertificate: certificate, addresses });
  const body = { declarations: '', content: echoContent('hello') };
  return session.call({ operation: echo, body, address: undefined }).then(
    () => 'answered',
    () => 'refused',
  );
}

test('a key of another certificate is used nowhere, and all stays as it is', async () => {
  const half = { certificate: next.tls.certificate, key: pem.tls.key };
  for (const certificates of [{ tls: half }, { service: half }, { service: next.service, tls: half }])
    expect(() => node.endpoint.useCertificates(certificates)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID' }),
    );
  expect(await served()).toBe(serialOf(pem.tls));
  expect(await begins(next.service)).toBe('refused');
  expect(await begins(pem.service)).toBe('answered');
});

test('other certificates are used at once, and what is encrypted to the one before is opened', async () => {
  node.endpoint.useCertificates({ tls: next.tls });
  expect(await served()).toBe(serialOf(next.tls));
  node.endpoint.useCertificates({ service: next.service });
  expect(await served()).toBe(serialOf(next.tls));
  expect(await Promise.all([begins(pem.service), begins(next.service)])).toEqual(['answered', 'answered']);
  node.endpoint.useCertificates({ service: last.service });
  expect(await Promise.all([pem.service, next.service, last.service].map(begins))).toEqual([
    'refused',
    'answered',
    'answered',
  ]);
});

test('what listens later has them too', async () => {
  const listener = await node.endpoint.listen({ https: 0, host: 'localhost' });
  const socket = connect({ port: listener.addresses.https, host: 'localhost', ca: pem.ca.certificate });
  await once(socket, 'secureConnect');
  expect(socket.getPeerCertificate().serialNumber.toLowerCase()).toBe(serialOf(next.tls));
  socket.destroy();
});

describe('the certificate that a node shows to its issuer', () => {
  const addresses = ['https://localhost:8443'];

  test('is another one from the next connection on, and stays where the next one can not be used', async () => {
    const sts = await listenSts(freshRing(), { addresses });
    const { certificate, key } = await issue('node');
    const relaying = await listen({ issuer: issuerAt(sts.relay, { certificate, key }), addresses });
    const begins = async () => (await post(relaying.address('EchoTls13'), issueRequest('EchoTls13').sent.text)).status;
    expect(await begins()).toBe(503);
    relaying.endpoint.useCertificates({ issuer: pem.node });
    expect(await begins()).toBe(200);
    const half = { certificate, key: pem.node.key };
    for (const certificates of [{ issuer: half }, { issuer: { certificate, key }, tls: half }])
      expect(() => relaying.endpoint.useCertificates(certificates)).toThrow(
        expect.objectContaining({ code: 'CERTIFICATE_INVALID' }),
      );
    expect(await begins()).toBe(200);
    relaying.endpoint.useCertificates({ issuer: { certificate, key } });
    expect(await begins()).toBe(503);
    await Promise.all([relaying.close(), sts.close()]);
  });

  test('is refused where the node issues by itself', () => {
    expect(() => node.endpoint.useCertificates({ issuer: pem.node })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'useCertificates: issuer has no use: this node issues by itself',
      }),
    );
  });
});
