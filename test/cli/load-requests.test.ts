import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { runInProcess } from './in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'load-requests-'));
const plainWsdl = resolve('wsdl/plain.wsdl');
let node: ListeningNode;
let plain: ListeningNode;
/** What the operations were given. */
const heard: { a?: number; b?: number; text?: string }[] = [];

const operations = {
  Add(sum: { a: number; b: number }) {
    heard.push(sum);
    return { sum: sum.a + sum.b };
  },
  Echo(given: { text: string }) {
    heard.push(given);
    return given;
  },
};

const files = {
  'ca.pem': pem.ca.certificate,
  'service.pem': pem.service.certificate,
  'add.json': '{"a":"{{counter}}","b":"{{random 5-5}}"}',
  'add.xml': '<?xml version="1.0"?>\n<q:Add xmlns:q="NAMESPACE"><q:a>{{counter}}</q:a><q:b>7</q:b></q:Add>\n',
  'other.xml': '<Other/>',
  'echo.xml': '<q:Echo xmlns:q="NAMESPACE"><q:text>x</q:text></q:Echo>',
  'broken.xml': '<q:Add>',
};

beforeAll(async () => {
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text.replace('NAMESPACE', 'urn:soap-secure-conversation:echo'));
  const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
  node = await listen({ services: { EchoService: ports } });
  plain = await listen({
    wsdl: plainWsdl,
    services: { PlainService: { PasswordTls: operations, PasswordMessage: operations } },
    ports: { PasswordTls: {}, PasswordMessage: {} },
  });
});
afterAll(async () => {
  await Promise.all([node.close(), plain.close()]);
  rmSync(folder, { recursive: true });
});

function load(of: string, port: string, at: ListeningNode, ...more: readonly string[]) {
  heard.length = 0;
  const service = ['--wsdl', of, '--port', port, '--ca', 'ca.pem', '--service-certificate', 'service.pem'];
  const how = ['--nodes', at.address(port), '--conversations', '2', '--concurrency', '1', '--duration', '100ms'];
  const words = ['load', ...service, ...how, '--json', '--user', user.username, '--password-stdin', ...more];
  return runInProcess(words, folder, `${user.password}\n`);
}

describe.each(portNames)('the operation that is named, on %s', port => {
  test.each([
    ['JSON', ['--body', files['add.json']], 5],
    ['a file of JSON', ['--body-file', 'add.json'], 5],
    ['a file of XML', ['--body-file', 'add.xml'], 7],
  ])('is called with a body of %s, whose fields are filled anew for each call', async (_, body, b) => {
    const { status, stdout } = await load(wsdl, port, node, '--operation', 'Add', ...body);
    expect(status).toBe(0);
    const { calls, failed } = JSON.parse(stdout);
    expect(failed).toBe(0);
    // One call opens each conversation.
    expect(calls).toBe(heard.length - 2);
    expect(heard.map(({ a }) => a).sort((one, other) => Number(one) - Number(other))).toEqual(
      heard.map((_, i) => i + 1),
    );
    expect(new Set(heard.map(sum => sum.b))).toEqual(new Set([b]));
  });
});

test.each(['PasswordTls', 'PasswordMessage'])('a port without a conversation is called too: %s', async port => {
  const body = ['--operation', 'Echo', '--body', '{"text":"{{uuid}}"}'];
  const { status, stdout } = await load(plainWsdl, port, plain, ...body);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ port, conversations: 0, failed: 0 });
  expect(new Set(heard.map(({ text }) => text)).size).toBe(heard.length);
});

test.each([
  ['other.xml', /^wssc: other\.xml: operation Add takes one element Add of the namespace urn:\S+, not Other\n$/],
  ['echo.xml', /^wssc: echo\.xml: operation Add takes one element Add of the namespace urn:\S+, not q:Echo\n$/],
  ['broken.xml', /^wssc: the arguments can't be written as XML \(/],
])('a file that is no body of the operation is refused before anything is sent: %s', async (file, said) => {
  const { status, stdout, stderr } = await load(wsdl, 'EchoTls13', node, '--operation', 'Add', '--body-file', file);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(said);
  expect(heard).toEqual([]);
});
