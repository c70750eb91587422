import { setTimeout } from 'node:timers/promises';
import { systemRandom } from '../crypto/random.ts';
import { type SecureConversationError, StoreUnavailable } from '../errors.ts';
import { callable, type Describes, flag, object, text, where } from '../fields.ts';
import { givenAuthorities } from '../store/trusted-authorities.ts';
import { type KeeperOptions, keeperOptions, keepRing, type RingKeeper } from './keeper.ts';
import { type KekSource, keksOf } from './kek.ts';
import { type ChosenRing, openHome } from './open-home.ts';
import { type KeyRing, wipeGone } from './ring.ts';
import type { RingHome } from './ring-home.ts';
import { createRing } from './rotate.ts';
import { rotateByItself } from './rotator.ts';

/** A ring file, which is then kept as it is written, or a ring that is open already: what {@link openRing} gives. */
export type RingSource = string | RingKeeper;

/** Options of {@link openRing}. */
export interface OpenRingOptions extends KeeperOptions {
  /** The KEK that wraps the ring's keys: base64 of 32 bytes or hex digits. Default: that of `kekFile`. */
  readonly kek?: string;
  /** A file with the KEK, read again each time that the ring is. Default: the keys are not wrapped. */
  readonly kekFile?: string;
  /** CA certificates that are trusted for TLS to the ring's store (PEM). Default: those of `caFile`. */
  readonly ca?: string;
  /** A file with them in the place of `ca`, read again for each connection. Default: Node's own. */
  readonly caFile?: string;
  /** Makes a ring where there is none, once for all nodes that do. Default: false. */
  readonly initRing?: boolean;
  /** Makes the next key when it is due; any number of nodes may. Default: `true` for a ring in a store. */
  readonly rotate?: boolean;
  /** Told in a sentence of troubles with the ring's store, and of their end. Default: a warning of the process. */
  readonly onEvent?: (sentence: string) => void;
}

/** Reads what is given of {@link OpenRingOptions}. */
export const openRingOptions = object({
  ...keeperOptions.members,
  kek: {
    is: text,
    without: 'that of `kekFile`',
    means: "The KEK that wraps the ring's keys: base64 of 32 bytes or hex digits.",
  },
  kekFile: {
    is: text,
    without: 'the keys are not wrapped',
    means: 'A file with the KEK, read again each time that the ring is.',
  },
  ca: {
    is: text,
    without: 'those of `caFile`',
    means: "CA certificates that are trusted for TLS to the ring's store (PEM).",
  },
  caFile: {
    is: text,
    without: "Node's own",
    means: 'A file with them in the place of `ca`, read again for each connection.',
  },
  initRing: { is: flag, default: false, means: 'Makes a ring where there is none, once for all nodes that do.' },
  rotate: {
    is: flag,
    without: '`true` for a ring in a store',
    means: 'Makes the next key when it is due; any number of nodes may.',
  },
  onEvent: {
    is: callable<(sentence: string) => void>(),
    without: 'a warning of the process',
    means: "Told in a sentence of troubles with the ring's store, and of their end.",
  },
} satisfies Describes<OpenRingOptions>);

/**
 * Opens a key ring for several uses in one process: it is watched once, and `close()` ends that.
 * @param source a ring file, or the URL of a store that has the ring, with its password; a ring that is open already is
 * given back as it is
 * @throws {SecureConversationError} `RING_INVALID` where a file or a KEK can't be used, `CONFIG_INVALID` for an option
 * or a URL that can't be, `STORE_INVALID` for a store that can't be opened
 */
export function openRing(source: string | URL | RingKeeper, options: OpenRingOptions = {}): RingKeeper {
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const settings = openRingOptions.read(options, { of: 'openRing', path: '' });
  const { clock, onEvent, initRing, rotate = source instanceof URL, onError = () => {} } = settings;
  const keks = keksOf(settings, 'kek');
  const home = openHome(
    source,
    { keks },
    { ...givenAuthorities(settings), ...(onEvent === undefined ? {} : { onEvent }) },
  );
  const ended = new AbortController();
  if (initRing) initialise({ home, keks, clock, signal: ended.signal });
  const { random, onChange = () => {} } = settings;
  let held: KeyRing | undefined;
  const changed = (ring: KeyRing) => {
    if (held !== undefined) wipeGone(held, ring);
    held = ring;
    onChange(ring);
  };
  const keeper = keepRing(home, { clock, random, onError, onChange: changed });
  // The first one is known before anything is told of the next.
  void keeper.ready.then(() => (held ??= keeper.ring()));
  const stopRotating = rotate ? rotateByItself({ home, keeper, clock, random: systemRandom, onError }) : () => {};
  return {
    ...keeper,
    async close() {
      ended.abort();
      stopRotating();
      keeper.close();
      await home.close();
    },
  };
}

/** A chosen ring as {@link openRing} is told of it, beside its place. */
export function openRingOptionsOf({
  caFile,
  kek,
  kekFile,
}: Omit<ChosenRing, 'place'>): Pick<OpenRingOptions, 'caFile' | 'kek' | 'kekFile'> {
  return {
    ...givenAuthorities({ caFile }),
    ...(kek === undefined ? {} : { kek }),
    ...(kekFile === undefined ? {} : { kekFile }),
  };
}

/**
 * Opens a ring as a process does that is started: with word of what was found at first. A store may be empty or away,
 * then the process waits for its ring, as `onError` says.
 * @throws {SecureConversationError} as {@link openRing}, and `RING_INVALID` for a ring in a store that can't be used
 */
export async function startRing(source: string | URL, options: OpenRingOptions): Promise<RingKeeper> {
  let found: (error?: SecureConversationError) => void = () => {};
  const first = new Promise<SecureConversationError | undefined>(resolve => {
    found = resolve;
  });
  const keeper = openRing(source, {
    ...options,
    onError(error) {
      found(error);
      options.onError?.(error);
    },
  });
  void keeper.ready.then(() => found());
  const error = await first;
  if (error?.code !== 'RING_INVALID') return keeper;
  await keeper.close();
  throw error;
}

interface Initialising {
  readonly home: RingHome;
  readonly keks: KekSource;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

const retryMs = 1_000;

/** Makes a ring where there is none; of several nodes that do so at once one makes it, and the others find it. */
function initialise({ home, keks, clock, signal }: Initialising): void {
  const make = () =>
    home.change(present =>
      present === undefined ? createRing({ nowMs: clock(), random: systemRandom, kek: keks()[0]?.id }) : undefined,
    );
  const again = async () => {
    while (!signal.aborted) {
      await setTimeout(retryMs, undefined, { signal, ref: false }).catch(() => {});
      // What is wrong with the store or the ring is told by the keeper that reads it.
      if (await Promise.resolve(make()).then(isDone, isInvalid)) return;
    }
  };
  const made = make();
  if (made instanceof Promise) void made.then(isDone, isInvalid).then(done => (done ? undefined : again()));
}

const isDone = () => true;
const isInvalid = (error: unknown) => !(error instanceof StoreUnavailable);

/** What `ring` means for what is used as long as the process lives. */
export const ringMeans =
  'Key ring file of the farm, watched as long as the process lives; or a ring that is open, for several uses.';

/** A ring file, or a ring that is open: a snapshot would never be read again. */
export const ringSource = where<RingSource>(
  { type: 'path, or what `openRing` gives' },
  value => (typeof value === 'string' && value !== '') || isOpen(value),
  'must be the path of a key ring file, or what openRing gives',
);

function isOpen(value: unknown): value is RingKeeper {
  return typeof value === 'object' && value !== null && 'ring' in value && typeof value.ring === 'function';
}
