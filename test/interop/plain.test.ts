import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currentContext } from '../../src/server/current-context.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { runWcf, wcfPeerIsThere } from './wcf-peer.ts';

/** Strangers at ports without a conversation. */
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'plain-'));
afterAll(() => rmSync(folder, { recursive: true }));
const ca = join(folder, 'ca.pem');
writeFileSync(ca, pem.ca.certificate);

const operations = {
  Echo: ({ text }: { text: string }) => ({ text }),
  WhoAmI() {
    const { user: name, roles, node } = currentContext();
    return { user: name, role: roles, contextId: 'none', node, openedFrom: 'none' };
  },
};
const served = (service: string, ports: readonly string[]) => ({
  services: { [service]: Object.fromEntries(ports.map(port => [port, operations])) },
  ports: Object.fromEntries(ports.map(port => [port, {}])),
  paths: 'port' as const,
});

describe.runIf(wcfPeerIsThere)('a WCF client without a secure session', () => {
  const rows = [
    { port: 'WSHttpBinding_EchoPortType1', binding: 'ws', suite: 'basic256', credential: 'username' },
    { port: 'WSHttpBinding_EchoPortType3', binding: 'ws', suite: 'basic256sha256', credential: 'username' },
    { port: 'WSHttpBinding_EchoPortType5', binding: 'ws', suite: 'basic256', credential: 'certificate' },
    { port: 'WSHttpBinding_EchoPortType7', binding: 'ws', suite: 'basic256sha256', credential: 'certificate' },
    { port: 'WS2007HttpBinding_EchoPortType1', binding: 'ws2007', suite: 'basic256', credential: 'username' },
    { port: 'WS2007HttpBinding_EchoPortType3', binding: 'ws2007', suite: 'basic256sha256', credential: 'username' },
    { port: 'WS2007HttpBinding_EchoPortType5', binding: 'ws2007', suite: 'basic256', credential: 'certificate' },
    { port: 'WS2007HttpBinding_EchoPortType7', binding: 'ws2007', suite: 'basic256sha256', credential: 'certificate' },
  ] as const;
  const pfx = join(folder, 'alice.pfx');
  let node: ListeningNode;

  beforeAll(async () => {
    const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
    const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
    const both = join(folder, 'alice.pem');
    writeFileSync(both, alice.pem + alice.key, { mode: 0o600 });
    execFileSync('openssl', ['pkcs12', '-export', '-in', both, '-out', pfx, '-passout', 'pass:changeit']);
    const wsdl = resolve('test/vectors/wsdl/wcf/service.wsdl');
    node = await listen({
      wsdl,
      ...served(
        'EchoService',
        rows.map(({ port }) => port),
      ),
      trust: authority.pem,
    });
  });
  afterAll(() => node.close());

  const wordsOf = ({ port, binding, suite, credential }: (typeof rows)[number], password: string = user.password) => [
    ...['call', '--address', `https://localhost:${node.https}/${port}`, '--binding', binding, '--suite', suite],
    ...['--session', 'false', '--ca', ca, '--operation', 'whoami', '--credential', credential],
    ...(credential === 'username'
      ? ['--user', user.username, '--password', password]
      : ['--client-cert', pfx, '--client-cert-password', 'changeit']),
  ];

  test.each(rows)('is answered at each call: $binding, $credential, $suite', async row => {
    const { code, steps } = await runWcf([...wordsOf(row), '--calls', '3']);
    expect(steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(steps.map(({ step }) => step)).toEqual(['open', 'call 1', 'call 2', 'call 3', 'close']);
    expect(steps[1]?.text).toContain(row.credential === 'username' ? user.username : 'CN=alice');
    expect(code).toBe(0);
  });

  test('with a wrong password gets FailedAuthentication', async () => {
    const { code, steps } = await runWcf([...wordsOf(rows[0], 'wrong'), '--expect', 'FailedAuthentication']);
    expect(steps.at(-1)).toMatchObject({ ok: false, fault: { subcode: 'FailedAuthentication' } });
    expect(code).toBe(0);
  });
});

describe("Python's zeep with a password over TLS", () => {
  /** The system's own, which has Debian's package `python3-zeep`. */
  const python = '/usr/bin/python3';
  let node: ListeningNode;

  beforeAll(async () => {
    node = await listen({ wsdl: resolve('wsdl/plain.wsdl'), ...served('PlainService', ['PasswordTls']) });
  });
  afterAll(() => node.close());

  test.each([
    ['is answered', 'text', user.password, 'answered hällo', []],
    [
      'is refused with a wrong password',
      'text',
      'wrong',
      'fault At least one security token in the message could not be validated.',
      ['user-or-password'],
    ],
    [
      'is refused with a digest of it',
      'digest',
      user.password,
      'fault An error occurred when verifying security for the message.',
      ['password-type'],
    ],
  ])('%s', async (_law, kind, password, says, reasons) => {
    node.lines.length = 0;
    const words = [`https://localhost:${node.https}/PasswordTls`, ca, user.username, password, kind, 'hällo'];
    const { stdout } = await run(python, ['-W', 'ignore', 'test/interop/zeep-client.py', ...words]);
    expect(stdout.trim()).toBe(says);
    expect(loggedReasons(node.lines)).toEqual(reasons);
  });
});
