/** A node that is tried out: all of it is read and made but its sockets and its stores. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { keeperOf, type RingKeeper } from '../keyring/keeper.ts';
import { type ChosenRing, checkWrapped } from '../keyring/open-home.ts';
import { keyRing } from '../keyring/ring.ts';
import { openRing, openRingOptionsOf } from '../keyring/ring-source.ts';
import { createRing } from '../keyring/rotate.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { type ChosenStore, placeOf, storeSentence } from '../store/store-url.ts';
import { givenKeks } from './ring-options.ts';
import { print } from './terminal.ts';

/** What of a command is tried out. */
export interface TriedOut {
  readonly chosen: ChosenRing;
  /** The ring would be made where there is none. */
  readonly initRing: boolean;
  readonly store: ChosenStore;
  /** Makes what the command serves with, and says what it would do. */
  readonly make: (parts: DryParts) => MadeDry;
}

/** What stands in the place of the ring and the store. */
export interface DryParts {
  readonly ring: RingKeeper;
  readonly store?: Store;
}

/** What was made, and does not listen. */
export interface MadeDry {
  /** What it would do. */
  readonly lines: readonly string[];
  close(): Promise<unknown>;
}

/** Adds `--dry-run`. */
export function addDryRun(command: Command): Command {
  return command.option('--dry-run', 'read all that the node needs, say what it would do, and end; no port is opened');
}

/**
 * Makes what a command would serve with, and prints what it would do.
 * @param file configuration
 * @throws {SecureConversationError} what the command would end with
 */
export async function tryOut(file: string, { chosen, initRing, store, make }: TriedOut): Promise<void> {
  const { keeper, sentence } = await dryRing(chosen, initRing);
  try {
    const { lines, close } = make({ ring: keeper, ...dryStore(store) });
    await close();
    for (const line of [sentence, storeSentence(store), ...lines]) print(line);
  } finally {
    await keeper.close();
  }
  print(`${file}: a node starts with it; no port was opened, and no store was asked`);
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
