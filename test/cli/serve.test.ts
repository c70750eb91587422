import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mainProgram, newData, removeFolders, wssc } from '../farm/running-farm.ts';

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));

let data = '';
let node: ChildProcess;
const bases: Record<string, string> = {};

beforeAll(async () => {
  data = await newData();
  copyFileSync(wsdl, join(data, 'echo.wsdl'));
  const config = {
    wsdl: './echo.wsdl',
    service,
    users: 'users.json',
    ring: 'ring.json',
    certificate: 'service.pem',
    key: 'service-key.pem',
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
    lifetimeS: 600,
    ports: { EchoTls13: {}, EchoSymmetric: { lifetimeS: 60 } },
    limits: { maxBytes: 200_000 },
  };
  writeFileSync(join(data, 'node.json'), JSON.stringify(config));
  node = spawn(
    process.execPath,
    [mainProgram, 'serve', '--config', join(data, 'node.json'), '--http', '0', '--https', '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (node.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: node.stdout })) {
    const [, base = '', scheme = ''] = /^listening on ((https?):\/\/localhost:\d+)$/.exec(line) ?? [];
    bases[scheme] = base;
    if (bases.http && bases.https) break;
  }
});

afterAll(() => {
  node.kill('SIGKILL');
  removeFolders();
});

function call(
  port: string,
  scheme: string,
  words: readonly string[],
  input = readFileSync(join(data, 'demo-password'), 'utf8'),
) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...[
        mainProgram,
        'call',
        '--wsdl',
        `${bases[scheme]}/?wsdl`,
        '--port',
        port,
        '--user',
        'demo',
        '--password-stdin',
      ],
      ...['--ca', join(data, 'ca.pem'), '--service-certificate', join(data, 'service.pem'), ...words],
    ],
    { encoding: 'utf8', input },
  );
  return { status, stdout, stderr };
}

describe('wssc serve, as one node with paths relative to its configuration', () => {
  test.each([
    ['EchoTls13', 'https'],
    ['EchoSymmetric', 'http'],
  ])('wssc call prints the result of %s as JSON', (port, scheme) => {
    expect(call(port, scheme, ['Echo', '{"text":"héllo <&>"}'])).toEqual({
      status: 0,
      stdout: '{"text":"héllo <&>"}\n',
      stderr: '',
    });
    expect(call(port, scheme, ['Add', '{"a":2,"b":40}']).stdout).toBe('{"sum":42}\n');
    expect(JSON.parse(call(port, scheme, ['WhoAmI']).stdout)).toMatchObject({
      user: 'demo',
      role: ['reader'],
      openedFrom: 'issued',
    });
  });

  test('a wrong password is a fault: {code, reason} on standard error, exit code 2', () => {
    const { status, stdout, stderr } = call('EchoTls13', 'https', ['WhoAmI'], 'wrong\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({ code: 'FailedAuthentication', reason: expect.any(String) });
  });

  test('a certificate that nobody vouches for is no answer, exit code 3', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        mainProgram,
        'call',
        '--wsdl',
        `${bases.https}/?wsdl`,
        '--port',
        'EchoTls13',
        '--user',
        'demo',
        '--password-stdin',
        'WhoAmI',
      ],
      { encoding: 'utf8', input: 'x\n' },
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/\nhint: give the CA that signed its certificate with --ca FILE\n$/);
  });

  test('a port that the configuration leaves out is not served', () => {
    expect(call('EchoTls11', 'https', ['WhoAmI']).status).not.toBe(0);
  });

  test('SIGTERM ends it with exit code 0', async () => {
    node.kill('SIGTERM');
    const [code] = await once(node, 'exit');
    expect(code).toBe(0);
  });
});

test('wssc policy explain prints each port once', () => {
  const { status, stdout } = wssc('policy', 'explain', wsdl);
  expect(status).toBe(0);
  expect(stdout.match(/^port Echo\w+ /gm)).toEqual(['port EchoTls11 ', 'port EchoTls13 ', 'port EchoSymmetric ']);
});
