import { setTimeout } from 'node:timers/promises';
import type { RandomSource } from '../crypto/random.ts';
import { SecureConversationError } from '../errors.ts';
import type { RingKeeper } from './keeper.ts';
import type { RingPolicy } from './record.ts';
import type { RingHome } from './ring-home.ts';
import { nextRing } from './writer.ts';

/** Options of {@link rotateByItself}. */
export interface RotatorOptions {
  readonly home: RingHome;
  readonly keeper: Pick<RingKeeper, 'ring' | 'ready'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: RandomSource;
  /** Told of a ring that can't be read or written now; it is tried again. */
  readonly onError: (error: SecureConversationError) => void;
}

/** Longest wait between two looks at the ring. */
const longestMs = 60_000;
/** Longer than a look and a write take; where its holder sleeps, the next look of another node is after it. */
const leaseMs = 10_000;

/**
 * Rotates a ring as long as the process lives: makes the next key when it is due and drops keys whose time is over. Any
 * number of nodes may do so. It looks as often as the ring itself tells the nodes to, so that a compressed schedule is
 * kept too.
 * @returns ends it
 */
export function rotateByItself(options: RotatorOptions): () => void {
  const ended = new AbortController();
  void rotating(options, ended.signal);
  return () => ended.abort();
}

async function rotating(options: RotatorOptions, signal: AbortSignal): Promise<void> {
  const { keeper, onError } = options;
  await keeper.ready;
  while (!signal.aborted) {
    try {
      await rotateWhereDue(options);
    } catch (error) {
      if (!(error instanceof SecureConversationError)) throw error;
      onError(error);
    }
    await setTimeout(waitMs(keeper.ring().policy), undefined, { signal, ref: false }).catch(() => {});
  }
}

/**
 * Does for a ring what is due now. The lease lets one node do the work; what makes it the only one that did is the ring
 * that the other finds when it writes.
 */
async function rotateWhereDue({ home, keeper, clock, random }: RotatorOptions): Promise<void> {
  const found = await home.read();
  const held = keeper.ring();
  if (found === undefined || nextRing(found, held, clock(), random) === undefined) return;
  if (!(await home.lease(found.generation, clock() + Math.min(leaseMs, waitMs(held.policy))))) return;
  await home.change(present => nextRing(present, keeper.ring(), clock(), random));
}

/**
 * A key is due two propagation times ahead and must be there one ahead: half of what is between leaves room for a
 * second try.
 */
function waitMs({ refreshMs, propagateMs }: RingPolicy): number {
  return Math.min(refreshMs, propagateMs / 2, longestMs);
}
