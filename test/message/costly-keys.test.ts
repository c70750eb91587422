import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaultClass, Overload } from '../../src/errors.ts';
import { freshRing } from '../support/endpoint.ts';
import { expectFault } from '../support/faults.ts';
import { issueRequest, replaced } from '../support/initiator.ts';
import { startNode, type TestNode } from '../support/node.ts';

/* A bootstrap of EchoSymmetric costs a private operation: all that can be said without its key is said before. */

const port = 'EchoSymmetric';
let node: TestNode;
let opened = 0;

beforeAll(async () => {
  node = await startNode({
    ring: freshRing(),
    clock: { nowMs: Date.now() },
    openKey: work => {
      opened += 1;
      return work();
    },
  });
});
beforeEach(() => {
  opened = 0;
});

const hourMs = 3_600_000;
const bootstrap = (nowMs = Date.now()) => issueRequest(port, { nowMs }).sent.text;
const without = (part: RegExp) => () => replaced(bootstrap(), part, '');
const changed = (from: RegExp, to: string) => () => replaced(bootstrap(), from, to);

test('one that is good costs one, and a copy of it none', async () => {
  const message = bootstrap();
  expect((await node.post(port, message)).status).toBe(200);
  expect(opened).toBe(1);
  expectFault(await node.post(port, message), 'invalidSecurity');
  expect(opened).toBe(1);
});

test('a copy whose EncryptedKey lacks its leading zero is the same message: refused, at no cost', async () => {
  const message = bootstrapWhoseKeyBeginsWith(0);
  expect((await node.post(port, message)).status).toBe(200);
  const copy = message.replace(cipherValue, text => Buffer.from(text, 'base64').subarray(1).toString('base64'));
  expectFault(await node.post(port, copy), 'invalidSecurity');
  expect(opened).toBe(1);
});

const cipherValue = /(?<=<e:EncryptedKey.*?<e:CipherValue>)[^<]*/s;

/** About one of 256. */
function bootstrapWhoseKeyBeginsWith(octet: number): string {
  for (;;) {
    const message = bootstrap();
    if (Buffer.from(cipherValue.exec(message)?.[0] ?? '', 'base64')[0] === octet) return message;
  }
}

describe('no private operation is done for a bootstrap', () => {
  test.each<[string, FaultClass, () => string]>([
    ['that is too old', 'messageExpired', () => bootstrap(Date.now() - hourMs)],
    ['that is from the future', 'messageExpired', () => bootstrap(Date.now() + hourMs)],
    ['whose Timestamp is not signed', 'invalidSecurity', without(/<ds:Reference URI="#TS-.*?<\/ds:Reference>/)],
    ['whose Body is not signed', 'invalidSecurity', without(/<ds:Reference URI="#B-.*?<\/ds:Reference>/)],
    ['whose To is not signed', 'invalidSecurity', without(/<ds:Reference URI="#To-.*?<\/ds:Reference>/)],
    ['that signs what is not there', 'invalidSecurity', changed(/(?<=Reference URI="#)TS-/, 'TX-')],
    ['without a Signature', 'invalidSecurity', without(/<ds:Signature .*<\/ds:Signature>/)],
    ['without a Timestamp', 'invalidSecurity', without(/<u:Timestamp .*<\/u:Timestamp>/)],
    ['whose key is derived from another', 'invalidSecurity', changed(/(?<=o:Reference URI="#)EK-/, 'EX-')],
    ['whose derived key has another length', 'invalidSecurity', changed(/(?<=<c:Length>)16/, '15')],
    ['that is signed with a key which is not there', 'invalidSecurity', changed(/(?<=Reference URI="#)DKs-/, 'DKx-')],
    ['that is encrypted to somebody else', 'invalidSecurityToken', changed(/(?<=ThumbprintSHA1">)..../, 'AAAA')],
    ['that is signed as by a certificate', 'unsupportedAlgorithm', changed(/(?<=xmldsig#)hmac-sha1/, 'rsa-sha1')],
    ['whose key lacks an octet', 'invalidSecurity', changed(/(?<=<e:CipherValue>)....(?=[^<]*==<)/, '')],
    ['of another key transport', 'unsupportedAlgorithm', changed(/rsa-oaep-mgf1p/, 'rsa-1_5')],
  ])('%s', async (_, fault, make) => {
    const { status, body = '' } = await node.post(port, make());
    expect({ status, fault: /<s:Value xmlns:f="[^"]*">f:(\w+)/.exec(body)?.[1] }).toEqual({
      status: 500,
      fault: `${fault[0]?.toUpperCase()}${fault.slice(1)}`,
    });
    expect(opened).toBe(0);
  });
});

test('a key that was made for nobody costs one, as a wrong signature does; both are answered alike', async () => {
  const answers: unknown[] = [];
  for (const make of [changed(/(?<=<e:CipherValue>)..../, 'AAAA'), changed(/(?<=<ds:SignatureValue>)..../, 'AAAA')]) {
    const answer = await node.post(port, make());
    expectFault(answer, 'failedCheck');
    answers.push(answer.status);
  }
  expect(opened).toBe(2);
});

test('where too many keys wait, the bootstrap is to be sent again later', async () => {
  const busy = await startNode({
    ring: freshRing(),
    clock: { nowMs: Date.now() },
    openKey: () => Promise.reject(new Overload('queue-full', 4_001)),
  });
  const answer = await busy.post(port, bootstrap());
  expectFault(answer, 'busy');
  expect(answer.retryAfterS).toBe(5);
  expect((await busy.post('EchoTls13', issueRequest('EchoTls13').sent.text)).status).toBe(200);
});
