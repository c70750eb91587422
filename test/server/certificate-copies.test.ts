import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import type { ListeningNode } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { listenPing, ping, pingPort } from '../support/ping.ts';

/* What stands around a certificate in its token is not signed: it must not make another message of a copy. */
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
/** Of the same key, as after a renewal. */
const renewed = await makeCertificate({ subject: 'CN=alice', issuer: authority });
let node: ListeningNode;
beforeAll(async () => {
  node = await listenPing(authority, { issueRate: { perSecond: 0.001, burst: 24 } });
});
afterAll(() => node.close());
const address = () => `http://localhost:${node.http}/${pingPort}`;

async function rst(): Promise<string> {
  const sent: string[] = [];
  expect(await ping(alice, address(), ({ request }) => void sent.push(request))).toBeNull();
  return sent[0] ?? '';
}
function post(message: string) {
  return new Promise<number>((done, reject) => {
    const sent = request(
      address(),
      { method: 'POST', headers: { 'content-type': 'application/soap+xml' } },
      response => {
        response.resume();
        done(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject).end(message);
  });
}
const withToken = (message: string, change: (der: Buffer) => Buffer) =>
  message.replace(/(?<=<o:BinarySecurityToken [^>]*>)[^<]*/, text =>
    change(Buffer.from(text, 'base64')).toString('base64'),
  );

test('octets after the certificate make no new message of a copy', async () => {
  const message = await rst();
  expect(await post(message)).toBe(500);
  const longer = [1, 2, 3].map(n => withToken(message, der => Buffer.concat([der, Buffer.alloc(n, 7)])));
  const answers = [];
  for (const copy of longer) answers.push(await post(copy));
  expect(answers).toEqual([500, 500, 500]);
});

test('another encoding of the length of the certificate makes no new message of a copy', async () => {
  const message = await rst();
  // SEQUENCE, length in three octets instead of two (BER).
  const copy = withToken(message, der => Buffer.concat([Buffer.from([0x30, 0x83, 0]), der.subarray(2)]));
  expect(await post(copy)).toBe(500);
});

test('nor one decryption more: a stranger without a certificate gets one try for one captured signature', async () => {
  const message = await rst();
  node.lines.length = 0;
  for (let n = 1; n < 6; n += 1) {
    const bad = withToken(message, der => Buffer.concat([der, Buffer.alloc(n, 7)])).replace(
      /(?<=<e:EncryptedKey.*?<e:CipherValue>)[^<]*/,
      value => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`,
    );
    await post(bad);
  }
  expect(loggedReasons(node.lines)).not.toContain('decryption');
});

test('another certificate of the same key makes no new message of a copy', async () => {
  const message = await rst();
  expect(await post(withToken(message, () => renewed.certificate.raw))).toBe(500);
});

test('a stranger does not use up what a user may begin', async () => {
  const message = await rst();
  for (let n = 1; n < 30; n += 1) await post(withToken(message, der => Buffer.concat([der, Buffer.alloc(n, 7)])));
  await expect(rst()).resolves.toContain('Envelope');
});
