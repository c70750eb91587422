import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { serverFindings } from '../../src/cli/doctor/server.ts';
import { openWsdl } from '../../src/policy/load-wsdl.ts';
import { makeCertificate } from '../support/certificates.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(removeFolders);

const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'];
const local = { wsdl: openWsdl(wsdl), ports };
const ca = pem.ca.certificate;

function look(server: string, more: Partial<Parameters<typeof serverFindings>[0]> = {}) {
  return serverFindings({ server, ca, allowHttp: false, clockSkewMs: 60_000, local, clock: Date.now, ...more });
}

/** Findings that are not well, each as one line. */
async function troubles(...asked: Parameters<typeof look>): Promise<string[]> {
  const found = await look(...asked);
  return found
    .filter(({ level }) => level !== 'ok')
    .map(({ subject, level, says, todo }) => `${level} ${subject}: ${says} → ${todo}`);
}

async function startNode(): Promise<ListeningNode> {
  const node = await listen();
  ends.push(() => node.close());
  return node;
}

async function serving(listener: RequestListener, pair = pem.tls): Promise<string> {
  const { certificate: cert, key } = pair;
  const server: Server = createServer({ cert, key }, listener).listen(0, 'localhost');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise(resolve => server.once('listening', resolve));
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

/** The WSDL here as another server has it. */
function published(base: string, change: (text: string) => string = text => text): string {
  return change(readFileSync(wsdl, 'utf8')).replaceAll(/https?:\/\/localhost:\d+/g, base);
}

test('a server that is as it should be has no finding but good ones, and logs nothing', async () => {
  const node = await startNode();
  const found = await look(`https://localhost:${node.https}`);
  expect(found.map(({ subject, level }) => `${level} ${subject}`)).toEqual([
    ...['ok certificates', 'ok certificates', 'ok clock', 'ok ready', 'ok wsdl'],
    ...['ok ports', 'ok ports', 'ok clock', 'ok ports'],
    ...['ok policy', 'ok policy', 'ok policy'],
  ]);
  expect(node.lines.filter(line => JSON.parse(line).level > 30)).toEqual([]);
  expect(node.calls).toEqual([]);
});

test('the clock of a server is said to be off by the Date of its answer', async () => {
  const node = await startNode();
  const server = `https://localhost:${node.https}`;
  expect(await troubles(server, { clock: () => Date.now() - 400_000 })).toEqual([
    expect.stringMatching(/^error clock: the clock of localhost:\d+ is (?:399|40[01]) s ahead of .*→ set the one/),
    expect.stringMatching(/^error clock: the clock of localhost:\d+ is (?:399|40[01]) s ahead of .*→ set the one/),
  ]);
  expect(await troubles(server, { clock: () => Date.now() + 20_000, local: undefined })).toEqual([
    expect.stringMatching(/^warning clock: .* is (?:19|2[01]) s behind the one here → set the one that is wrong/),
    expect.stringMatching(/^warning clock: /),
  ]);
});

test('a CA that is not trusted here is named, and looked past', async () => {
  const node = await startNode();
  const [trust, ...more] = await troubles(`https://localhost:${node.https}`, { ca: pem.service.certificate });
  expect(trust).toMatch(/^error certificates: localhost:\d+: .*signed by no CA that is trusted here.* shows CN=/);
  expect(trust).toMatch(/\(not shown\) → give the CA with --ca/);
  expect(more).toEqual([expect.stringMatching(/^error wsdl: /)]);
});

test('a certificate that has expired, one that soon will, and one for another host are told apart', async () => {
  const authority = await makeCertificate({ subject: 'CN=Authority', isAuthority: true });
  const pairOf = async (subject: string, until: Date, names: readonly string[]) => {
    const { x509 } = await import('../support/certificates.ts');
    const extensions = [
      new x509.SubjectAlternativeNameExtension(names.map(value => ({ type: 'dns' as const, value }))),
    ];
    const { pem: certificate, key } = await makeCertificate({ subject, issuer: authority, until, extensions });
    return { ...pem.tls, certificate, key };
  };
  const at = (days: number) => new Date(Date.now() + days * 86_400_000);
  const told = async (pair: typeof pem.tls) =>
    (await troubles(await serving((_, response) => response.writeHead(404).end(), pair), { ca: authority.pem }))[0];
  expect(await told(await pairOf('CN=old', at(-1), ['localhost']))).toMatch(
    /^error certificates: CN=old, shown by localhost:\d+, has expired at .* → put a new certificate in its place/,
  );
  expect(await told(await pairOf('CN=soon', at(3), ['localhost']))).toMatch(
    /^warning certificates: CN=soon, shown by localhost:\d+, is valid until .* → put a new certificate/,
  );
  expect(await told(await pairOf('CN=other', at(300), ['other.example']))).toMatch(
    /^error certificates: localhost:\d+: .*is for another host.* → call the service by a name/,
  );
});

test('a port that nothing answers at, and a balancer without a node, are errors', async () => {
  let base = '';
  base = await serving(({ url = '' }, response) => {
    const page: Record<string, [number, string]> = {
      '/?wsdl': [200, published(base).replace(`${base}/EchoSymmetric`, 'http://localhost:9/EchoSymmetric')],
      '/EchoTls11?wsdl': [503, '<html>no server is available'],
    };
    const [status, body] = page[url] ?? [404, ''];
    response.writeHead(status).end(body);
  });
  expect(await troubles(base)).toEqual([
    expect.stringMatching(/^error ports: .*EchoTls11 answers with HTTP 503 → see whether the service runs behind/),
    expect.stringMatching(/^error ports: .*EchoTls13 answers with HTTP 404 → see whether the path/),
    expect.stringMatching(/^error server: http:\/\/localhost:9: no answer \(ECONNREFUSED\) → see whether the service/),
  ]);
});

test('a published policy that is not the one here is told with the first line that differs', async () => {
  let base = '';
  const change = (text: string) => text.replace('<sp:Basic256/>', '<sp:Basic128/>');
  base = await serving(({ url = '' }, response) =>
    response.writeHead(url.startsWith('/readyz') ? 404 : 200).end(published(base, change)),
  );
  const different = (await troubles(base)).filter(line => line.startsWith('error policy'));
  expect(different).toEqual([
    expect.stringMatching(/: published is ".*", here is ".*Basic256.*" → give all nodes the same WSDL/),
  ]);
  expect(await troubles(base, { local: { ...local, ports: [...ports, 'EchoMore'] } })).toContainEqual(
    expect.stringMatching(/^error policy: EchoMore is served here, and is not published/),
  );
  expect(await troubles(base, { local: { ...local, ports: ['EchoTls13'] } })).toContainEqual(
    expect.stringMatching(/^warning policy: EchoSymmetric is published, and is not served/),
  );
});

test('what a node says in /readyz is told, as text that a terminal can bear', async () => {
  const says = (ready: boolean, reasons: unknown) => async () => {
    const base = await serving((_, response) => response.end(JSON.stringify({ ready, reasons })));
    return (await troubles(base)).filter(line => line.includes(' ready: '));
  };
  expect(await says(false, ['draining', '\u001b[2J'])()).toEqual([
    expect.stringMatching(/^error ready: the node is not ready: draining, [ -~]+ → docs\/health.md/),
  ]);
  expect(await says(true, ['ring-stale'])()).toEqual([
    expect.stringMatching(/^warning ready: the node is ready, but: ring-stale → /),
  ]);
});

test('no credentials are sent, and an answer without end is left', async () => {
  const heard: string[] = [];
  const base = await serving((request, response) => {
    heard.push(JSON.stringify([request.method, request.url, Object.keys(request.headers).sort()]));
    response.writeHead(200, { 'Content-Type': 'text/xml' });
    const more = () => void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more));
    more();
  });
  expect(await troubles(base)).toEqual([expect.stringMatching(/^error wsdl: .*larger than 1 MiB/)]);
  expect(heard).toEqual([
    '["GET","/readyz",["connection","host"]]',
    expect.stringMatching(/^\["GET","\/\?wsdl",\["connection","host"\]\]$/),
  ]);
});

