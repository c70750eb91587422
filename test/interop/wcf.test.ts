import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FarmProcess, startFarm, stopAll } from './farm-process.ts';
import { runWcf, startWcf, stepsOf, type WcfStep, wcfPeerFile, wcfPeerIsThere } from './wcf-peer.ts';

test('the WCF client is there', context => {
  const missing = `no WCF client at ${wcfPeerFile}: nothing of this file was tested`;
  if (!wcfPeerIsThere && process.env.CI !== 'true') context.skip(missing);
  expect(wcfPeerIsThere, missing).toBe(true);
});

const bindings = [
  { port: 'EchoTls11', binding: 'ws' },
  { port: 'EchoTls13', binding: 'ws2007' },
] as const;
const contextModes = [
  { mode: 'session', words: [] },
  { mode: 'cookie', words: ['--cookie'] },
] as const;
const cases = bindings.flatMap(binding => contextModes.map(mode => ({ ...binding, ...mode })));

describe.runIf(wcfPeerIsThere)('a WCF session whose conversation lives five seconds', () => {
  let farm: FarmProcess;

  beforeAll(async () => {
    farm = await startFarm(undefined, ['--lifetime', '5s']);
  });

  afterAll(async () => {
    await stopAll([farm]);
  });

  /** Runs sessions at once, one on each binding with each list of words, their requests spread over all nodes. */
  const runAtOnce = (...lists: readonly (readonly string[])[]) =>
    Promise.all(
      bindings.flatMap(({ port, binding }) =>
        lists.map(words =>
          runWcf([
            ...['call', '--address', `${farm.shared.https}/${port}`, '--binding', binding, '--operation', 'whoami'],
            ...['--ca', farm.ca, '--user', farm.user, '--password', farm.password],
            ...['--route', farm.nodes.map(({ https }) => https).join(','), ...words],
          ]),
        ),
      ),
    );
  const failures = (steps: readonly WcfStep[]) => steps.filter(({ ok }) => ok === false);

  test('is renewed ten times, each at another node, under calls one by one and four at once: no fault', async () => {
    const [issued, { renewed }] = [await farm.issued(), await farm.renewals()];
    const watch = ['--renew-watch', '--duration', '50', '--think'];
    const runs = await runAtOnce([...watch, '100'], [...watch, '300', '--inflight', '4']);
    for (const { code, steps } of runs) {
      expect(failures(steps)).toEqual([]);
      expect(code).toBe(0);
      expect(steps.at(-1)).toMatchObject({ step: 'renewals' });
      expect(steps.at(-1)?.count).toBeGreaterThanOrEqual(10);
    }
    expect(await farm.issued()).toBe(issued + runs.length);
    const after = await farm.renewals();
    expect(after.faults).toEqual({});
    expect(after.renewed - renewed).toBeGreaterThanOrEqual(10 * runs.length);
  });

  test('goes on with its next call after a pause of three times its life', async () => {
    const [issued, { renewed }] = [await farm.issued(), await farm.renewals()];
    const runs = await runAtOnce(['--calls', '2', '--think', '15000']);
    for (const { code, steps } of runs) {
      expect(failures(steps)).toEqual([]);
      expect(code).toBe(0);
    }
    expect(await farm.issued()).toBe(issued + runs.length);
    expect(await farm.renewals()).toEqual({ renewed: renewed + runs.length, faults: {} });
  });
});

describe.runIf(wcfPeerIsThere)('a WCF session whose conversation is kept in a database', () => {
  let farm: FarmProcess;

  beforeAll(async () => {
    farm = await startFarm(undefined, ['--state', 'database', '--lifetime', '5s']);
  });

  afterAll(async () => {
    await stopAll([farm]);
  });

  test.each(bindings)('goes on at three nodes, over renewals, to its Cancel: $port', async ({ port, binding }) => {
    const [issued, { renewed }] = [await farm.issued(), await farm.renewals()];
    const program = startWcf([
      ...['call', '--address', `${farm.shared.https}/${port}`, '--binding', binding, '--operation', 'whoami'],
      ...['--ca', farm.ca, '--user', farm.user, '--password', farm.password, '--calls', '40', '--think', '500'],
      ...['--route', farm.nodes.map(({ https }) => https).join(',')],
    ]);
    const steps = await stepsOf(program);
    expect(steps.filter(({ ok }) => ok === false)).toEqual([]);
    expect(await program.ended).toBe(0);
    expect(await farm.issued()).toBe(issued + 1);
    const after = await farm.renewals();
    expect(after.faults).toEqual({});
    expect(after.renewed).toBeGreaterThan(renewed + 1);
    const { nodes } = await farm.status();
    for (const { opened } of nodes) expect(opened).toMatchObject({ seal: 0, store: expect.any(Number) });
    expect(nodes.filter(({ opened }) => opened.store > 0).length).toBeGreaterThan(1);
  });
});

