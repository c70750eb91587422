import { randomBytes, sign } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WireExchange } from '../../src/client/session-options.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import type { ListeningNode } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { listenPing, ping, pingPort } from '../support/ping.ts';

/* A bootstrap between certificates: mallory, who is a client like alice, signs what alice has encrypted. */

const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
const mallory = await makeCertificate({ subject: 'CN=mallory', issuer: authority, exponent: 17 });
let node: ListeningNode;
let caught = '';
/** Somebody on the way, who keeps what is sent. */
const somebody = createServer(async (asked, answer) => {
  caught = '';
  for await (const chunk of asked) caught += chunk;
  answer.writeHead(500).end();
});
const base = (server: Server) => `http://localhost:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  await new Promise<void>(done => somebody.listen(0, 'localhost', done));
  node = await listenPing(authority, { addresses: [base(somebody)] });
});
afterAll(() => Promise.all([node.close(), new Promise(done => somebody.close(done))]));

const address = () => `http://localhost:${node.http}/${pingPort}`;

/** Begins a conversation as alice, and gives its RST with the answer. */
async function conversed(): Promise<WireExchange> {
  const sent: WireExchange[] = [];
  expect(await ping(alice, address(), exchange => void sent.push(exchange))).toBeNull();
  const [rst] = sent;
  if (rst === undefined) throw new Error('nothing was sent');
  return rst;
}

/** An RST of alice's that does not come to the service. */
async function kept(): Promise<string> {
  await ping(alice, `${base(somebody)}/${pingPort}`);
  return caught;
}

function replaced(text: string, from: RegExp, to: (found: string) => string): string {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return changed;
}

/** The same message, signed by another client. */
function signedBy({ certificate, privateKey }: Made, message: string): string {
  const [signedInfo = ''] = /<ds:SignedInfo .*<\/ds:SignedInfo>/.exec(message) ?? [];
  const value = sign('sha1', Buffer.from(signedInfo), privateKey).toString('base64');
  const withToken = replaced(message, /(?<=<o:BinarySecurityToken [^>]*>)[^<]*/, () =>
    certificate.raw.toString('base64'),
  );
  return withToken.replace(/(?<=<ds:SignatureValue>)[^<]*/, () => value);
}

function post(message: string) {
  const beganMs = performance.now();
  return new Promise<{ status: number; connection: string | undefined; body: string; ms: number }>((done, reject) => {
    const headers = { 'content-type': 'application/soap+xml', connection: 'keep-alive' };
    const sent = request(address(), { method: 'POST', headers }, async response => {
      let body = '';
      for await (const chunk of response) body += chunk;
      const { statusCode: status = 0, headers: answered } = response;
      done({ status, connection: answered.connection, body, ms: performance.now() - beganMs });
    });
    sent.on('error', reject).end(message);
  });
}

const bodyCipher = /(?<=Id="EDb-.*<e:CipherValue>)[^<]*/;
const flipped = (message: string, place: (length: number) => number) =>
  replaced(message, bodyCipher, value => {
    const bytes = Buffer.from(value, 'base64');
    const at = place(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    return bytes.toString('base64');
  });
const keyCipher = /(?<=<e:EncryptedKey.*?<e:CipherValue>)[^<]*/;

/** What mallory changes of alice's message, and what the log calls it. */
const changes: Readonly<Record<string, readonly [spoil: (message: string) => string, reason: string]>> = {
  'the padding is wrong': [message => flipped(message, length => length - 17), 'decryption'],
  'what comes out is no XML': [message => flipped(message, () => 0), 'decryption'],
  'what comes out is another text': [message => flipped(message, length => length - 17 - 16), 'decryption'],
  'the key does not come out': [
    message => replaced(message, keyCipher, value => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`),
    'decryption',
  ],
  'a digest is wrong': [message => replaced(message, /(?<=<\w+:To [^>]*>)[^<]*/, value => `${value}/`), 'digest'],
};

test('what another client signs has one answer whatever comes out, at one time, and the connection ends', async () => {
  const answers = [];
  for (const [spoil] of Object.values(changes)) {
    answers.push(await post(spoil(signedBy(mallory, await kept()))));
  }
  const texts = answers.map(({ status, connection, body }) => `${status} ${connection} ${body}`);
  // Each answers another message.
  expect(new Set(texts.map(text => text.replace(/urn:uuid:[-0-9a-f]*/g, ''))).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 500, connection: 'close' });
  expect(answers[0]?.body).toContain('FailedCheck');
  for (const { ms } of answers) expect(ms).toBeGreaterThanOrEqual(12);
  expect(loggedReasons(node.lines)).toEqual(Object.values(changes).map(([, reason]) => reason));
});

test('what alice has encrypted is taken once, whoever signs it', async () => {
  const { request: rst } = await conversed();
  for (const copy of [rst, signedBy(mallory, rst)]) {
    expect((await post(copy)).status).toBe(500);
    expect(loggedReasons(node.lines).at(-1)).toBe('replay');
  }
});

test('the answer is for whoever signed the message that comes first', async () => {
  const rst = await kept();
  // The conversation is mallory's own; half of its key is known to alice alone.
  const { status, body } = await post(signedBy(mallory, rst));
  expect(status).toBe(200);
  expect(body).toContain('<e:EncryptedKey');
  expect((await post(rst)).status).toBe(500);
  expect(loggedReasons(node.lines).at(-1)).toBe('replay');
});

test('a certificate of another authority is not believed, before any private key is used', async () => {
  const stranger = await makeCertificate({ subject: 'CN=stranger' });
  expect((await post(signedBy(stranger, await kept()))).body).toContain('InvalidSecurityToken');
  expect(loggedReasons(node.lines).at(-1)).toBe('certificate-untrusted');
});

test('an address with a hundred such failures has to wait, and is told so', async () => {
  const answers: number[] = [];
  while (answers.length < 200 && !answers.includes(503)) {
    // Each is another message, with a wrong digest of its last part.
    const digest = randomBytes(20).toString('base64');
    const other = replaced(await kept(), /[^>]*(?=<\/ds:DigestValue><\/ds:Reference><\/ds:SignedInfo>)/, () => digest);
    answers.push((await post(signedBy(mallory, other))).status);
  }
  expect(answers.length).toBe(101 - Object.keys(changes).length);
  expect(answers.at(-1)).toBe(503);
  expect(loggedReasons(node.lines).at(-1)).toBe('unproven-messages-of-address');
});