test('a WSDL of another machine does not lead to services of this one', async () => {
  let isAsked = false;
  const hidden = createPlainServer(() => {
    isAsked = true;
  }).listen(0, '127.0.0.1');
  ends.push(() => hidden.close());
  await new Promise(resolve => hidden.once('listening', resolve));
  const { port } = hidden.address() as AddressInfo;
  const { portFindings } = await import('../../src/cli/doctor/server.ts');
  const { checkPorts } = await import('../../src/policy/check.ts');
  const at = new URL('https://soap.example/?wsdl');
  const file = join(newFolder(), 'echo.wsdl');
  writeFileSync(file, published(`http://127.0.0.1:${port}`).replaceAll('http://127.0.0.1', 'https://127.0.0.1'));
  const found = await portFindings(checkPorts(openWsdl(file)), at, {
    ...{ server: at.href, ca, allowHttp: false, clockSkewMs: 60_000, local, clock: Date.now },
  });
  expect(found.map(({ says }) => says)).toEqual(
    ports.map(() => expect.stringMatching(/is not looked at: a document of another machine may not lead to this one/)),
  );
  expect(isAsked).toBe(false);
});

test('a server that goes on in another protocol is told of, and not waited for', async () => {
  const server = createTcpServer(socket => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    );
  }).listen(0, 'localhost');
  ends.push(() => server.close());
  await once(server, 'listening');
  const address = `http://localhost:${(server.address() as AddressInfo).port}`;
  expect(await troubles(address)).toEqual([expect.stringMatching(/^error server: .* no answer/)]);
});
