import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CurrentContext,
  createEndpoint,
  currentContext,
  type Endpoint,
  type EndpointListener,
  type EndpointOptions,
  explainPolicy,
  findCurrentContext,
  openKeyRing,
  openRing,
  SecureConversationError,
  secureConversation,
} from '../src/index.ts';
import { writeRingFile } from '../src/keyring/ring-file.ts';
import { freePort, freshRing } from './support/endpoint.ts';
import { authenticate, keptLog, user, wsdl } from './support/node.ts';
import { pem } from './support/pem.ts';

/** What the package exports, by the names that programs rely on. */

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');
const folder = mkdtempSync(join(tmpdir(), 'index-'));
const ring = join(folder, 'ring.json');
const seen: CurrentContext[] = [];
interface Started {
  readonly endpoint: Endpoint;
  readonly listener: EndpointListener;
  readonly tcp: { readonly http: number; readonly https: number };
}

/** An endpoint with every option. */
async function start(options: Partial<EndpointOptions> = {}): Promise<Started> {
  const operations = {
    Echo({ text }: { text: string }) {
      seen.push(currentContext());
      return { text };
    },
  };
  const tcp = { http: await freePort(), https: await freePort() };
  const endpoint = createEndpoint({
    wsdl,
    services: { EchoService: { EchoTls13: operations, EchoSymmetric: operations } },
    ring,
    authenticate,
    certificate: pem.service.certificate,
    key: pem.service.key,
    tls: { certificate: pem.tls.certificate, key: pem.tls.key },
    addresses: [`http://localhost:${tcp.http}`, `https://localhost:${tcp.https}`],
    node: 'one',
    lifetimeMs: 3_600_000,
    clockSkewMs: 60_000,
    cacheEntries: 100,
    ports: { EchoTls13: { lifetimeMs: 600_000, clockSkewMs: 30_000 }, EchoSymmetric: {} },
    limits: { maxBytes: 100_000 },
    mounted: { path: '/health', handler: (_request, response) => void response.end('well') },
    log: keptLog().log,
    onCancel: () => {},
    ...options,
  });
  const listener = await endpoint.listen({ http: tcp.http, https: tcp.https, host: 'localhost', exclusive: false });
  return { endpoint, listener, tcp };
}

let endpoint: Endpoint;
let listener: EndpointListener;
let tcp: Started['tcp'];
beforeAll(async () => {
  writeRingFile(ring, freshRing());
  ({ endpoint, listener, tcp } = await start());
});
afterAll(async () => {
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

const addressOf = {
  EchoTls13: () => `https://localhost:${tcp.https}`,
  EchoSymmetric: () => `http://localhost:${tcp.http}`,
};

async function connect(port: keyof typeof addressOf, options: Partial<Parameters<typeof secureConversation>[1]> = {}) {
  const client = (await soap.createClientAsync(wsdl)) as Client & {
    EchoAsync(args: { text: string }): Promise<[{ text: string }]>;
  };
  const conversation = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [`${addressOf[port]()}/${port}`],
    ...options,
  });
  client.setSecurity(conversation);
  return { client, conversation };
}

test('createEndpoint takes every option by its name, and listen() says where it listens', () => {
  expect(listener.addresses).toEqual(tcp);
  expect(endpoint.plans.map(({ port }) => port)).toEqual(['EchoTls13', 'EchoSymmetric']);
  expect(endpoint.middleware()).toHaveLength(3);
  expect(endpoint.statistics()).toMatchObject({ calls: 0, issued: 0 });
});

test('listen() serves what is mounted beside the ports', async () => {
  expect(await (await fetch(`http://localhost:${tcp.http}/health`)).text()).toBe('well');
});

