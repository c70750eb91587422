import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { fetchDocument, whyNotFetched } from '../../src/policy/fetch-document.ts';
import { type LoadWsdlOptions, loadWsdl, openWsdl } from '../../src/policy/load-wsdl.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { openServiceWsdl } from '../../src/server/service-wsdl.ts';
import { pem } from '../support/pem.ts';
import { echoFile, echoText } from './echo-variant.ts';

const folder = mkdtempSync(join(tmpdir(), 'load-'));
const ca = pem.ca.certificate;
const namespace = 'urn:soap-secure-conversation:echo';
const echo = readWsdl(echoFile);
const [policy = ''] = /<wsp:Policy wsu:Id="EchoTls11_policy"[^>]*>.*?\n {2}<\/wsp:Policy>/s.exec(echoText()) ?? [];
const [root = ''] = /<wsdl:definitions[^>]*>/.exec(echoText()) ?? [];
const [types = ''] = /<xsd:schema.*?<\/xsd:schema>/s.exec(echoText()) ?? [];
const declarations = (root.match(/xmlns:\w+="[^"]*"/g) ?? []).join(' ');

/** What the server has, by path; a function answers by itself. */
const documents = new Map<string, string | Buffer | RequestListener>();
const asked: string[] = [];
let http: string;
let https: string;
const servers: Server[] = [];

const answer: RequestListener = (request, response) => {
  const { url = '' } = request;
  asked.push(url);
  const found = documents.get(url);
  if (typeof found === 'function') found(request, response);
  else if (found === undefined) response.writeHead(404).end();
  else response.writeHead(200).end(found);
};

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  http = `http://localhost:${await listening(createServer(answer))}`;
  const { certificate: cert, key } = pem.tls;
  https = `https://localhost:${await listening(createTlsServer({ cert, key }, answer))}`;
});
beforeEach(() => {
  documents.clear();
  asked.length = 0;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const load = async (location: string, options: LoadWsdlOptions = {}) =>
  openWsdl(await loadWsdl(location, { ca, ...options }));

/** The example cut into four documents, each of which leads to the next by `to`. */
function scatter(to: (name: string) => string, put: (name: string, text: string) => void): void {
  const text = echoText(
    { within: root, from: policy, to: '' },
    {
      within: root,
      from: types,
      to: `<xsd:schema><xsd:import namespace="${namespace}" schemaLocation="${to('echo.xsd')}"/></xsd:schema>`,
    },
  );
  put('inner.wsdl', text.replace('URI="#EchoTls11_policy"', `URI="${to('policies.xml')}#EchoTls11_policy"`));
  put('policies.xml', `<policies ${declarations}>${policy}</policies>`);
  put('echo.xsd', types.replace('<xsd:schema', `<xsd:schema ${declarations}`));
  put(
    'outer.wsdl',
    `<wsdl:definitions ${declarations} targetNamespace="urn:outer">
<wsdl:import namespace="urn:soap-secure-conversation:echo" location="${to('inner.wsdl')}"/></wsdl:definitions>`,
  );
}

const importing = (location: string) =>
  `<wsdl:definitions ${declarations} targetNamespace="urn:outer">\n\n` +
  `<wsdl:import namespace="urn:i" location="${location}"/>\n</wsdl:definitions>`;

function inFile(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('a WSDL is fetched with all that belongs to it', () => {
  it.each([
    ['over TLS', () => https],
    ['from this machine without', () => http],
  ])('%s, each document once, by relative locations', async (_how, base) => {
    scatter(
      name => `./${name}`,
      (name, text) => documents.set(`/a/${name}`, text),
    );
    const wsdl = await load(`${base()}/a/outer.wsdl`);
    expect(asked).toEqual(['/a/outer.wsdl', '/a/inner.wsdl', '/a/echo.xsd', '/a/policies.xml']);
    for (const { name } of echo.ports) expect(planOf(wsdl, name)).toEqual(planOf(echo, name));
  });

  it('and node-soap reads what was fetched, and fetches nothing itself', async () => {
    scatter(
      name => name,
      (name, text) => documents.set(`/a/${name}`, text),
    );
    const wsdl = await load(`${https}/a/outer.wsdl`);
    asked.length = 0;
    const read = await openServiceWsdl(wsdl);
    expect(Object.keys(read.definitions.portTypes)).toEqual(['EchoPortType']);
    expect(read.definitions.schemas['urn:soap-secure-conversation:echo']?.elements.Echo).toBeDefined();
    expect(asked).toEqual([]);
  });

  it('after a redirect, relative to where it was in the end', async () => {
    documents.set('/old', (_request, response) => response.writeHead(302, { Location: '/new/outer.wsdl' }).end());
    scatter(
      name => name,
      (name, text) => documents.set(`/new/${name}`, text),
    );
    expect((await load(`${https}/old`)).name).toBe(`${https}/new/outer.wsdl`);
  });

  it('from a file only where it is told so', async () => {
    documents.set('/inner.wsdl', echoText());
    const location = `${https}/inner.wsdl`;
    const file = inFile('outer.wsdl', importing(location));
    await expect(load(file)).rejects.toThrow(`${file}:3: the import of ${location} is not followed`);
    expect(asked).toEqual([]);
    const wsdl = await load(file, { fetchImports: true });
    expect(planOf(wsdl, 'EchoTls11')).toEqual(planOf(echo, 'EchoTls11'));
    expect(asked).toEqual(['/inner.wsdl']);
  });

  it('but for a schema that may not be fetched, which is left out', async () => {
    const link = '<xsd:include schemaLocation="http://h.invalid/a.xsd"/>';
    documents.set(
      '/o',
      echoText({ within: root, from: types, to: types.replace('</xsd:schema>', `${link}</xsd:schema>`) }),
    );
    const wsdl = await load(`${https}/o`);
    expect(wsdl.schemas).toEqual([]);
    expect(planOf(wsdl, 'EchoTls11')).toEqual(planOf(echo, 'EchoTls11'));
    documents.set('/o', importing('http://h.invalid/a.wsdl'));
    const says =
      'http://h.invalid/a.wsdl is not fetched: over plain http anybody on the way could change what is protected';
    await expect(load(`${https}/o`)).rejects.toThrow(`${https}/o:3: ${says}`);
  });

  it('and a file that is saved beside the file is read in its place', async () => {
    inFile('saved.wsdl', echoText());
    const file = inFile('beside.wsdl', importing('saved.wsdl'));
    expect((await load(file, { fetchImports: true })).definitions).toHaveLength(2);
    expect(asked).toEqual([]);
  });
});

describe('what is missing is said with its address where it is referred to:', () => {
  const at = (name: string) => `${https}/${name}`;

  it.each<[string, string | Buffer | RequestListener | undefined, string]>([
    ['no document', undefined, 'HTTP 404'],
    ['a document that is too large', Buffer.alloc(1_048_577, 0x20), 'larger than 1 MiB'],
    ['one without end', (_, response) => endless(response), 'larger than 1 MiB'],
    ['one that is not UTF-8', Buffer.from([0xff, 0xfe]), 'not UTF-8 text'],
    [
      'one that is compressed',
      (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(),
      'compressed',
    ],
    ['a redirect without address', (_, response) => response.writeHead(302).end(), 'redirects to no address'],
    [
      'a redirect to itself',
      (_, response) => response.writeHead(302, { Location: '/i' }).end(),
      'more than 5 redirects',
    ],
    [
      'a redirect to another host',
      (_, response) => response.writeHead(302, { Location: 'https://h.invalid/' }).end(),
      'redirects to another host, https://h.invalid',
    ],
    [
      'a redirect out of TLS',
      (_, response) => response.writeHead(302, { Location: `${http}/x` }).end(),
      'redirects from https to http',
    ],
    [
      'a redirect to a file',
      (_, response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
      'redirects to another host',
    ],
    ['an answer that breaks off', (_, response) => response.socket?.destroy(), 'does not answer (ECONNRESET)'],
  ])('%s', async (_what, document, says) => {
    documents.set('/o', importing('i'));
    if (document !== undefined) documents.set('/i', document);
    await expect(load(at('o'))).rejects.toThrow(
      expect.objectContaining({
        code: 'WSDL_INVALID',
        message: expect.stringContaining(`${at('o')}:3: ${at('i')}: ${says}`),
      }),
    );
  });

  it.each([
    [
      'a schema',
      (to: string) => `<wsdl:types><xsd:schema>\n<xsd:include schemaLocation="${to}"/></xsd:schema></wsdl:types>`,
    ],
    ['a WSDL', (to: string) => `\n<wsdl:import location="${to}"/>`],
  ])('%s', async (_what, link) => {
    documents.set('/o', `<wsdl:definitions ${declarations}>${link('i')}</wsdl:definitions>`);
    await expect(load(at('o'))).rejects.toThrow(`${at('o')}:2: ${at('i')}: HTTP 404`);
  });

  it('a server that nobody trusts, and the WSDL itself', async () => {
    await expect(loadWsdl(at('o'))).rejects.toThrow(`${at('o')}: does not answer (UNABLE_TO_`);
    await expect(load(at('o'))).rejects.toThrow(`${at('o')}: HTTP 404`);
    await expect(load('http://localhost:1/o')).rejects.toThrow('http://localhost:1/o: does not answer (ECONNREFUSED)');
  });

  it('one that is not there in time', async () => {
    documents.set('/i', (_request, response) => response.writeHead(200).flushHeaders());
    const fetching = { ca, allowHttp: false, signal: AbortSignal.timeout(50) };
    await expect(fetchDocument(new URL(at('i')), fetching)).rejects.toThrow(`${at('i')}: not within 30 s`);
  });

  it('the address of a file', async () => {
    documents.set('/o', importing(`file://${inFile('secret.wsdl', echoText())}`));
    await expect(load(at('o'))).rejects.toThrow('can only lead to addresses of http and https');
  });

  it('more than 64 documents, of which no more are fetched', async () => {
    const imports = Array.from({ length: 70 }, (_, i) => `<wsdl:import namespace="urn:${i}" location="d${i}"/>`);
    for (let i = 0; i < 70; i += 1) documents.set(`/d${i}`, `<wsdl:definitions xmlns:wsdl="${ns.wsdl}"/>`);
    documents.set('/o', `<wsdl:definitions ${declarations}>${imports.join('\n')}</wsdl:definitions>`);
    await expect(load(at('o'))).rejects.toThrow('more than 64 documents');
    expect(asked.length).toBeLessThanOrEqual(65);
  });
});

function endless(response: Parameters<RequestListener>[1]): void {
  const more = () => {
    while (response.write(Buffer.alloc(65_536, 0x20)));
  };
  response.on('drain', more);
  more();
}

describe('an address may be fetched', () => {
  const strict = { allowHttp: false };
  const why = (address: string, from?: string, rules = strict) =>
    whyNotFetched(new URL(address), from === undefined ? undefined : new URL(from), rules);

  it.each([
    ['https://h/a', undefined],
    ['https://h/a', 'https://other/b'],
    ['http://localhost:8080/a', undefined],
    ['http://127.0.0.9/a', 'http://localhost/b'],
    ['http://[::1]/a', undefined],
  ])('%s, from %s', (address, from) => expect(why(address, from)).toBeUndefined());

  it('without TLS from another machine only where that is allowed', () => {
    expect(why('http://h/a')).toContain('plain http');
    expect(why('http://h/a', undefined, { allowHttp: true })).toBeUndefined();
  });

  it.each([
    ['file:///etc/passwd', 'https://h/a', 'http and https'],
    ['ftp://h/a', undefined, 'http and https'],
    ['https://user:secret@h/a', undefined, 'user name'],
    ['https://localhost/a', 'https://h/a', 'may not lead to this one'],
    ['http://127.0.0.1/a', 'https://h/a', 'may not lead to this one'],
    ['http://x.localhost/a', 'http://h/a', 'may not lead to this one'],
    ['http://localhost.h/a', undefined, 'plain http'],
  ])('and not %s, from %s', (address, from, says) => {
    expect(why(address, from)).toContain(says);
    if (!says.includes('plain')) expect(why(address, from, { allowHttp: true })).toContain(says);
  });
});
