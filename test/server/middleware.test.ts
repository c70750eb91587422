import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type Express } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { openTransport } from '../../src/client/transport.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { Endpoint } from '../../src/server/open-endpoint.ts';
import { freePort, freshRing } from '../support/endpoint.ts';
import { echoContent, planOf } from '../support/initiator.ts';
import { authenticate, keptLog, notedService, type PortName, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const folder = mkdtempSync(join(tmpdir(), 'middleware-'));
const calls: string[] = [];
const { log, lines } = keptLog();
const servers: Server[] = [];
let endpoint: Endpoint;
const base: Record<'http' | 'https', string> = { http: '', https: '' };

/** An application as its owner writes it: the endpoint, then a body parser, then a route of its own. */
function application(): Express {
  const app = express();
  app.use(endpoint.middleware());
  app.use(express.json());
  app.post('/orders', (request, response) => void response.json({ got: request.body }));
  return app;
}

async function listening(server: Server, port: number): Promise<void> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(port, 'localhost', resolve));
}

beforeAll(async () => {
  const ring = join(folder, 'ring.json');
  writeRingFile(ring, freshRing());
  const [http, https] = [await freePort(), await freePort()];
  base.http = `http://localhost:${http}`;
  base.https = `https://localhost:${https}`;
  endpoint = createEndpoint({
    wsdl,
    services: notedService(calls),
    ring,
    authenticate,
    certificate: pem.service.certificate,
    key: pem.service.key,
    addresses: Object.values(base),
    log,
  });
  const app = application();
  await listening(createServer(app), http);
  await listening(createTlsServer({ cert: pem.tls.certificate, key: pem.tls.key }, app), https);
});
afterAll(async () => {
  await endpoint.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

const addressOf = (port: PortName) => `${base[planOf(port).transport]}/${port}`;

async function post(address: string, body: string, contentType = 'application/soap+xml') {
  const transport = openTransport({ ca: pem.ca.certificate, timeoutMs: 10_000, maxBytes: 1 << 20 });
  try {
    const { status, bytes } = await transport.post(address, body, { 'Content-Type': contentType });
    return { status, body: Buffer.from(bytes).toString() };
  } finally {
    transport.close();
  }
}

describe.each(portNames)('an express application serves %s', port => {
  test('with a conversation, several calls and its Cancel', async () => {
    const plan = planOf(port);
    const session = openSession({
      plan,
      ...user,
      ca: pem.ca.certificate,
      serviceCertificate: pem.service.certificate,
      addresses: [addressOf(port)],
    });
    const [echo] = plan.operations;
    if (echo === undefined) throw new TypeError('no operation');
    calls.length = 0;
    for (const text of ['one', 'two']) {
      const { envelope } = await session.call({
        operation: echo,
        body: { declarations: '', content: echoContent(text) },
      });
      expect(envelope).toContain(`:text>${text}</`);
    }
    expect(calls).toEqual(['Echo issued', 'Echo cache']);
    expect(await session.close()).toBe(plan.mayCancel);
  });

  test('and refuses what is no SOAP message of it', async () => {
    expect((await post(addressOf(port), '{}', 'application/json')).status).toBe(415);
    expect((await post(addressOf(port), '<x/>')).status).toBe(400);
  });
});

test.each(['EchoTls11', 'EchoTls13'])('%s is refused on a plain socket of the application', async port => {
  expect(await post(`${base.http}/${port}`, '<x/>')).toEqual({ status: 403, body: '' });
});

test('the application’s own routes and body parsers are left alone', async () => {
  for (const address of Object.values(base)) {
    const answer = await post(`${address}/orders`, '{"a":1}', 'application/json');
    expect(answer).toEqual({ status: 200, body: '{"got":{"a":1}}' });
    expect((await post(`${address}/nothing`, '{}', 'application/json')).status).toBe(404);
  }
});

test('the WSDL is served whole and port by port; another query is the application’s', async () => {
  const get = async (path: string) => {
    const answer = await fetch(`${base.http}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const whole = await get('/?wsdl');
  expect(whole.status).toBe(200);
  for (const port of portNames) expect(whole.text).toContain(`port name="${port}"`);
  const one = await get('/EchoSymmetric?wsdl');
  expect(one.text).toContain('port name="EchoSymmetric"');
  expect(one.text).not.toContain('port name="EchoTls13"');
  expect((await get('/?wsd')).status).toBe(404);
});

test('behind a body parser, which has read the message, it ends the request and says why in the log', async () => {
  const app = express().use(express.text({ type: () => true }), endpoint.middleware());
  const port = await freePort();
  await listening(createServer(app), port);
  await expect(post(`http://localhost:${port}/EchoSymmetric`, '<x/>')).rejects.toMatchObject({ code: 'NETWORK' });
  const last = JSON.parse(lines.at(-1) ?? '');
  expect(last).toMatchObject({ level: 50, port: 'EchoSymmetric', reason: 'internal' });
  expect(last.err.message).toBe('the body was read already: mount the middleware before body parsers');
});
