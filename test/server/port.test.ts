import { expect, test } from 'vitest';
import { servePort } from '../../src/server/port.ts';
import { freshRing } from '../support/endpoint.ts';
import { plans, startNode } from '../support/node.ts';

test("a base address is the service's with its scheme's own port written, and without", async () => {
  const [plan] = plans;
  const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() } });
  const served = plan && node.ports.get(plan.port);
  if (served === undefined) throw new TypeError('no port');
  const { plan: itsPlan, state, trust, parts, life } = served;
  const addresses = ['https://farm.example:443', 'http://farm.example:81'];
  const outside = { addresses, publicAddress: undefined };
  const { accepted, path } = servePort(itsPlan, outside, { state, trust, parts, life }).addresses;
  for (const base of ['https://farm.example:443', 'https://farm.example', 'http://farm.example:81'])
    expect(accepted).toContain(`${base}${path}`);
  expect(accepted).not.toContain(`http://farm.example${path}`);
});
