import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, loopbackHosts } from '../../src/farm/ports.ts';
import { mainProgram, wssc } from '../farm/running-farm.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { heardAt } from '../support/heard.ts';
import { spawn } from '../support/started.ts';

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));

/** Which option names the node to call. */
const addressOption: Readonly<Record<string, string>> = { call: '--address', load: '--nodes' };

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

/** The first lines of another node of the same configuration, which lives until `during` is over. */
async function linesOf(
  words: readonly string[],
  count: number,
  during: (lines: readonly string[]) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const config = words.includes('--config') ? [] : ['--config', join(data, 'node.json')];
  const other = spawn(process.execPath, [mainProgram, 'serve', ...config, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines: string[] = [];
    for await (const line of createInterface({ input: other.stdout })) if (lines.push(line) === count) break;
    await during(lines);
    return lines;
  } finally {
    other.kill('SIGKILL');
  }
}

/** What another node says that does not start. */
function startsNot(config: string, words: readonly string[] = []): string {
  const argv = [mainProgram, 'serve', '--config', join(data, config), '--http', '0', ...words];
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect(status).toBe(1);
  return stderr;
}

const tlsPem = () => join(data, 'tls.pem');

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

  test('a wrong password is a fault: {code, reason} on standard error and what to do, exit code 2', () => {
    const { status, stdout, stderr } = call('EchoTls13', 'https', ['WhoAmI'], 'wrong\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const [fault = '', ...more] = stderr.split('\n');
    expect(JSON.parse(fault)).toEqual({ code: 'FailedAuthentication', reason: expect.any(String) });
    expect(more).toEqual(['hint: see whether user name and password are right', '']);
  });

  test('a wrong service certificate is a fault, and what to do, exit code 2', () => {
    const { status, stdout, stderr } = call('EchoSymmetric', 'http', ['--service-certificate', tlsPem(), 'WhoAmI']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^\{"code":"\w+","reason":"[^"]*"\}\nhint: see whether serviceCertificate is the service's present certificate, /,
    );
  });

  test('a wrong password ends wssc load with the exit code of wssc call, and says what to do', () => {
    const load = ['--nodes', bases.https ?? '', '--conversations', '1', '--duration', '100ms'];
    const of = ['--wsdl', wsdl, '--port', 'EchoTls13', '--ca', join(data, 'ca.pem'), '--user', 'demo'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [mainProgram, 'load', ...of, '--password-stdin', ...load],
      { encoding: 'utf8', input: 'wrong\n' },
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/FailedAuthentication\nhint: see whether user name and password are right\n$/);
  });

  test.each([
    ['Add', '{"a":"x","b":1}', 'a must be a whole number from -2147483648 to 2147483647'],
    ['Add', '{"a":2147483648,"b":1}', 'a must be a whole number from -2147483648 to 2147483647'],
    ['Echo', '{"text":null}', 'text must be one text'],
    ['Echo', '{}', 'text must be one text'],
  ])('arguments that the example service can not take are a fault of the sender: %s %s', (operation, json, reason) => {
    const { status, stdout, stderr } = call('EchoSymmetric', 'http', [operation, json]);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `${JSON.stringify({ code: 'Sender', reason })}\n`,
    });
  });

  test.each([
    ['call', 'the service', ['WhoAmI']],
    ['call', 'a file', ['WhoAmI']],
    ['load', 'a file', ['--conversations', '1', '--duration', '100ms']],
  ])(
    'a certificate that nobody vouches for is no answer to wssc %s with the WSDL from %s, exit code 3',
    (command, from, words) => {
      const ours =
        from === 'the service'
          ? ['--wsdl', `${bases.https}/?wsdl`]
          : ['--wsdl', wsdl, addressOption[command] ?? '', bases.https ?? ''];
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [mainProgram, command, ...ours, '--port', 'EchoTls13', '--user', 'demo', '--password-stdin', ...words],
        { encoding: 'utf8', input: 'x\n' },
      );
      expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
      const [what, hint, ...more] = stderr.split('\n');
      expect(what).toMatch(
        /^wssc: https:\S+: no answer \(the service's TLS certificate is signed by no CA that is trusted here\)$/,
      );
      expect([hint, ...more]).toEqual(['hint: give the CA that signed its certificate with --ca FILE', '']);
    },
  );

  test.each<[string, (free: number, busy: number) => readonly [http: number, https: number]]>([
    ['--http', (free, busy) => [busy, free]],
    ['--https', (free, busy) => [free, busy]],
    ['--https, which is --http', free => [free, free]],
  ])('a second node whose TCP port is taken ends with one sentence: %s', async (_, ports) => {
    const busy = Number(new URL(bases.https ?? '').port);
    const [http, https] = ports(await freePort(loopbackHosts()), busy);
    const words = ['serve', '--config', join(data, 'node.json'), '--http', `${http}`, '--https', `${https}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, [mainProgram, ...words], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr:
        `wssc: TCP port ${http === busy ? http : https} is in use already\n` +
        'hint: choose another one, or 0 for any free one\n',
    });
  });

  test('a node says where each of its ports is', async () => {
    const lines = await linesOf(['--http', '0', '--https', '0'], 5);
    const [http, https] = lines.slice(1, 3).map(line => line.replace('listening on ', ''));
    expect(lines.slice(3)).toEqual([
      `EchoTls13      ${https}/EchoTls13`,
      `EchoSymmetric  ${http}/EchoSymmetric  ${https}/EchoSymmetric`,
    ]);
  });

  test('a node listens at this machine’s loopback addresses, and elsewhere where it is told to', async () => {
    const own = Number(new URL(bases.https ?? '').port);
    expect(await heardAt(own)).toEqual([true, false]);
    const [, line = ''] = await linesOf(['--http', '0', '--host', '127.0.0.2'], 2, async ([, said = '']) => {
      const port = Number(new URL(said.replace('listening on ', '')).port);
      expect(await heardAt(port)).toEqual([false, true]);
    });
    expect(line).toMatch(/^listening on http:\/\/127\.0\.0\.2:\d+$/);
  });

  test('a node has the name, and its ports the paths, that it is told', async () => {
    const file = join(data, 'elsewhere.json');
    const config = JSON.parse(readFileSync(join(data, 'node.json'), 'utf8'));
    const text = readFileSync(wsdl, 'utf8').replaceAll(/location="[^"]*"/g, 'location="REPLACE_WITH_ACTUAL_URL"');
    writeFileSync(join(data, 'elsewhere.wsdl'), text);
    writeFileSync(file, JSON.stringify({ ...config, wsdl: 'elsewhere.wsdl' }));
    const words = ['--config', file, '--https', '0', '--node', 'green', '--paths', 'port'];
    const lines = await linesOf(words, 4, async ([, said = '']) => {
      const base = said.replace('listening on ', '');
      const called = call('EchoTls13', 'https', ['WhoAmI', '--wsdl', `${base}/?wsdl`]);
      expect(JSON.parse(called.stdout)).toMatchObject({ user: 'demo', node: 'green' });
    });
    expect(lines[2]).toMatch(/^EchoTls13 {6}https:\/\/localhost:\d+\/EchoTls13$/);
    const refused = spawnSync(process.execPath, [mainProgram, 'serve', '--config', file, '--https', '0'], {
      encoding: 'utf8',
    });
    expect(refused.stderr).toContain('"REPLACE_WITH_ACTUAL_URL" in the WSDL, which is no http or https address');
    expect(refused.stderr).toContain('--paths port');
    expect(refused.status).toBe(1);
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

describe('a WSDL of which one port can not be served', () => {
  const refused = /TripleDes is not implemented\n {4}→ choose another suite, such as Basic256Sha256 or Basic256\n/;

  beforeAll(() => {
    const text = readFileSync(wsdl, 'utf8').replace(/<sp:Basic\w+\/>/, '<sp:TripleDes/>');
    writeFileSync(join(data, 'partly.wsdl'), text);
    const { ports: _, ...config } = JSON.parse(readFileSync(join(data, 'node.json'), 'utf8'));
    writeFileSync(join(data, 'partly.json'), JSON.stringify({ ...config, wsdl: 'partly.wsdl' }));
  });

  test('is not served, and says of each such port all that is wrong, and how to leave it out', () => {
    const stderr = startsNot('partly.json');
    expect(stderr).toMatch(/^port EchoTls11: refused\n {2}.*\/partly\.wsdl:\d+: .*TripleDes/);
    expect(stderr).toMatch(refused);
    expect(stderr).toMatch(/\nwssc: .*\/partly\.wsdl:\d+: .*TripleDes is not implemented \(port EchoTls11\)\nhint: .*/);
    expect(stderr).toMatch(/leave out what can't be served \(EchoTls11\): skipUnsupported, --skip-unsupported\n$/);
  });

  test('is served without it where the user says so, and says what was left out', async () => {
    const words = ['--config', join(data, 'partly.json'), '--skip-unsupported', '--http', '0', '--https', '0'];
    const lines = await linesOf(words, 8);
    expect(lines[3]).toMatch(/^EchoTls13 {6}https:/);
    expect(lines[4]).toMatch(/^EchoSymmetric {2}http:/);
    expect(lines[5]).toBe('port EchoTls11: not served');
    expect(`${lines.slice(6).join('\n')}\n`).toMatch(refused);
  });
});
