import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCxfClient } from './cxf-peer.ts';
import { type WsdlPort, wsdlPorts } from './farm-process.ts';
import { type StsFarm, startStsFarm } from './sts-farm.ts';
import { runWcf, startWcf, stepsOf, type WcfStep, wcfPeerIsThere } from './wcf-peer.ts';

let farm: StsFarm;

beforeAll(async () => {
  farm = await startStsFarm();
});

afterAll(() => farm?.stop());

describe.each(wsdlPorts)('a CXF client on %s, whose service is of nodes that issue nothing,', port => {
  const withClient = async (use: (call: (address: string) => Promise<{ readonly ok: boolean }>) => Promise<void>) => {
    const client = openCxfClient({
      port,
      addresses: farm.addresses(port),
      user: farm.user,
      password: farm.password,
      ca: farm.ca,
      serviceCertificate: farm.serviceCertificate,
    });
    try {
      await use(address => client.call(address));
    } finally {
      await client.close();
    }
  };

  test('begins a conversation through one node, and goes on at all of them while the issuer is dead', () =>
    withClient(async call => {
      const addresses = farm.addresses(port);
      for (const address of addresses) expect(await call(address)).toMatchObject({ ok: true, user: farm.user });
      await farm.killSts();
      for (const address of [...addresses, ...addresses]) expect(await call(address)).toMatchObject({ ok: true });
      await farm.restartSts();
    }));

  test('can begin none while the issuer is dead, and begins one when it is back', () =>
    withClient(async call => {
      const [first = ''] = farm.addresses(port);
      await farm.killSts();
      expect(await call(first)).toMatchObject({ ok: false });
      await farm.restartSts();
      expect(await call(first)).toMatchObject({ ok: true, user: farm.user });
    }));
});

const bindings = [
  { port: 'EchoTls11', binding: 'ws' },
  { port: 'EchoTls13', binding: 'ws2007' },
] as const;

describe.runIf(wcfPeerIsThere).each(bindings)(
  'a WCF client on $port, whose service is of nodes that issue nothing,',
  ({ port, binding }) => {
    const wordsOf = (of: StsFarm, ...more: readonly string[]) => [
      ...['call', '--address', of.addresses(port)[0] ?? '', '--binding', binding, '--operation', 'whoami'],
      ...['--ca', of.ca, '--user', of.user, '--password', of.password, ...more],
    ];
    const words = (...more: readonly string[]) => wordsOf(farm, ...more);
    const route = (of = farm) => ['--route', of.nodes.map(({ https }) => https).join(',')];
    const failures = (steps: readonly WcfStep[]) => steps.filter(({ ok }) => ok === false);

    test('opens, calls and closes, each request at another node', async () => {
      const { code, steps } = await runWcf(words('--calls', '10', ...route()));
      expect(failures(steps)).toEqual([]);
      expect(steps.at(-1)?.step).toBe('close');
      expect(code).toBe(0);
    });

    test('goes on calling at other nodes when the issuer is killed in the midst of it', async () => {
      const program = startWcf(words('--calls', '30', '--think', '100', ...route()));
      for (let i = 0; i < 3; i += 1) await program.line();
      await farm.killSts();
      const rest = await stepsOf(program);
      // What closes the channel is a Cancel, and there is nobody to take it.
      expect(failures(rest).map(({ step }) => step)).toEqual(['close']);
      await farm.restartSts();
    });

    test('is told that the service is too busy while the issuer is dead, and is served when it is back', async () => {
      await farm.killSts();
      const refused = await runWcf(words('--calls', '1', '--expect', 'ServerTooBusyException'));
      expect(refused.code).toBe(0);
      await farm.restartSts();
      const served = await runWcf(words('--calls', '1'));
      expect(failures(served.steps)).toEqual([]);
    });

    test('renews through the nodes', async () => {
      const brief = await startStsFarm(5);
      try {
        const watch = ['--renew-watch', '--duration', '20', '--think', '200', ...route(brief)];
        const { code, steps } = await runWcf(wordsOf(brief, ...watch));
        expect(failures(steps)).toEqual([]);
        expect(steps.at(-1)?.count).toBeGreaterThanOrEqual(2);
        expect(code).toBe(0);
      } finally {
        await brief.stop();
      }
    });

    test('with a wrong password gets FailedAuthentication', async () => {
      const wrong = words('--expect', 'FailedAuthentication').map(word => (word === farm.password ? `${word}x` : word));
      expect((await runWcf(wrong)).code).toBe(0);
    });
  },
);

test('the ports of this file are those of the farm', () => {
  expect(bindings.map(({ port }): WsdlPort => port)).toEqual(wsdlPorts.slice(0, 2));
});