test.each(['EchoTls13', 'EchoSymmetric'] as const)(
  'an operation on %s is called in its currentContext()',
  async port => {
    const { client, conversation } = await connect(port);
    expect((await client.EchoAsync({ text: 'hello' }))[0]).toEqual({ text: 'hello' });
    expect(seen.at(-1)).toMatchObject({
      id: conversation.session.contextId,
      user: user.username,
      roles: ['reader'],
      authenticatedBy: 'usernameToken',
      openedFrom: 'issued',
      node: 'one',
    });
    expect(findCurrentContext()).toBeUndefined();
    expect(currentContext).toThrow(expect.objectContaining({ code: 'NO_CONTEXT', hint: expect.any(String) }));
    expect(await conversation.close()).toBe(true);
  },
);

describe('secureConversation takes', () => {
  const dead = async () => `http://localhost:${await freePort()}/EchoSymmetric`;
  const alive = () => `${addressOf.EchoSymmetric()}/EchoSymmetric`;

  test.each([
    ['first', ['x', 'y', 'z']],
    ['rotate', ['NETWORK', 'y', 'NETWORK']],
  ] as const)('order: %s', async (order, outcomes) => {
    const options = { order, retry: 'none', addresses: [alive(), await dead()] } as const;
    const { client, conversation } = await connect('EchoSymmetric', options);
    const seen: string[] = [];
    for (const text of ['x', 'y', 'z'])
      seen.push(
        await client.EchoAsync({ text }).then(
          ([answer]) => answer.text,
          ({ code }) => code,
        ),
      );
    expect(seen).toEqual(outcomes);
    await conversation.close();
  });

  test.each(['connect', 'any', 'none'] as const)('retry: %s', async retry => {
    const options = { retry, timeoutMs: 5_000, clockSkewMs: 1_000, addresses: [await dead(), alive()] };
    const { client, conversation } = await connect('EchoSymmetric', options);
    const said = client.EchoAsync({ text: 'x' });
    if (retry === 'none') await expect(said).rejects.toMatchObject({ code: 'NETWORK' });
    else expect((await said)[0]).toEqual({ text: 'x' });
    expect(await conversation.close()).toBe(retry !== 'none');
  });
});

test('openKeyRing and explainPolicy read files, and errors of the package have a code', () => {
  expect(openKeyRing(ring).current(Date.now())?.id).toMatch(/^[0-9a-f]{16}$/);
  expect(explainPolicy(wsdl).map(({ port }) => port)).toEqual(['EchoTls11', 'EchoTls13', 'EchoSymmetric']);
  expect(explainPolicy(wsdl, { ports: ['EchoTls13'] }).map(({ port }) => port)).toEqual(['EchoTls13']);
  expect(() => explainPolicy(wsdl, { port: 'EchoTls13' } as object)).toThrow('explainPolicy: unknown key port');
  const error = (() => {
    try {
      return openKeyRing(join(folder, 'missing.json'));
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(SecureConversationError);
  expect(error).toMatchObject({ code: 'RING_INVALID', hint: expect.any(String) });
});

test.each<[string, (listener: EndpointListener) => Promise<void>]>([
  ['drain', each => each.drain(2_000)],
  ['close', each => each.close()],
])('%s of what listen() returns ends all that the endpoint listens on', async (_, end) => {
  const started = await start();
  const second = await started.endpoint.listen({ http: await freePort(), host: 'localhost' });
  const ports = [started.tcp.http, second.addresses.http];
  const health = (port: number | undefined) => fetch(`http://localhost:${port}/health`);
  for (const port of ports) expect((await health(port)).status).toBe(200);
  await end(started.listener);
  for (const port of ports) await expect(health(port)).rejects.toThrow();
});

test('a ring that was opened serves several, is watched once, and closed by whoever opened it', async () => {
  const opened = openRing(ring);
  const closed: string[] = [];
  const shared = { ...opened, close: () => void closed.push('ring') };
  const started = await start({ ring: shared });
  expect(openRing(shared)).toBe(shared);
  await started.endpoint.close();
  expect(closed).toEqual([]);
  opened.close();
});
