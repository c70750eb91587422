import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currentContext } from '../../src/server/current-context.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { runWcf, wcfPeerIsThere } from './wcf-peer.ts';

/** Conversations of WCF's client at the ports of a policy that WCF itself published. */
const folder = mkdtempSync(join(tmpdir(), 'wcf-sessions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const operations = {
  Echo: ({ text }: { text: string }) => ({ text }),
  WhoAmI() {
    const { user: name, roles, node, id } = currentContext();
    return { user: name, role: roles, contextId: id, node, openedFrom: 'none' };
  },
};

describe.runIf(wcfPeerIsThere)('a WCF client with a secure session', () => {
  const bindings = [
    { binding: 'ws', name: 'WSHttpBinding' },
    { binding: 'ws2007', name: 'WS2007HttpBinding' },
  ] as const;
  const kinds = [
    { port: 'EchoPortType', suite: 'basic256', credential: 'username' },
    { port: 'EchoPortType2', suite: 'basic256sha256', credential: 'username' },
    { port: 'EchoPortType4', suite: 'basic256', credential: 'certificate' },
    { port: 'EchoPortType6', suite: 'basic256sha256', credential: 'certificate' },
  ] as const;
  const ports = bindings.flatMap(({ binding, name }) =>
    kinds.map(kind => ({ ...kind, binding, port: `${name}_${kind.port}` })),
  );
  const contextModes = [
    { mode: 'session', modeWords: [] },
    { mode: 'cookie', modeWords: ['--cookie'] },
  ] as const;
  const rows = ports.flatMap(port => contextModes.map(mode => ({ ...port, ...mode })));
  const pfx = join(folder, 'alice.pfx');
  const ca = join(folder, 'ca.pem');
  let node: ListeningNode;

  beforeAll(async () => {
    const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
    const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
    const both = join(folder, 'alice.pem');
    writeFileSync(ca, pem.ca.certificate);
    writeFileSync(both, alice.pem + alice.key, { mode: 0o600 });
    execFileSync('openssl', ['pkcs12', '-export', '-in', both, '-out', pfx, '-passout', 'pass:changeit']);
    node = await listen({
      wsdl: resolve('test/vectors/wsdl/wcf/service.wsdl'),
      services: { EchoService: Object.fromEntries(ports.map(({ port }) => [port, operations])) },
      ports: Object.fromEntries(ports.map(({ port }) => [port, {}])),
      paths: 'port',
      trust: authority.pem,
    });
  });
  afterAll(() => node.close());

  const wordsOf = ({ port, binding, suite, credential, modeWords }: (typeof rows)[number]) => [
    ...['call', '--address', `https://localhost:${node.https}/${port}`, '--binding', binding, '--suite', suite],
    ...['--ca', ca, '--operation', 'whoami', '--credential', credential, ...modeWords],
    ...(credential === 'username'
      ? ['--user', user.username, '--password', user.password]
      : ['--client-cert', pfx, '--client-cert-password', 'changeit']),
  ];

  test.each(rows)('opens, calls and closes: $binding, $credential, $suite, $mode', async row => {
    const { code, steps } = await runWcf([...wordsOf(row), '--calls', '3']);
    expect(steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(steps.map(({ step }) => step)).toEqual(['open', 'call 1', 'call 2', 'call 3', 'close']);
    expect(steps[1]?.text).toContain(row.credential === 'username' ? user.username : 'CN=alice');
    expect(code).toBe(0);
  });
});
