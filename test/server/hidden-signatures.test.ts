import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { variantFile } from '../support/variants.ts';

/** EchoSymmetric with its signatures encrypted, in the bootstrap too. */
const folder = mkdtempSync(join(tmpdir(), 'hidden-signatures-'));
const whole = '<sp:OnlySignEntireHeadersAndBody/>';
const wsdl = variantFile(folder, { soap: '1.2', addressing: '1.0' }, text =>
  text.replaceAll(whole, `<sp:EncryptSignature/>${whole}`),
);
let node: ListeningNode;

beforeAll(async () => {
  node = await listen({ wsdl, ports: { EchoSymmetric: {} } });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

/** Begins a conversation, and gives the messages that were sent in it: an RST and a call. */
async function conversed(): Promise<readonly [rst: string, call: string]> {
  const sent: WireExchange[] = [];
  const client = await createClientAsync(wsdl);
  const conversation = secureConversation(client, {
    port: 'EchoSymmetric',
    ...user,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address('EchoSymmetric')],
    trace: exchange => void sent.push(exchange),
  });
  client.setSecurity(conversation);
  const [answer] = await client.EchoAsync({ text: 'ä' });
  expect(answer).toEqual({ text: 'ä' });
  const [rst, call] = sent.map(exchange => exchange.request);
  if (rst === undefined || call === undefined) throw new Error('nothing was sent');
  for (const message of [rst, call]) expect(message).not.toContain('SignatureValue');
  return [rst, call];
}

interface Answered {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
  readonly ms: number;
}

function post(message: string): Promise<Answered> {
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/soap+xml', connection: 'keep-alive' };
    const sent = request(node.address('EchoSymmetric'), { method: 'POST', headers }, response => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        const { statusCode: status } = response;
        resolve({ status, connection: response.headers.connection, body, ms: performance.now() - beganMs });
      });
    });
    sent.on('error', reject).end(message);
  });
}

/** Changes an octet of the ciphertext of a signature: the last EncryptedData of the header. */
const flipped = (message: string, place: (length: number) => number) =>
  message.replace(/(?<=Id="EDs0-.*?<e:CipherValue>)[^<]*/, value => {
    const bytes = Buffer.from(value, 'base64');
    const at = place(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    return bytes.toString('base64');
  });

const last = (text: string, pattern: RegExp, change: (found: string) => string) => {
  const [first = ''] = text.match(pattern) ?? [];
  return text.replace(first, change(first));
};

const bodyText = /(?<=Id="EDb-.*<e:CipherValue>)[^<]*/;

/** What is wrong with a message, and what the log calls it. */
const failures: Readonly<Record<string, readonly [spoil: (message: string) => string, reason: string]>> = {
  'the padding is wrong': [message => flipped(message, length => length - 17), 'decryption'],
  'what comes out is no text': [message => flipped(message, () => 40), 'decryption'],
  'what comes out is no element': [message => flipped(message, () => 0), 'decryption'],
  'what comes out is no signature': [
    message => message.replace(/(?<=Id="EDs0-.*?<e:CipherValue>)[^<]*/, bodyText.exec(message)?.[0] ?? ''),
    'signature-count',
  ],
  'the HMAC is wrong': [
    message => last(message, /(?<=<c:Nonce>)[^<]*/, nonce => `${nonce.startsWith('A') ? 'B' : 'A'}${nonce.slice(1)}`),
    'signature-value',
  ],
  'a digest is wrong': [message => message.replace(/(?<=<u:Created>.*?\.)\d{3}/, '000'), 'digest'],
  'it was sent before': [message => message, 'replay'],
};

describe.each(['an RST', 'a call'])('%s with an encrypted signature', kind => {
  test('has one answer whatever is wrong with it, at one time, and the connection ends', async () => {
    const [rst, call] = await conversed();
    const message = kind === 'a call' ? call : rst;
    const before = loggedReasons(node.lines).length;
    const answers: Answered[] = [];
    for (const [spoil] of Object.values(failures)) answers.push(await post(spoil(message)));
    expect(new Set(answers.map(({ status, connection, body }) => `${status} ${connection} ${body}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 500, connection: 'close' });
    expect(answers[0]?.body).toContain('FailedCheck');
    for (const { ms } of answers) expect(ms).toBeGreaterThanOrEqual(12);
    expect(loggedReasons(node.lines).slice(before)).toEqual(Object.values(failures).map(([, reason]) => reason));
    expect(node.calls.length).toBeLessThan(4);
  });
});

test('an address with a hundred such failures has to wait, and is told so', async () => {
  const [, call] = await conversed();
  const answers: number[] = [];
  while (answers.length < 200 && !answers.includes(503)) answers.push((await post(call)).status ?? 0);
  expect(answers.length).toBe(101 - 2 * Object.keys(failures).length);
  expect(loggedReasons(node.lines).at(-1)).toBe('unproven-messages-of-address');
});
