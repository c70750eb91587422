import { systemRandom } from '../../../src/crypto/random.ts';
import { createRing } from '../../../src/keyring/rotate.ts';
import { converseWith } from '../../hostile/initiator.ts';
import { startNode } from '../../hostile/node.ts';
import { families } from './families.ts';
import type { Family } from './family.ts';
import { measuredServer } from './subjects.ts';

/** A node, a user's conversations with it, and all families of messages for both roles. */
export interface Measured {
  readonly families: readonly Family[];
  readonly rsaOperations: () => number;
}

/** Prepares all that is measured. */
export async function openMeasured(): Promise<Measured> {
  const clock = { nowMs: Date.now() };
  const node = await startNode({ ring: createRing({ nowMs: clock.nowMs, random: systemRandom }), clock });
  const server = measuredServer(node);
  const [tls, symmetric] = [await converseWith(node, 'EchoTls11'), await converseWith(node, 'EchoSymmetric')];
  return { families: families(server, { tls, symmetric }), rsaOperations: server.rsaOperations };
}
