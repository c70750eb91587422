import { LRUCache } from 'lru-cache';
import { type Awaitable, after } from '../awaitable.ts';
import { refuse, SecureConversationError } from '../errors.ts';
import { callable, type Describes, object } from '../fields.ts';
import type { RingRecords } from './record.ts';
import { type KeyRing, keyRing } from './ring.ts';
import type { RingHome } from './ring-home.ts';
import { checkTaken } from './ring-text.ts';

export interface KeeperOptions {
  /** Gives the time, in milliseconds since the epoch. Default: `Date.now`. */
  readonly clock?: () => number;
  /** A number in [0, 1), for the jitter between nodes. Default: `Math.random`. */
  readonly random?: () => number;
  /** Called with each ring that takes the place of the last one. Default: none. */
  readonly onChange?: (ring: KeyRing) => void;
  /** Called when there is no ring that can be used; the last good one stays. Default: none. */
  readonly onError?: (error: SecureConversationError) => void;
}

/** How one is told of a clock. */
export const clockOption = {
  is: callable<() => number>(),
  make: () => Date.now,
  says: '`Date.now`',
  means: 'Gives the time, in milliseconds since the epoch.',
} as const;

/** Reads what is given of {@link KeeperOptions}. */
export const keeperOptions = object({
  clock: clockOption,
  random: {
    is: callable<() => number>(),
    make: () => Math.random,
    says: '`Math.random`',
    means: 'A number in [0, 1), for the jitter between nodes.',
  },
  onChange: {
    is: callable<(ring: KeyRing) => void>(),
    without: 'none',
    means: 'Called with each ring that takes the place of the last one.',
  },
  onError: {
    is: callable<(error: SecureConversationError) => void>(),
    without: 'none',
    means: 'Called when there is no ring that can be used; the last good one stays.',
  },
} satisfies Describes<KeeperOptions>);

/** One node's view of the farm's ring. */
export interface RingKeeper {
  /**
   * The last good ring.
   * @throws {SealingError} `RING_STALE` as long as there was none yet, which happens with a ring in a store alone
   */
  ring(): KeyRing;
  /**
   * True where the ring was last read a propagation time ago or longer, or never: there may be keys it does not know,
   * so nothing may be issued.
   */
  stale(): boolean;
  /** Milliseconds since the ring was last read; 0 where the clock was set back. */
  ageMs(): number;
  /**
   * Reads the ring now, for the id of a key that it does not know, or because it is stale; at most every 5 s, or every
   * refresh time where that is shorter, and once for each id as long as the ring is the same. Where it is read already,
   * that is waited for.
   * @param keyId as 16 hex digits, from anyone; the last 1,024 that were not found are remembered
   * @returns true where another ring came of it
   */
  refresh(keyId?: string): Awaitable<boolean>;
  /** Whether there is a ring. */
  hasRing(): boolean;
  /** Settles when there is a ring: at once for a ring in a file. */
  readonly ready: Promise<void>;
  close(): Awaitable<void>;
}

const refreshGapMs = 5_000;
/** A node without a ring looks this often, where its place does not tell. */
const emptyLookMs = 1_000;
const maxUnknownIds = 1_024;

/** What came of a look. */
type Outcome = 'changed' | 'same' | 'unread';

/**
 * Keeps a node's ring as it is where it is kept: read again when there is word that it changed, and every refresh time
 * less a random fifth. What can't be used, an older generation or another farm's ring changes nothing but is reported.
 * A file must hold a good ring from the beginning; a store may be empty or away, then the node waits for its ring.
 * @throws {SecureConversationError} `RING_INVALID` where a file has no good ring to begin with, `CONFIG_INVALID` for an
 * option that can't be
 */
