import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { runInProcess } from './in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'call-faults-'));
let node: ListeningNode;
/** What the operation throws. */
let fault: object;

const operations = {
  Echo() {
    throw { Fault: fault };
  },
};

beforeAll(async () => {
  writeFileSync(join(folder, 'ca.pem'), pem.ca.certificate);
  writeFileSync(join(folder, 'service.pem'), pem.service.certificate);
  const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
  node = await listen({ services: { EchoService: ports } });
});
beforeEach(() => {
  fault = {};
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

function run(command: string, port: string, ...more: readonly string[]) {
  const of = ['--wsdl', wsdl, '--port', port, '--ca', 'ca.pem', '--service-certificate', 'service.pem'];
  const words = [command, ...of, '--user', user.username, '--password-stdin', ...more];
  return runInProcess(words, folder, `${user.password}\n`);
}

const call = (port: string) => run('call', port, '--address', node.address(port), 'Echo', '{"text":"x"}');

describe.each(portNames)('a fault of the service on %s', port => {
  test.each<[string, object, string]>([
    ['a text', { Detail: 'row <17> & more' }, 'row <17> & more'],
    ['a text of SOAP 1.1', { detail: 'row 17' }, 'row 17'],
    ['an object', { Detail: { row: 17 } }, '{"row":17}'],
    ['what does not print', { Detail: 'a\u202eb' }, 'a\u202eb'],
  ])('is printed with its detail: %s', async (_, given, detail) => {
    fault = { Code: { Value: 'Sender' }, Reason: { Text: 'no such text' }, ...given };
    const { status, stdout, stderr } = await call(port);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({ code: 'Sender', reason: 'no such text', detail: { detail } });
    expect(stderr).toMatch(/^[ -~]*\n$/);
  });

  test('without a detail has none in print', async () => {
    fault = { Code: { Value: 'Sender' }, Reason: { Text: 'no such text' } };
    expect(await call(port)).toEqual({
      status: 2,
      stdout: '',
      stderr: '{"code":"Sender","reason":"no such text"}\n',
    });
  });

  test('ends wssc load, where it answers the first call, with the exit code of wssc call', async () => {
    const { status, stdout } = await run('load', port, '--nodes', node.address(port), '--duration', '100ms');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
