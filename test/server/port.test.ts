import { expect, test } from 'vitest';
import { servePort } from '../../src/server/port.ts';
import { freshRing } from '../support/endpoint.ts';
import { plans, startNode } from '../support/node.ts';

test("a base address is the service's with its scheme's own port written, and without", async () => {
  const [plan] = plans;
  const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() } });
  const served = plan && node.ports.get(plan.port);
  if (served === undefined) throw new TypeError('no port');
  const { plan: itsPlan, state, parts, life } = served;
  const addresses = ['https://farm.example:443', 'http://farm.example:81'];
  const { toAddresses, path } = servePort(itsPlan, addresses, { state, parts, life });
  for (const base of ['https://farm.example:443', 'https://farm.example', 'http://farm.example:81'])
    expect(toAddresses).toContain(`${base}${path}`);
  expect(toAddresses).not.toContain(`http://farm.example${path}`);
});
