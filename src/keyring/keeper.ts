import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { SecureConversationError } from '../errors.ts';
import { callable, type Describes, object } from '../fields.ts';
import type { RingRecords } from './record.ts';
import { type KeyRing, keyRing } from './ring.ts';
import { checkSameFarm, formatRing, readRingFile } from './ring-file.ts';

export interface KeeperOptions {
  /** Gives the time, in milliseconds since the epoch. Default: `Date.now`. */
  readonly nowMs?: () => number;
  /** A number in [0, 1), for the jitter between nodes. Default: `Math.random`. */
  readonly random?: () => number;
  /** Called with each ring that takes the place of the last one. Default: none. */
  readonly onChange?: (ring: KeyRing) => void;
  /** Called when the file can't be used; the last good ring stays. Default: none. */
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
  nowMs: clockOption,
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
    means: "Called when the file can't be used; the last good ring stays.",
  },
} satisfies Describes<KeeperOptions>);

/** One node's view of the farm's ring. */
export interface RingKeeper {
  /** The last good ring. */
  ring(): KeyRing;
  /**
   * True where the ring was last read a propagation time ago or longer: there may be keys it does not know, so nothing
   * may be issued.
   */
  stale(): boolean;
  /**
   * Reads the file now, for the id of a key that the ring does not know; at most every 5 s, or every refresh time where
   * that is shorter, and once for each id as long as the ring is the same.
   * @param keyId as 16 hex digits, from anyone; the last 1,024 that were not found are remembered
   * @returns true where another ring came of it
   */
  refresh(keyId: string): boolean;
  close(): void;
}

const refreshGapMs = 5_000;
const maxUnknownIds = 1_024;
const settleMs = 20;

/**
 * Keeps a node's ring as its file is: read again when the file changes, and every refresh time less a random fifth. A
 * bad file, an older generation or another farm's ring changes nothing but is reported.
 * @throws {SecureConversationError} `RING_INVALID` where there is no good ring to begin with, `CONFIG_INVALID` for an
 * option that can't be
 */
export function keepRing(file: string, options: KeeperOptions = {}): RingKeeper {
  const { nowMs, random, onChange, onError } = keeperOptions.read(options, { of: 'openRing', path: '' });
  let ring = keyRing(readRingFile(file));
  let readMs = nowMs();
  let triedMs = readMs;

  /** What the ring does not know, as its file was seen not to. */
  const unknown = new LRUCache<string, true>({ max: maxUnknownIds });

  const reread = (): 'changed' | 'same' | 'unread' => {
    triedMs = nowMs();
    try {
      const records = readRingFile(file);
      checkSameFarm(ring, records, file);
      readMs = triedMs;
      if (isSame(ring, records)) return 'same';
      ring = keyRing(records);
      unknown.clear();
    } catch (error) {
      if (!(error instanceof SecureConversationError)) throw error;
      onError?.(error);
      return 'unread';
    }
    onChange?.(ring);
    return 'changed';
  };
  const stopPolling = poll(() => ring.policy.refreshMs * (1 - 0.2 * random()), reread);
  const stopWatching = watchFile(file, reread);

  return {
    ring: () => ring,
    stale: () => nowMs() - readMs >= ring.policy.propagateMs,
    refresh(keyId) {
      const isDue = Math.abs(nowMs() - triedMs) >= Math.min(refreshGapMs, ring.policy.refreshMs);
      if (!isDue || unknown.get(keyId)) return false;
      const outcome = reread();
      if (outcome === 'same') unknown.set(keyId, true);
      return outcome === 'changed';
    },
    close() {
      stopPolling();
      stopWatching();
    },
  };
}

/** A file that was only touched does not throw derived keys away. */
function isSame(ring: KeyRing, records: RingRecords): boolean {
  return formatRing(ring) === formatRing(records);
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

/** Watches the folder, because a rename gives the name to another file. Where that can't be done the poll is enough. */
function watchFile(file: string, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(file), { persistent: false });
  } catch {
    return () => {};
  }
  watcher.on('error', () => watcher.close());
  watcher.on('change', (_event, name) => {
    if (name !== null && String(name) !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(act, settleMs).unref();
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