export function keepRing(home: RingHome, options: KeeperOptions = {}): RingKeeper {
  const { clock, random, onChange, onError } = keeperOptions.read(options, { of: 'openRing', path: '' });
  let ring: KeyRing | undefined;
  let readMs = clock();
  let triedMs = 0;
  let looking: Promise<Outcome> | undefined;
  /** There was word of another ring while one was read. */
  let isHeard = false;
  let settleReady = () => {};
  const ready = new Promise<void>(resolve => {
    settleReady = resolve;
  });
  const ended = new Set<string>();
  /** What the ring does not know, as its home was seen not to. */
  const unknown = new LRUCache<string, true>({ max: maxUnknownIds });

  const isStale = () => ring === undefined || Math.abs(clock() - readMs) >= ring.policy.propagateMs;
  let said = '';
  let isSaidStale = false;

  const take = (records: RingRecords | undefined, sinceMs: number): Outcome => {
    if (records === undefined) throw emptyError(home.place);
    if (ring !== undefined) checkTaken({ ring, ended }, records, home.place);
    readMs = sinceMs;
    isSaidStale = false;
    // One of the same generation was found to be the same.
    if (ring?.generation === records.generation) return 'same';
    for (const id of endedIn(ring, records)) ended.add(id);
    ring = keyRing(records);
    unknown.clear();
    settleReady();
    return 'changed';
  };
  const told = (outcome: Outcome): Outcome => {
    if (outcome === 'changed' && ring !== undefined) onChange?.(ring);
    return outcome;
  };
  const failed = (error: unknown): Outcome => {
    if (!(error instanceof SecureConversationError)) throw error;
    // A node that waits for its ring looks often, and says each trouble once.
    if (ring !== undefined || error.message !== said) onError?.(error);
    said = error.message;
    if (ring !== undefined && isStale() && !isSaidStale) {
      isSaidStale = true;
      onError?.(staleError(home.place, ring));
    }
    return 'unread';
  };
  /** Reads once; what is at hand may throw. */
  const look = (): Awaitable<Outcome> => {
    triedMs = clock();
    const sinceMs = triedMs;
    const read = home.read();
    if (!(read instanceof Promise)) return take(read, sinceMs);
    looking = read
      .then(records => take(records, sinceMs))
      .catch(failed)
      .finally(() => {
        looking = undefined;
        if (isHeard) void reread();
        isHeard = false;
      });
    return looking;
  };
  /** A caller that asks while it is read gets the outcome of that reading. */
  const reread = (): Awaitable<Outcome> => {
    try {
      return looking ?? after(look(), told);
    } catch (error) {
      return failed(error);
    }
  };

  const first = look();
  if (first instanceof Promise) void first.then(told);
  const stopPolling = poll(
    () => (ring === undefined ? emptyLookMs : ring.policy.refreshMs * (1 - 0.2 * random())),
    () => void reread(),
  );
  const stopWatching = home.watch(() => {
    if (looking === undefined) void reread();
    else isHeard = true;
  });

  return {
    ring: () => ring ?? refuse('server', 'ring-missing'),
    stale: isStale,
    ageMs: () => Math.max(0, clock() - readMs),
    refresh(keyId) {
      if (ring === undefined) return false;
      if (keyId !== undefined && unknown.get(keyId)) return false;
      // Who comes while it is read waits for that, which costs nothing.
      if (looking !== undefined) return looking.then(outcome => outcome === 'changed');
      const isDue = Math.abs(clock() - triedMs) >= Math.min(refreshGapMs, ring.policy.refreshMs);
      if (!isDue) return false;
      return after(reread(), outcome => {
        if (outcome === 'same' && keyId !== undefined) unknown.set(keyId, true);
        return outcome === 'changed';
      });
    },
    hasRing: () => ring !== undefined,
    ready,
    close() {
      stopPolling();
      stopWatching();
    },
  };
}

/** Keys that a ring no longer has, and those that it revokes. */
function endedIn(held: RingRecords | undefined, next: RingRecords): string[] {
  const gone = held?.keys.filter(({ id }) => !next.keys.some(key => key.id === id)) ?? [];
  return [...gone, ...next.keys.filter(({ revokedAtMs }) => revokedAtMs !== undefined)].map(({ id }) => id);
}

function staleError(place: string, { policy }: RingRecords): SecureConversationError {
  const seconds = policy.propagateMs / 1_000;
  return new SecureConversationError(
    'RING_STALE',
    `key ring ${place}: was not read for ${seconds} s, so this node issues nothing until it is, and goes on opening`,
  );
}

function emptyError(place: string): SecureConversationError {
  return new SecureConversationError('RING_STALE', `key ring ${place}: there is none`, {
    hint: 'it is made by "wssc keys create", or by a node that is started with --init-ring',
  });
}

function poll(delayMs: () => number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(() => {
      act();
      next();
    }, delayMs()).unref();
  };
  next();
  return () => clearTimeout(timer);
}

/** Keeps a ring that stays as it is, and that nobody else has. */
export function keeperOf(ring: KeyRing): RingKeeper {
  return {
    ring: () => ring,
    stale: () => false,
    ageMs: () => 0,
    refresh: () => false,
    hasRing: () => true,
    ready: Promise.resolve(),
    close: () => {},
  };
}
