import { systemRandom } from '../../../src/crypto/random.ts';
import { createRing } from '../../../src/keyring/rotate.ts';
import { converseWith } from '../../support/initiator.ts';
import { startNode } from '../../support/node.ts';
import { families } from './families.ts';
import type { Family } from './family.ts';
import { measuredServer } from './subjects.ts';

/** A node, a user's conversations with it, and all families of messages for both roles. */
export interface Measured {
  readonly families: readonly Family[];
  readonly rsaOperations: () => number;
}

/** What the operation is called with: `$value` is a text of an element that has attributes. */
interface EchoArguments {
  readonly text?: { readonly $value?: string };
}

/** A service that answers in one word, so that the message is measured; it echoes a `text` that has an attribute. */
const operations = {
  Echo: (given: EchoArguments | string | null) => ({
    text: (typeof given === 'object' ? given?.text?.$value : undefined) ?? 'x',
  }),
};

/** Prepares all that is measured. */
export async function openMeasured(): Promise<Measured> {
  const clock = { nowMs: Date.now() };
  const ring = createRing({ nowMs: clock.nowMs, random: systemRandom });
  const services = { EchoService: { EchoTls11: operations, EchoSymmetric: operations } };
  const node = await startNode({ ring, clock, services });
  const server = measuredServer(node);
  const [tls, symmetric] = [await converseWith(node, 'EchoTls11'), await converseWith(node, 'EchoSymmetric')];
  return { families: families(server, { tls, symmetric }), rsaOperations: server.rsaOperations };
}
