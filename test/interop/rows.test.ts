import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEndpoint, secureConversation } from '../../src/index.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { planOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { escapeText } from '../../src/xml/write.ts';
import { freePort, freshRing } from '../support/endpoint.ts';
import { keptLog } from '../support/node.ts';
import { makeCertificates } from './certificate-files.ts';
import { type PingOutcome, runPingClient, startPingServer } from './cxf-peer.ts';
import { allRows, chosenRows, isPlain, nameOf, type Row } from './rows.ts';

const wsdlOf = (row: Row) =>
  fileURLToPath(new URL(isPlain(row) ? './wsdl/plain-ping.wsdl' : './wsdl/ping.wsdl', import.meta.url));
const user = 'alice';
const password = 'ecila';
const folder = mkdtempSync(join(tmpdir(), 'wssc-rows-'));
let files: Awaited<ReturnType<typeof makeCertificates>>;
const pem = (file: string) => readFileSync(file, 'utf8');

beforeAll(async () => {
  files = await makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ping {
  readonly scenario: string;
  readonly origin: string;
  readonly text: string;
}

/** An element of the second schema: node-soap would write it in the namespace of the element around it. */
function written(name: string, said: Ping): { readonly $xml: string } {
  const children = Object.entries(said).map(([child, text]) => `<p:${child}>${escapeText(text)}</p:${child}>`);
  return { $xml: `<p:${name} xmlns:p="http://xmlsoap.org/Ping">${children.join('')}</p:${name}>` };
}

const operations = {
  Ping: ({ Ping: { scenario, origin, text } }: { Ping: Ping }) =>
    written('PingResponse', { scenario, origin: 'CXF', text: `${origin} : ${text}` }),
};

type Outcomes = ReadonlyMap<string, string>;

/** What a case came to: `passed`, or its error. */
const passed = 'passed';
const errorText = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The ports of rows that compile, and the refusals of the others. */
function compiled(rows: readonly Row[]): { readonly ports: string[]; readonly refused: Map<string, string> } {
  const read = readWsdl(wsdlOf(rows[0] as Row));
  const ports: string[] = [];
  const refused = new Map<string, string>();
  for (const { port } of rows) {
    try {
      planOf(read, port);
      ports.push(port);
    } catch (error) {
      refused.set(port, errorText(error));
    }
  }
  return { ports, refused };
}

/** Serves what can be served of the rows' ports, and has a CXF client call it. */
async function servedToCxf(rows: readonly Row[]): Promise<Outcomes> {
  const { ports, refused } = compiled(rows);
  if (ports.length === 0) return refused;
  const [row] = rows as readonly [Row];
  const [http, https] = [await freePort(), await freePort()];
  const bases = { http: `http://localhost:${http}`, https: `https://localhost:${https}` };
  const { log, lines } = keptLog();
  const ring = join(folder, `ring-${http}.json`);
  writeRingFile(ring, freshRing());
  const endpoint = createEndpoint({
    wsdl: wsdlOf(row),
    services: { PingService: Object.fromEntries(ports.map(port => [port, operations])) },
    ports: Object.fromEntries(ports.map(port => [port, { acceptMixedDialects: row.mixedDialects === true }])),
    ring,
    authenticate: async (name, given) => (name === user && given === password ? { user, roles: [] } : undefined),
    trust: pem(files.ca.certificate),
    certificate: pem(files.service.certificate),
    key: pem(files.service.key),
    tls: { certificate: pem(files.tls.certificate), key: pem(files.tls.key) },
    addresses: [bases.http, bases.https],
    log,
  });
  await endpoint.listen({ http, https, host: 'localhost' });
  try {
    const outcomes = await runPingClient({
      ...bases,
      ...{ ports, user, password, ca: files.ca.certificate },
      ...{ serviceCertificate: files.service.certificate, client: files.client },
      ...{ plain: isPlain(row), streaming: row.cxf === 'streaming', noSoapAction: row.noSoapAction === true },
    });
    const texts = outcomes.map(outcome => [outcome.port, textOf(outcome, lines)] as const);
    return new Map([...refused, ...texts]);
  } finally {
    await endpoint.close();
  }
}

/** CXF's error, with what our log says of the port. */
function textOf({ port, ok, error }: PingOutcome, lines: readonly string[]): string {
  if (ok) return passed;
  const logged = lines.map(line => JSON.parse(line)).filter(line => line.port === port);
  return [error, ...logged.map(({ fault, reason, err }) => `${fault} ${reason} ${err?.message ?? ''}`)].join('\n');
}

/** Publishes the rows' ports with CXF and calls them with our client. */
async function calledAtCxf(rows: readonly Row[]): Promise<Outcomes> {
  const { ports, refused } = compiled(rows);
  if (ports.length === 0) return refused;
  const { service, tls, ca } = files;
  const streaming = rows[0]?.cxf === 'streaming';
  const options = { ports, user, password, ca: ca.certificate, service, tls, streaming };
  const server = await startPingServer({ ...options, plain: rows.some(isPlain) });
  const outcomes = new Map(refused);
  try {
    for (const row of rows.filter(({ port }) => ports.includes(port)))
      outcomes.set(row.port, await callPing(row, server).then(() => passed, errorText));
  } finally {
    await server.close();
  }
  return outcomes;
}

async function callPing(row: Row, bases: { readonly http: string; readonly https: string }) {
  const { port, mixedDialects = false } = row;
  const client = await createClientAsync(wsdlOf(row));
  const conversation = secureConversation(client, {
    port,
    username: user,
    password,
    ca: pem(files.ca.certificate),
    serviceCertificate: pem(files.service.certificate),
    certificate: pem(files.client.certificate),
    key: pem(files.client.key),
    addresses: [`${port.includes('OverTransport') ? bases.https : bases.http}/${port}`],
    acceptMixedDialects: mixedDialects,
  });
  client.setSecurity(conversation);
  try {
    for (const text of ['ping', 'ä <&> €']) {
      const call = written('Ping', { scenario: 'Scenario5', origin: 'CXF', text });
      const answer = await new Promise((resolve, reject) => {
        client.PingService[port].Ping(call, (error: unknown, result: unknown) =>
          error ? reject(error) : resolve(result),
        );
      });
      expect(answer).toEqual({ PingResponse: { scenario: 'Scenario5', origin: 'CXF', text: `CXF : ${text}` } });
    }
    expect(conversation.session.bootstraps).toBe(isPlain(row) ? 0 : 1);
  } finally {
    await conversation.close();
  }
}

/** Rows that one pair of processes shows. */
const groups = new Map<string, Row[]>();
for (const row of chosenRows(allRows, process.env)) {
  const { ours, cxf, noSoapAction = false, mixedDialects = false } = row;
  const key = JSON.stringify({ ours, cxf, noSoapAction, mixedDialects, plain: isPlain(row) });
  groups.set(key, [...(groups.get(key) ?? []), row]);
}

describe.each([...groups.values()])('', (...rows) => {
  let outcomes: Outcomes;
  beforeAll(async () => {
    outcomes = await (rows[0]?.ours === 'server' ? servedToCxf(rows) : calledAtCxf(rows));
  });

  test.each(rows.map(row => [nameOf(row), row] as const))('%s', (_, { port, fails, says = '' }) => {
    if (fails === undefined) return expect(outcomes.get(port)).toBe(passed);
    // What is expected to fail and passes has to leave the list.
    expect(outcomes.get(port)).not.toBe(passed);
    expect(outcomes.get(port)).toContain(says);
  });
});
