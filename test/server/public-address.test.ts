import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import fastify from 'fastify';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { planOf as compiled } from '../../src/policy/compile.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { parseWsdl } from '../../src/policy/wsdl.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import type { Endpoint } from '../../src/server/open-endpoint.ts';
import { freePort, freshRing } from '../support/endpoint.ts';
import { echoContent } from '../support/initiator.ts';
import { authenticate, keptLog, notedService, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const folder = mkdtempSync(join(tmpdir(), 'public-address-'));
const ring = join(folder, 'ring.json');
writeRingFile(ring, freshRing());
const { log, lines } = keptLog();
const loopback = ['127.0.0.1', '::1'];
const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
  lines.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true }));

function endpointWith(options: Partial<EndpointOptions> & Pick<EndpointOptions, 'addresses'>): Endpoint {
  const endpoint = createEndpoint({
    wsdl,
    services: notedService([]),
    ring,
    authenticate,
    certificate: pem.service.certificate,
    key: pem.service.key,
    log,
    ...options,
  });
  ending.push(() => endpoint.close());
  return endpoint;
}

async function listening(server: Server, port = 0): Promise<number> {
  await new Promise<void>(resolve => server.listen(port, 'localhost', resolve));
  ending.push(() => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function published(address: string, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const { text, status } = await get(address, headers);
  expect(status).toBe(200);
  const found = parseWsdl({ name: address, text });
  return Object.fromEntries(found.ports.map(({ name }) => [name, compiled(found, name).address]));
}

function get(address: string, headers: Record<string, string>): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request(address, { headers, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', piece => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });
}

async function planFrom(address: string, port: string): Promise<Plan> {
  return compiled(parseWsdl({ name: address, text: (await get(address, {})).text }), port);
}

/** Calls Echo as a client does that was made from the published WSDL. */
async function echo(plan: Plan, address = plan.address): Promise<string> {
  const session = sessionOf(plan, address);
  const envelope = await callEcho(session, plan);
  await session.close();
  return envelope;
}

const sessionOf = (plan: Plan, address = plan.address) =>
  openSession({
    plan,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [address],
  });

async function callEcho(session: Session, plan: Plan): Promise<string> {
  const [operation] = plan.operations;
  if (operation === undefined) throw new TypeError('no operation');
  const { envelope } = await session.call({ operation, body: { declarations: '', content: echoContent('there') } });
  return envelope;
}

/** A proxy that says what it is told to. @param newPath instead of the request's */
function proxy(port: number, headers: Record<string, string>, newPath?: string) {
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, url, headers: own } = incoming;
    const options = { port, host: 'localhost', method, path: newPath ?? url, headers: { ...own, ...headers } };
    const onward = request(options, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  };
}

const symmetricAlone = { EchoSymmetric: {} };

describe('the published WSDL', () => {
  test('has the address of the farm that was asked, and the first where none of them was', async () => {
    const port = await freePort();
    const own = `http://localhost:${port}`;
    const endpoint = endpointWith({ addresses: ['http://farm.example', own, 'https://farm.example'] });
    await endpoint.listen({ http: port, host: 'localhost' });
    const { addresses } = await endpoint.listen({ http: 0, host: 'localhost' });
    expect(await published(`${own}/?wsdl`)).toMatchObject({
      EchoSymmetric: `${own}/EchoSymmetric`,
      EchoTls13: 'https://farm.example/EchoTls13',
    });
    const { EchoSymmetric } = await published(`http://localhost:${addresses.http}/?wsdl`);
    expect(EchoSymmetric).toBe('http://farm.example/EchoSymmetric');
  });

  test('has the one that a trusted proxy says, if it is the farm’s; a stranger says nothing', async () => {
    const addresses = ['http://a.example', 'http://b.example:8080'];
    const said: Record<string, string>[] = [
      { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'b.example:8080' },
      { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'B.example', 'X-Forwarded-Port': '8080' },
      { Forwarded: 'for=192.0.2.1;proto=http;host="b.example:8080"' },
      { Forwarded: 'host=evil.example;proto=http, proto=HTTP;host="b.example:8080"' },
    ];
    const unsaid: Record<string, string>[] = [
      { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'evil.example' },
      { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'b.example:8080' },
      { 'X-Forwarded-Proto': 'https', Forwarded: 'proto=http;host="b.example:8080"' },
      { 'X-Forwarded-Host': 'b.example:8080' },
      { Forwarded: 'proto=http;host="b.example:8080"", x' },
    ];
    const [trusting, other] = [{ trustedProxies: loopback }, { trustedProxies: ['192.0.2.1'] }];
    for (const [options, headers, expected] of [
      ...said.map(headers => [trusting, headers, addresses[1]] as const),
      ...unsaid.map(headers => [trusting, headers, addresses[0]] as const),
      ...said.map(headers => [other, headers, addresses[0]] as const),
    ]) {
      const endpoint = endpointWith({ addresses, ports: symmetricAlone, ...options });
      const { http } = (await endpoint.listen({ http: 0, host: 'localhost' })).addresses;
      const { EchoSymmetric } = await published(`http://localhost:${http}/EchoSymmetric?wsdl`, headers);
      expect([headers, EchoSymmetric]).toEqual([headers, `${expected}/EchoSymmetric`]);
    }
  });
});

describe('a public address with a path', () => {
  test('is published, and calls to it are served whether the balancer takes its path away or not', async () => {
    const port = await freePort();
    const own = `http://localhost:${port}`;
    const endpoint = endpointWith({ addresses: [own], publicAddress: `${own}/soap/v1`, ports: symmetricAlone });
    await endpoint.listen({ http: port, host: 'localhost' });
    for (const path of ['/?wsdl', '/soap/v1?wsdl', '/soap/v1/?wsdl', '/soap/v1/EchoSymmetric?wsdl']) {
      const { EchoSymmetric } = await published(`${own}${path}`);
      expect(EchoSymmetric).toBe(`${own}/soap/v1/EchoSymmetric`);
    }
    const plan = await planFrom(`${own}/?wsdl`, 'EchoSymmetric');
    expect(await echo(plan)).toContain('there');
    expect(await echo(plan, `${own}/EchoSymmetric`)).toContain('there');
    for (const path of ['/soap/EchoSymmetric', '/v1/EchoSymmetric', '/soap?wsdl'])
      expect((await get(`${own}${path}`, {})).status).toBe(404);
  });

  test('may be another one for a port', async () => {
    const endpoint = endpointWith({
      addresses: ['http://localhost:1'],
      publicAddress: 'https://api.example/soap/',
      ports: { EchoTls13: {}, EchoSymmetric: { publicAddress: 'http://plain.example' } },
    });
    const { http } = (await endpoint.listen({ http: 0, host: 'localhost' })).addresses;
    expect(await published(`http://localhost:${http}/?wsdl`)).toMatchObject({
      EchoSymmetric: 'http://plain.example/EchoSymmetric',
      EchoTls13: 'https://api.example/soap/EchoTls13',
    });
  });

  test('can’t be without TLS for a port whose policy wants it', () => {
    const options = { addresses: ['http://localhost:1'], publicAddress: 'http://api.example' };
    expect(() => endpointWith(options)).toThrow(
      /port EchoTls1[13] can't have the public address http:\/\/api\.example: its policy wants TLS/,
    );
    expect(() => endpointWith({ ...options, ports: symmetricAlone })).not.toThrow();
  });

  test.each([
    'api.example',
    'ftp://api.example',
    'https://user@api.example',
    'https://api.example/?q',
    'https://api.example/#f',
    'https://api.example/a//b',
    'https://api.example/a%2Fb',
    'https://api.example/"><x',
  ])('is no %s', publicAddress => {
    expect(() => endpointWith({ addresses: ['http://localhost:1'], publicAddress })).toThrow(
      'createEndpoint: publicAddress must be an address such as',
    );
  });
});

describe('the middleware, mounted below a path', () => {
  async function mounted(path: string, options: Partial<EndpointOptions> = {}) {
    const port = await freePort();
    const own = `http://localhost:${port}`;
    const endpoint = endpointWith({ addresses: [own], ports: symmetricAlone, ...options });
    await listening(createServer(express().use(path, endpoint.middleware())), port);
    return { own, endpoint };
  }

  test('publishes where it is, and is called there', async () => {
    const { own } = await mounted('/soap/v1');
    for (const path of ['/soap/v1?wsdl', '/soap/v1/?wsdl', '/soap/v1/EchoSymmetric?wsdl']) {
      const { EchoSymmetric } = await published(`${own}${path}`);
      expect(EchoSymmetric).toBe(`${own}/soap/v1/EchoSymmetric`);
    }
    expect(await echo(await planFrom(`${own}/soap/v1?wsdl`, 'EchoSymmetric'))).toContain('there');
  });

  test('takes no message to another path for its own', async () => {
    const front = `http://localhost:${await freePort()}`;
    const { own } = await mounted('/:tenant', { addresses: [front] });
    const plan = await planFrom(`${own}/a?wsdl`, 'EchoSymmetric');
    expect(plan.address).toBe(`${front}/a/EchoSymmetric`);
    for (const [tenant, outcome] of [
      ['a', 'there'],
      ['b', 'InvalidAddressingHeader'],
    ] as const) {
      const passing = createServer(proxy(Number(new URL(own).port), {}, `/${tenant}/EchoSymmetric`));
      await listening(passing, Number(new URL(front).port));
      expect(await echo(plan).catch(String)).toContain(outcome);
      passing.closeAllConnections();
      await new Promise(resolve => passing.close(resolve));
    }
    expect(lines.join('')).toContain('to-unknown');
  });

  test('gives a path of a peer’s choice no room in the WSDL', async () => {
    const { own } = await mounted('/:tenant');
    const { EchoSymmetric } = await published(`${own}/%22%3E%3Cx/?wsdl`);
    expect(EchoSymmetric).toBe(`${own}/EchoSymmetric`);
  });
});

describe('an endpoint behind a server of somebody else', () => {
  test('drains what is under way there, and serves nothing after that', async () => {
    const port = await freePort();
    const own = `http://localhost:${port}`;
    let [called, answer] = [() => {}, () => {}];
    const begun = new Promise<void>(resolve => {
      called = resolve;
    });
    const Echo = (_: object, callback: (result: object) => void) => {
      answer = () => callback({ text: 'late' });
      called();
    };
    const services = { EchoService: { EchoSymmetric: { Echo } } };
    const endpoint = endpointWith({ addresses: [own], ports: symmetricAlone, services });
    const handle = endpoint.middleware();
    await listening(
      createServer((incoming, outgoing) => handle(incoming, outgoing, () => outgoing.writeHead(404).end())),
      port,
    );
    expect((await get(`${own}/other`, {})).status).toBe(404);
    const plan = await planFrom(`${own}/?wsdl`, 'EchoSymmetric');
    const answered = callEcho(sessionOf(plan), plan);
    await begun;
    let isDrained = false;
    const drained = endpoint.drain(20_000).then(() => {
      isDrained = true;
    });
    await new Promise(resolve => setImmediate(resolve));
    expect(isDrained).toBe(false);
    answer();
    await drained;
    expect(await answered).toContain('late');
    // What comes after the drain gets no service any more.
    expect((await get(`${own}/?wsdl`, {})).status).toBe(503);
  });

  test('serves nothing after it was closed', async () => {
    const endpoint = endpointWith({ addresses: ['http://localhost:1'], ports: symmetricAlone });
    const port = await listening(createServer(express().use(endpoint.middleware())));
    expect((await get(`http://localhost:${port}/?wsdl`, {})).status).toBe(200);
    await endpoint.close();
    expect((await get(`http://localhost:${port}/?wsdl`, {})).status).toBe(503);
  });
});

describe('TLS that ends at a proxy', () => {
  async function behind(options: Partial<EndpointOptions>, headers: Record<string, string>): Promise<string> {
    const front = await freePort();
    const own = `https://localhost:${front}`;
    const endpoint = endpointWith({ addresses: [own], ports: { EchoTls13: {} }, ...options });
    const { http = 0 } = (await endpoint.listen({ http: 0, host: 'localhost' })).addresses;
    const server = createTlsServer({ cert: pem.tls.certificate, key: pem.tls.key }, proxy(http, headers));
    await listening(server, front);
    const plan = await planFrom(`http://localhost:${http}/?wsdl`, 'EchoTls13');
    expect(plan.address).toBe(`${own}/EchoTls13`);
    return echo(plan);
  }

  test.each([
    { 'X-Forwarded-Proto': 'https' },
    { 'X-Forwarded-Proto': 'http, https' },
    { Forwarded: 'for=192.0.2.1;proto=https' },
    { Forwarded: 'proto=https', 'X-Forwarded-Proto': 'https' },
  ])('is TLS where a listed proxy says %o', async headers => {
    expect(await behind({ tlsOffloadedFrom: loopback }, headers as Record<string, string>)).toContain('there');
  });

  test.each([
    {},
    { 'X-Forwarded-Proto': 'http' },
    { 'X-Forwarded-Proto': 'https, http' },
    { 'X-Forwarded-Proto': 'https', Forwarded: 'proto=http' },
    { 'X-Forwarded-Ssl': 'on' },
  ])('is none where it says %o', async headers => {
    const refused = behind({ tlsOffloadedFrom: loopback }, headers as Record<string, string>);
    await expect(refused).rejects.toThrow('403');
    expect(lines.join('')).toContain('http-403');
  });

  test('is none where somebody says so who is not listed, trusted for addresses or not', async () => {
    for (const options of [{ tlsOffloadedFrom: ['192.0.2.1'] }, { trustedProxies: loopback }])
      await expect(behind(options, { 'X-Forwarded-Proto': 'https' })).rejects.toThrow('403');
  });
});

test('fastify hands requests to the middleware before it reads them', async () => {
  const port = await freePort();
  const own = `http://localhost:${port}`;
  const serve = endpointWith({ addresses: [own], ports: symmetricAlone }).middleware();
  const app = fastify().addHook('onRequest', ({ raw }, reply, done) => serve(raw, reply.raw, done));
  app.get('/other', () => 'other');
  await app.listen({ port, host: 'localhost' });
  ending.push(() => app.close());
  expect(await get(`${own}/other`, {})).toEqual({ status: 200, text: 'other' });
  expect(await echo(await planFrom(`${own}/?wsdl`, 'EchoSymmetric'))).toContain('there');
});
