import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CxfCall, type CxfClient, type CxfClientOptions, openCxfClient, runCxfClient } from './cxf-peer.ts';
import { type FarmProcess, startFarm, stopAll, type WsdlPort, wsdlPorts } from './farm-process.ts';

const badContextToken = {
  EchoTls11: '{http://schemas.xmlsoap.org/ws/2005/02/sc}BadContextToken',
  EchoTls13: '{http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512}BadContextToken',
  EchoSymmetric: '{http://schemas.xmlsoap.org/ws/2005/02/sc}BadContextToken',
} as const;

let farm: FarmProcess;
let otherFarm: FarmProcess;

beforeAll(async () => {
  farm = await startFarm();
  otherFarm = await startFarm(farm);
});

afterAll(async () => {
  await stopAll([farm, otherFarm]);
});

const clientOf = (port: WsdlPort): CxfClientOptions => ({
  port,
  addresses: farm.addresses(port),
  user: farm.user,
  password: farm.password,
  ca: farm.ca,
  serviceCertificate: farm.serviceCertificate,
});

/** Opens a client for one test and ends it with the test. */
async function withClient(port: WsdlPort, use: (client: CxfClient) => Promise<void>): Promise<void> {
  const client = openCxfClient(clientOf(port));
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/** One call to each address in turn; all must succeed. */
async function callEach(client: CxfClient, addresses: readonly string[]): Promise<CxfCall[]> {
  const calls: CxfCall[] = [];
  for (const address of addresses) {
    const call = await client.call(address);
    expect(call).toMatchObject({ ok: true, user: farm.user });
    calls.push(call);
  }
  return calls;
}

/** So many addresses, each of the list in turn. */
function inTurn(addresses: readonly string[], calls: number): string[] {
  return Array.from({ length: calls }, (_, i) => addresses[i % addresses.length] ?? '');
}

/** The node that issued the conversation of a first call, its address, and the addresses of the others. */
function issuerOf(first: CxfCall, port: WsdlPort): { name: string; others: string[] } {
  const i = farm.nodes.findIndex(({ name }) => name === first.node);
  return { name: farm.nodes[i]?.name ?? '', others: farm.addresses(port).filter((_, at) => at !== i) };
}

const contextsOf = (calls: readonly CxfCall[]) => new Set(calls.map(({ contextId }) => contextId));
/**
 * CXF's streaming client writes names of the 200512 dialect (DerivedKeyToken, ValueTypes) into messages of the February
 * 2005 ports. A message that mixes the dialects is refused, so that it works on the port of 200512 alone.
 */
const mixesDialects: readonly WsdlPort[] = ['EchoTls11', 'EchoSymmetric'];
const modes = wsdlPorts.flatMap(port => [
  { port, mode: 'DOM', streaming: false },
  ...(mixesDialects.includes(port) ? [] : [{ port, mode: 'streaming', streaming: true }]),
]);

test.each(mixesDialects)(
  'a CXF client (streaming) on %s is refused with InvalidSecurity, since it mixes the dialects',
  async port => {
    const calls = await runCxfClient({ ...clientOf(port), streaming: true }, 3);
    const subcode =
      '{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}InvalidSecurity';
    for (const call of calls) expect(call).toMatchObject({ ok: false, subcode });
  },
);

describe.each(modes)('a CXF client ($mode) on $port', ({ port, streaming }) => {
  test('holds one conversation over 30 calls that alternate between three nodes', async () => {
    const issuedBefore = await farm.issued();
    const calls = await runCxfClient({ ...clientOf(port), streaming }, 30);
    expect(calls.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(calls.map(({ node }) => node))).toEqual(new Set(farm.nodes.map(({ name }) => name)));
    expect(contextsOf(calls)).toEqual(new Set([calls[0]?.context]));
    expect(await farm.issued()).toBe(issuedBefore + 1);
    expect(calls.map(({ openedFrom }) => openedFrom)).toEqual([
      'issued',
      'seal',
      'seal',
      ...Array.from({ length: 27 }, () => 'cache'),
    ]);
  });

  test('gets its text back with markup and characters outside ASCII', async () => {
    const calls = await runCxfClient({ ...clientOf(port), streaming, operation: 'echo' }, 4);
    expect(calls.filter(({ ok }) => !ok)).toEqual([]);
  });
});

describe('a conversation of a CXF client that is kept in a database', () => {
  let stored: FarmProcess;

  beforeAll(async () => {
    stored = await startFarm(farm, ['--state', 'database']);
  });
  afterAll(async () => {
    await stopAll([stored]);
  });

  test.each(modes)('goes on at three nodes, and over kill -9 of all of them ($mode on $port)', async mode => {
    const { port, streaming } = mode;
    const issuedBefore = await stored.issued();
    const client = openCxfClient({ ...clientOf(port), addresses: stored.addresses(port), streaming });
    try {
      const before = await callEach(client, inTurn(stored.addresses(port), 6));
      expect(contextsOf(before).size).toBe(1);
      const found = before.map(({ openedFrom }) => openedFrom);
      expect(found).toEqual(['issued', 'store', 'store', 'cache', 'cache', 'cache']);
      expect(await stored.issued()).toBe(issuedBefore + 1);
      await stored.restartAll();
      const after = await callEach(client, stored.addresses(port));
      expect(contextsOf([...before, ...after]).size).toBe(1);
      expect(after.map(({ openedFrom }) => openedFrom)).toEqual(['store', 'store', 'store']);
    } finally {
      await client.close();
    }
  });
});

describe('a conversation of a CXF client that lives two seconds and can be renewed once', () => {
  const lifetimeMs = 2_000;
  let brief: FarmProcess;

  beforeAll(async () => {
    brief = await startFarm(farm, ['--lifetime', '2s', '--max-renewals', '1']);
  });
  afterAll(async () => {
    await stopAll([brief]);
  });

  test.each(modes)(
    'is renewed when it has expired, and follows a refused Renew by an Issue ($mode on $port)',
    async mode => {
      const { port, streaming } = mode;
      const client = openCxfClient({ ...clientOf(port), addresses: brief.addresses(port), streaming });
      try {
        const [issued, before] = [await brief.issued(), await brief.renewals()];
        const calls: CxfCall[] = [];
        for (const address of inTurn(brief.addresses(port), 4)) {
          if (calls.length > 0) await setTimeout(lifetimeMs);
          const call = await client.call(address);
          expect(call).toMatchObject({ ok: true, user: farm.user });
          calls.push(call);
        }
        const [first, second, third, fourth] = calls.map(({ contextId }) => contextId);
        expect([second, fourth]).toEqual([first, third]);
        expect(third).not.toBe(first);
        expect((await brief.issued()) - issued).toBe(2);
        const { renewed, faults } = await brief.renewals();
        expect(renewed - before.renewed).toBe(2);
        expect(faults).toEqual({ unableToRenew: (before.faults.unableToRenew ?? 0) + 1 });
      } finally {
        await client.close();
      }
    },
  );
});

describe.each(wsdlPorts)('a conversation of a CXF client on %s', port => {
  test('goes on when the node that issued it is killed: 1,000 calls on two others, none fails, no new bootstrap', () =>
    withClient(port, async client => {
      const [first] = await callEach(client, farm.addresses(port).slice(0, 1));
      if (first === undefined) throw new Error('no call');
      const { name, others } = issuerOf(first, port);
      const survivors = farm.nodes.map(node => node.name).filter(other => other !== name);
      await farm.kill(name);
      const issuedBefore = await farm.issued(survivors);
      const calls = await callEach(client, inTurn(others, 1_000));
      expect(contextsOf([first, ...calls]).size).toBe(1);
      expect(calls.slice(0, 4).map(({ openedFrom }) => openedFrom)).toEqual(['seal', 'seal', 'cache', 'cache']);
      expect(await farm.issued(survivors)).toBe(issuedBefore);
      // The node is served again before the next test, by a process that has issued nothing.
      await farm.allUp();
      expect(await farm.issued([name])).toBe(0);
    }));

  test('goes on while the key ring is rotated under load, and no call needs a new bootstrap', () =>
    withClient(port, async client => {
      const addresses = farm.addresses(port);
      const before = await callEach(client, addresses);
      const issuedBefore = await farm.issued();
      let isRotating = true;
      const rotation = farm.rotate().finally(() => {
        isRotating = false;
      });
      const during: CxfCall[] = [];
      while (isRotating) during.push(...(await callEach(client, addresses)));
      await rotation;
      const after = await callEach(client, inTurn(addresses, 30));
      // Each node was called while it was under way.
      expect(during.length).toBeGreaterThan(addresses.length);
      expect(contextsOf([...before, ...during, ...after]).size).toBe(1);
      expect(await farm.issued()).toBe(issuedBefore);
    }));

  test('goes on, opened from its sealed state, when all nodes are started anew after a rotation', () =>
    withClient(port, async client => {
      const before = await callEach(client, farm.addresses(port));
      await farm.rotate();
      await farm.restartAll();
      const after = await callEach(client, farm.addresses(port));
      expect(contextsOf([...before, ...after]).size).toBe(1);
      expect(after.map(({ openedFrom }) => openedFrom)).toEqual(['seal', 'seal', 'seal']);
      expect(await farm.issued()).toBe(0);
    }));

  test('is a BadContextToken to another farm', () =>
    withClient(port, async client => {
      await callEach(client, farm.addresses(port).slice(0, 1));
      for (const address of otherFarm.addresses(port)) {
        expect(await client.call(address)).toMatchObject({ ok: false, subcode: badContextToken[port] });
      }
    }));
});