describe.runIf(wcfPeerIsThere)('a WCF client', () => {
  let farm: FarmProcess;
  let otherFarm: FarmProcess;

  beforeAll(async () => {
    farm = await startFarm();
    otherFarm = await startFarm(farm);
  });

  afterAll(async () => {
    await stopAll([farm, otherFarm]);
  });

  const matrixWords = (only: string) => [
    ...['matrix', '--only', only, '--ca', farm.ca, '--user', farm.user, '--password', farm.password],
    ...['--ws-username', `${farm.shared.https}/EchoTls11`, '--ws2007-username', `${farm.shared.https}/EchoTls13`],
  ];
  const callWords = ({ port, binding, words }: (typeof cases)[number]) => [
    ...['call', '--address', `${farm.shared.https}/${port}`, '--binding', binding, ...words],
    ...['--ca', farm.ca, '--user', farm.user, '--password', farm.password, '--operation', 'whoami'],
  ];
  const httpsNodes = (of: FarmProcess) => of.nodes.map(({ https }) => https);
  const failures = (steps: readonly WcfStep[]) => steps.filter(({ ok }) => !ok);
  const namesOf = (steps: readonly WcfStep[]) => steps.map(({ step }) => step);

  test('passes each scenario of the matrix that the policies ask for', async () => {
    const { code, steps } = await runWcf(matrixWords('username/basic256/(session|cookie)/combined$'));
    expect(failures(steps)).toEqual([]);
    expect(steps.at(-1)).toMatchObject({ step: 'total', passed: 4, failed: 0, skipped: 0 });
    expect(code).toBe(0);
  });

  test('that wants all entropy from the server gets InvalidRequest', async () => {
    const { steps } = await runWcf(matrixWords('username/basic256/(session|cookie)/server$'));
    expect(namesOf(steps)).toHaveLength(5);
    for (const { reason } of steps.slice(0, -1)) expect(reason).toMatch(/InvalidRequest/);
  });

  test('that wants to give all entropy refuses an answer which holds some of the server', async () => {
    const { steps } = await runWcf(matrixWords('username/basic256/(session|cookie)/client$'));
    expect(namesOf(steps)).toHaveLength(5);
    for (const { reason } of steps.slice(0, -1)) expect(reason).toMatch(/ClientEntropy/);
  });

  describe.each(cases)('on $port ($mode)', scenario => {
    test('opens, calls and closes without an exception', async () => {
      const { code, steps } = await runWcf([...callWords(scenario), '--calls', '3']);
      expect(failures(steps)).toEqual([]);
      expect(namesOf(steps)).toEqual(['open', 'call 1', 'call 2', 'call 3', 'close']);
      expect(code).toBe(0);
    });

    test('holds one conversation over 30 calls whose requests alternate between three nodes', async () => {
      const issuedBefore = await farm.issued();
      const { code, steps } = await runWcf([
        ...callWords(scenario),
        '--calls',
        '30',
        '--route',
        httpsNodes(farm).join(','),
      ]);
      expect(failures(steps)).toEqual([]);
      expect(code).toBe(0);
      expect(steps).toHaveLength(32);
      expect(await farm.issued()).toBe(issuedBefore + 1);
    });

    test('goes on when the node that issued its conversation is killed', async () => {
      const [issuer, ...others] = farm.nodes;
      const program = startWcf([
        ...[...callWords(scenario), '--calls', '30', '--think', '100'],
        ...['--route', [issuer, ...others].map(node => node?.https).join(','), '--route-mode', 'after:3'],
      ]);
      const before = [await program.line(), await program.line(), await program.line()].map(line => JSON.parse(line));
      expect(namesOf(before)).toEqual(['open', 'call 1', 'call 2']);
      await farm.kill(issuer?.name ?? '');
      const after = await stepsOf(program);
      expect(failures(after)).toEqual([]);
      expect(namesOf(after).at(-1)).toBe('close');
      expect(await program.ended).toBe(0);
      // The node is served again before the next test.
      await farm.allUp();
    });

    test('with a wrong password gets FailedAuthentication', async () => {
      const wrong = callWords(scenario).map(word => (word === farm.password ? `${word}x` : word));
      const { code, steps } = await runWcf([...wrong, '--expect', 'FailedAuthentication']);
      expect(failures(steps)).toHaveLength(1);
      expect(failures(steps)[0]).toMatchObject({ fault: { code: 'Sender', subcode: 'FailedAuthentication' } });
      expect(code).toBe(0);
    });

    test('whose conversation is unknown gets BadContextToken and gives the channel up', async () => {
      const route = [farm.nodes[0]?.https, ...httpsNodes(otherFarm)].join(',');
      const { code, steps } = await runWcf([
        ...[...callWords(scenario), '--calls', '3', '--route', route, '--route-mode', 'after:2'],
        ...['--expect', 'BadContextToken'],
      ]);
      expect(namesOf(steps)).toEqual(['open', 'call 1', 'call 2']);
      expect(code).toBe(0);
      expect(steps.at(-1)).toMatchObject({ ok: false, channel: 'Faulted' });
    });
  });
});
