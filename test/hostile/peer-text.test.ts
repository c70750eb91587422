import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PeerFault } from '../../src/client/peer-fault.ts';
import { dialects, ns } from '../../src/names.ts';
import { runInProcess } from '../cli/in-process.ts';
import { startService } from '../oauth/service.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { type Conversation, call, converse, echoContent } from '../support/initiator.ts';
import { notedService, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { raw, request } from '../support/raw.ts';

/** What a terminal obeys, or shows in another order, as far as XML can hold it; and much of it. */
const evil = `evil\u009b2J\u202e\u0085${'x'.repeat(100_000)}`;
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)]);
}

function expectBounded(lines: readonly string[]): void {
  for (const line of lines) {
    expect(line.trimEnd()).not.toMatch(unprintable);
    for (const text of textsIn(JSON.parse(line))) expect(text.length).toBeLessThanOrEqual(256);
  }
}

describe('what an operation throws may quote its arguments: the log does so in 256 characters', () => {
  let node: ListeningNode;
  let conversation: Conversation;
  let thrown: (text: string) => unknown;
  const post = async (message: string) => {
    const octets = request(
      'POST /EchoSymmetric',
      [
        'Host: localhost',
        'Connection: close',
        'Content-Type: application/soap+xml',
        `Content-Length: ${Buffer.byteLength(message)}`,
      ],
      message,
    );
    const { text } = await raw(node.http, octets);
    return { body: text.slice(text.indexOf('\r\n\r\n') + 4) };
  };

  beforeAll(async () => {
    const services = notedService([], ({ text }) => {
      throw thrown(text);
    });
    node = await listen({ services });
    conversation = await converse('EchoSymmetric', post);
  });
  afterAll(() => node.close());
  beforeEach(() => {
    node.lines.length = 0;
  });

  test.each<[string, (text: string) => unknown]>([
    ['an error', text => new Error(`no ${text}`)],
    ['an error of an error', text => new Error('no', { cause: new Error(text) })],
    [
      'an error with fields',
      text => Object.assign(new Error('no'), { text, list: Array.from({ length: 100 }, () => text) }),
    ],
    ['a fault', text => ({ Fault: { Code: { Value: 'soap:Sender' }, Reason: { Text: text } } })],
    ['a text', text => text],
  ])('%s', async (_, make) => {
    thrown = make;
    await post(call(conversation, { content: echoContent(evil) }));
    expect(node.lines).toHaveLength(1);
    expectBounded(node.lines);
    expect(node.lines[0]).toContain('evil');
    expect(node.lines[0]?.length).toBeLessThan(20_000);
  });

  test('an error of 256 characters whole, one of 257 cut off', async () => {
    const messages: unknown[] = [];
    for (const chars of [256, 257]) {
      thrown = () => new Error('x'.repeat(chars));
      await post(call(conversation));
      messages.push(JSON.parse(node.lines.at(-1) ?? '').err.message);
    }
    expect(messages).toEqual(['x'.repeat(256), `${'x'.repeat(255)}…`]);
  });
});

test('a path that a token service does not know is in its log in 256 characters', async () => {
  const service = await startService({ dangerouslyAllowHttp: false });
  const answer = await service.post(`/${'x'.repeat(10_000)}`, {});
  expect(answer.status).toBe(403);
  expectBounded(service.lines);
  expect(JSON.parse(service.lines[0] ?? '').path).toBe(`/${'x'.repeat(254)}…`);
});

const fault = (subcode: string, reason: string) =>
  `<s:Envelope xmlns:s="${ns.soap12}"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>` +
  `<s:Subcode><s:Value xmlns:f="urn:f">f:${subcode}</s:Value></s:Subcode></s:Code>` +
  `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`;

test('the error of an unsecured fault quotes it in what prints, and in 256 characters', () => {
  const errorOf = (local: string, reason: string) =>
    new PeerFault(
      {
        code: { namespace: ns.soap12, local: 'Sender' },
        subcode: { namespace: 'urn:f', local },
        reason,
      },
      dialects['200512'].wsc,
    );
  expect(errorOf('x', 'y'.repeat(256)).reason).toBe('y'.repeat(256));
  expect(errorOf('x', 'y'.repeat(257)).reason).toBe(`${'y'.repeat(255)}…`);
  const { message, reason } = errorOf(evil, `\x1b[2J${evil}`);
  for (const text of [message, reason]) expect(text).not.toMatch(unprintable);
  expect(message).toMatch(/^the service answered with an unsecured fault: \{urn:f\}evil.*…$/);
  expect(message.length).toBeLessThan(320);
});

describe('wssc', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peer-text-'));
  const certificate = join(folder, 'service.pem');
  let answer = '';
  let status = 500;
  const server = createServer((received, response) => {
    received
      .resume()
      .on('end', () => response.writeHead(status, { 'Content-Type': 'application/soap+xml' }).end(answer));
  });
  beforeAll(async () => {
    writeFileSync(certificate, pem.service.certificate);
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  });
  afterAll(() => {
    server.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  /** Runs a command against a service that answers everything alike. */
  async function run(words: readonly string[]) {
    const { status: code, ...said } = await runInProcess(words, '.', 'secret\n');
    return { code, ...said };
  }
  const base = () => `http://localhost:${(server.address() as AddressInfo).port}/EchoSymmetric`;
  const port = ['--wsdl', wsdl, '--port', 'EchoSymmetric', '--user', 'demo', '--password-stdin'];
  const callEcho = (...more: string[]) =>
    run(['call', ...port, '--service-certificate', certificate, '--address', base(), ...more, 'WhoAmI']);

  test('call says a fault in a short line of what prints', async () => {
    answer = fault(evil.slice(0, 5_000), evil);
    const { code, stderr } = await callEcho();
    expect(code).toBe(2);
    expect(stderr.length).toBeLessThan(1_000);
    const [line = '', ...ours] = stderr.trimEnd().split('\n');
    expect(line).not.toMatch(unprintable);
    expect(ours).toEqual([expect.stringMatching(/^hint: see whether serviceCertificate is /)]);
    const { code: faultCode, reason } = JSON.parse(line);
    for (const text of [faultCode, reason]) {
      expect(text).toMatch(/^evil\\u\{9b\}2J\\u\{202e\}/);
      expect(text).toHaveLength(256);
    }
  });

  test('load says it in its report in a short word', async () => {
    answer = fault(evil.slice(0, 5_000), evil);
    const { code, stderr } = await run([
      'load',
      ...port,
      '--service-certificate',
      certificate,
      '--nodes',
      base(),
      '--duration',
      '1s',
    ]);
    expect(code).not.toBe(0);
    expect(stderr.length).toBeLessThan(1_500);
    for (const line of stderr.split('\n')) expect(line).not.toMatch(unprintable);
  });

  test('call with --debug says no more than lines of what prints', async () => {
    [status, answer] = [200, `<${evil}`];
    const { code, stderr } = await callEcho('--debug');
    status = 500;
    expect(code).toBe(3);
    expect(stderr.length).toBeLessThan(20_000);
    for (const line of stderr.split('\n')) expect(line).not.toMatch(unprintable);
  });
});
