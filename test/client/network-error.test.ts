import { createPrivateKey } from 'node:crypto';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { NetworkError } from '../../src/client/network-error.ts';
import { openTransport } from '../../src/client/transport.ts';
import { createCertificatePem } from '../../src/farm/certificates.ts';
import { freePort } from '../support/endpoint.ts';
import { pem } from '../support/pem.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A TLS server with a certificate, or one that speaks no TLS. */
async function serve(certificate: { readonly certificate: string; readonly key: string } | undefined): Promise<number> {
  const server =
    certificate === undefined
      ? createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      : createTlsServer({ cert: certificate.certificate, key: certificate.key });
  server.on('tlsClientError', () => {});
  await new Promise<void>(resolve => server.listen(0, resolve));
  closing.push(() => void server.close());
  return (server.address() as { port: number }).port;
}

/** A certificate of the test's CA for localhost, as it was made at that time. */
async function madeAt(nowMs: number) {
  const { key } = pem.tls;
  return { certificate: await createCertificatePem('tls', createPrivateKey(key), pem.ca.issuer, nowMs), key };
}

async function errorOf(host: string, port: number, ca: string | undefined): Promise<unknown> {
  const transport = openTransport({ ca, timeoutMs: 20_000, maxBytes: 1_000 });
  closing.push(() => transport.close());
  return transport.post(`https://${host}:${port}/`, '<a/>', {}).catch((error: unknown) => error);
}

const yearMs = 31_622_400_000;
const trusted = pem.ca.certificate;

test.each<[string, () => Promise<number>, string, string | undefined, RegExp]>([
  ['of a CA that is not trusted', () => serve(pem.tls), 'localhost', undefined, /signed by no CA that is trusted here/],
  ['of another CA than was given', () => serve(pem.tls), 'localhost', pem.tls.certificate, /signed by no CA/],
  ['for another host', () => serve(pem.service), '127.0.0.1', trusted, /certificate is for another host/],
  [
    'that has expired',
    async () => serve(await madeAt(Date.now() - 40 * yearMs)),
    'localhost',
    trusted,
    /certificate has expired/,
  ],
  [
    'that is not valid yet',
    async () => serve(await madeAt(Date.now() + yearMs)),
    'localhost',
    trusted,
    /certificate is not valid yet/,
  ],
  ['where no TLS is spoken', () => serve(undefined), 'localhost', trusted, /does not speak TLS/],
  ['where nobody listens', () => freePort(), 'localhost', trusted, /ECONNREFUSED/],
])('a TLS certificate %s is said so in a sentence, with what to do', async (_, start, host, ca, sentence) => {
  const port = await start();
  const error = await errorOf(host, port, ca);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({ code: 'NETWORK', sent: false, hint: expect.stringMatching(/\w/) });
  expect((error as Error).message).toMatch(new RegExp(`^https://${host}:${port}/: no answer \\(.*${sentence.source}`));
});
