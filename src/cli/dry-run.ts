/** A node that is tried out: all of it is read and made but its sockets and its stores. */
import { existsSync } from 'node:fs';
import { systemRandom } from '../crypto/random.ts';
import { keeperOf, type RingKeeper } from '../keyring/keeper.ts';
import { type ChosenRing, checkWrapped } from '../keyring/open-home.ts';
import { keyRing } from '../keyring/ring.ts';
import { openRing, openRingOptionsOf } from '../keyring/ring-source.ts';
import { createRing } from '../keyring/rotate.ts';
import { createEndpoint } from '../server/endpoint.ts';
import type { EndpointOptions } from '../server/endpoint-options.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { type ChosenStore, placeOf, storeSentence } from '../store/store-url.ts';
import { portLines } from './port-lines.ts';
import { refusedLines } from './refused-lines.ts';
import { givenKeks } from './ring-options.ts';
import type { ServeConfig } from './serve-config.ts';
import { print } from './terminal.ts';

/** What a node is made of. */
export interface TriedOut {
  readonly chosen: ChosenRing;
  /** The ring would be made where there is none. */
  readonly initRing: boolean;
  readonly store: ChosenStore;
  /** Base addresses that it would listen on. */
  readonly bases: readonly string[];
  readonly config: ServeConfig;
  readonly given: Omit<EndpointOptions, 'ring' | 'store'>;
}

/**
 * Makes a node's endpoint, and prints what it would do.
 * @throws {SecureConversationError} what the node would end with
 */
export async function tryOut({ chosen, initRing, store, bases, config, given }: TriedOut): Promise<void> {
  const { keeper, sentence } = await dryRing(chosen, initRing);
  try {
    const endpoint = createEndpoint({ ...given, ring: keeper, ...dryStore(store) });
    const { plans, leftOut } = endpoint;
    await endpoint.close();
    for (const line of [sentence, storeSentence(store)]) print(line);
    for (const base of bases) print(`would listen on ${base}`);
    for (const line of portLines(plans, bases, config)) print(line);
    for (const port of leftOut) for (const line of refusedLines(port, 'not served')) print(line);
  } finally {
    await keeper.close();
  }
}

/** A ring to try a node out with. */
interface DryRing {
  readonly keeper: RingKeeper;
  /** What is known of the node's own. */
  readonly sentence: string;
}

/**
 * The ring of a node, which is read where it is a file that is there; else one that is made up.
 * @throws {SecureConversationError} as the node would: `RING_INVALID`, `CONFIG_INVALID`
 */
async function dryRing(chosen: ChosenRing, initRing: boolean): Promise<DryRing> {
  const { place } = chosen;
  if (place instanceof URL) {
    checkWrapped(place, { keks: givenKeks(chosen) });
    return { keeper: madeUp(), sentence: `key ring ${placeOf(place)}: not looked at` };
  }
  if (initRing && !existsSync(place)) return { keeper: madeUp(), sentence: `key ring ${place}: would be made` };
  const keeper = openRing(place, { ...openRingOptionsOf(chosen), rotate: false });
  await keeper.ready;
  const { farm, generation } = keeper.ring();
  return { keeper, sentence: `key ring of farm ${farm}, generation ${generation}` };
}

function madeUp(): RingKeeper {
  return keeperOf(keyRing(createRing({ nowMs: Date.now(), random: systemRandom })));
}

/** A store with nothing in it in the place of one that the nodes share. */
function dryStore({ url }: ChosenStore): { readonly store?: Store } {
  return url === undefined ? {} : { store: { ...memoryStore({ clock: Date.now }), isOwn: false } };
}
