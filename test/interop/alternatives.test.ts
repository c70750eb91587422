import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { makeCertificates } from './certificate-files.ts';
import { runPingClient } from './cxf-peer.ts';

/**
 * CXF's clients at ports of ours that take either of two policies: each client knows one of them, or both and chooses
 * itself.
 */
const wsdls = resolve('test/interop/wsdl');
const user = 'alice';
const password = 'ecila';
const folder = mkdtempSync(join(tmpdir(), 'wssc-alternatives-'));
let files: Awaited<ReturnType<typeof makeCertificates>>;
const pem = (file: string) => readFileSync(file, 'utf8');

beforeAll(async () => {
  files = await makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const contentOf = (wsdl: string, id: string) =>
  new RegExp(`<wsp:Policy wsu:Id="${id}">\\s*<wsp:ExactlyOne>(.*?)</wsp:ExactlyOne>`, 's').exec(wsdl)?.[1] ?? '';

/** The WSDL with the policies of two ports each a choice between both, in this order. */
function eitherOf(wsdl: string, ids: readonly [string, string]): string {
  const contents = ids.map(id => contentOf(wsdl, id));
  expect(contents).not.toContain('');
  return contents.reduce((text, content) => text.replace(content, () => contents.join('')), wsdl);
}

const operations = {
  Ping: ({ Ping: { text } }: { Ping: { text: string } }) => ({
    $xml:
      '<p:PingResponse xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>CXF</p:origin>' +
      `<p:text>CXF : ${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p:text></p:PingResponse>`,
  }),
};

/** Ports that are called in a conversation, and ports that are not. */
const services = {
  conversation: { wsdl: 'ping.wsdl', policies: 'ping-policies.wsdl', portOf: (id: string) => `${id}_IPingService` },
  plain: { wsdl: 'plain-ping.wsdl', policies: 'plain-ping.wsdl', portOf: (id: string) => `Plain${id}` },
};

test.each([
  ['plain', 'with confirmations of signatures or without', ['PasswordConfirmed', 'EndorsedDerived']],
  ['plain', 'certificates of both sides or a user name', ['Certificates', 'Password']],
  ['conversation', 'begun by a user name or by nobody in particular', ['UXDC', 'XDC']],
  ['conversation', 'with keys that are derived or not', ['XC', 'XDC']],
] as const)('%s, %s: CXF clients of either and of both are served, and take the answer', async (kind, name, ids) => {
  const { wsdl, policies, portOf } = services[kind];
  const place = mkdtempSync(join(folder, 'wsdl-'));
  for (const file of readdirSync(wsdls)) copyFileSync(join(wsdls, file), join(place, file));
  writeFileSync(join(place, policies), eitherOf(readFileSync(join(wsdls, policies), 'utf8'), ids));
  const ports = ids.map(portOf);
  const node = await listen({
    wsdl: join(place, wsdl),
    services: { PingService: Object.fromEntries(ports.map(port => [port, operations])) },
    ports: Object.fromEntries(ports.map(port => [port, {}])),
    authenticate: async (given, secret) => (given === user && secret === password ? { user, roles: [] } : undefined),
    trust: pem(files.ca.certificate),
    certificate: pem(files.service.certificate),
    key: pem(files.service.key),
    tls: { certificate: pem(files.tls.certificate), key: pem(files.tls.key) },
  });
  try {
    const known = {
      ...{ http: `http://localhost:${node.http}`, https: `https://localhost:${node.https}`, ports },
      ...{ plain: kind === 'plain', user, password, ca: files.ca.certificate },
      ...{ serviceCertificate: files.service.certificate, client: files.client },
    };
    const outcomes = await runPingClient(known);
    // CXF takes the first, whatever it was given: the client of the first port has what that asks for.
    const choosing = await runPingClient({ ...known, ports: ports.slice(0, 1), wsdl: join(place, wsdl) });
    const served = ports.map(port => ({ port, ok: true }));
    expect([outcomes, choosing, loggedReasons(node.lines)], name).toEqual([served, served.slice(0, 1), []]);
  } finally {
    await node.close();
  }
});
