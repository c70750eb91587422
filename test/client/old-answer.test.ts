import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import type { ListeningNode } from '../support/endpoint.ts';
import { listenPing, ping, pingPort } from '../support/ping.ts';
import { type Man, standBetween } from './man.ts';

/* An answer that says in clear, and signed, that it is another request's needs no private key to be refused. */
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
let node: ListeningNode;
let man: Man;
beforeAll(async () => {
  man = await standBetween('http');
  node = await listenPing(authority, { addresses: [man.base] });
  man.upstream = node.http;
});
afterAll(() => Promise.all([node.close(), man.close()]));

const pinged = () => ping(alice, `${man.base}/${pingPort}`);

test('an old answer whose ciphertext was changed is refused as old, before it is decrypted', async () => {
  expect(await pinged()).toBeNull();
  const old = man.passages[0]?.response ?? '';
  const reasons = [];
  for (const at of [-17, 3]) {
    const changed = old.replace(/(?<=Id="EDb-.*<e:CipherValue>)[^<]*/, value => {
      const bytes = Buffer.from(value, 'base64');
      const place = at < 0 ? bytes.length + at : at;
      bytes[place] = (bytes[place] ?? 0) ^ 0x80;
      return bytes.toString('base64');
    });
    expect(changed).not.toBe(old);
    man.meddle = async () => ({ status: 200, response: changed });
    const error = (await pinged()) as { reason?: string; cause?: { reason?: string } };
    reasons.push(error.reason ?? error.cause?.reason ?? String(error));
  }
  expect(reasons).toEqual(['relates-to', 'relates-to']);
});
