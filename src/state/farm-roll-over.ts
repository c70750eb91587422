import { type Awaitable, after, recovered } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import { StoreUnavailable } from '../errors.ts';
import { latestEntries } from '../latest-entries.ts';
import { hearTopic } from '../store/heard-topic.ts';
import type { Store } from '../store/store.ts';
import { type LatestInstance, type RollOver, rollOver } from './roll-over.ts';

/*
 * Records of the topic `renewed`, in a store that nodes share:
 *
 *   renewed/IDENTIFIER  renewals, since, until: numbers in digits with blanks between them. The latest Instance that
 *                       has been in use, by its number of renewals; when it was first; when the conversation ends
 */

/** Which Instances of renewed conversations have been in use at any node that has the store. */
export interface FarmRollOver extends Pick<RollOver, 'use' | 'isReplaced'> {
  /** To be waited for before an Instance is used that was not in use here: this node may not have heard of another. */
  learn(id: string, nowMs: number): Awaitable<void>;
  /** To be waited for before a renewal: asks the store, whatever was heard. */
  ask(id: string): Awaitable<void>;
}

export interface FarmRollOverOptions {
  readonly store: Store;
  /** How long an Instance may be used after the first use of the next one. */
  readonly windowMs: number;
  /** Renewed conversations that are remembered where nobody else has the store. */
  readonly maxOwn: number;
  /** Those that are remembered in this process where others have it; of those beyond it the store is asked. */
  readonly maxShared: number;
  /** How far the farm's clocks differ. */
  readonly skewMs: () => number;
  readonly random: RandomSource;
}

const topic = 'renewed';
/** What could not be written is tried again with a use that is so much later. */
const retryMs = 5_000;
/** Uses that are remembered until they can be told, of the latest ones. */
const maxUntold = 10_000;
/** Nodes that write the use of one conversation at the same time. */
const maxTries = 16;

/**
 * The roll-over of a farm: each node hears from the store which Instances have been in use at others, and tells of
 * those at itself without waiting for it. While the store is down it goes on with what it knows: a renewal that is
 * refused ends the session of a WCF client for good. In a store that is this process's own nothing has to be told.
 */
export function farmRollOver(options: FarmRollOverOptions): FarmRollOver {
  const { store, windowMs, maxOwn, maxShared, skewMs, random } = options;
  if (store.isOwn) return { ...rollOver(windowMs, maxOwn), learn: () => {}, ask: () => {} };
  const untold = latestEntries<Untold>(maxUntold);
  const tell = (id: string, latest: LatestInstance, nowMs = latest.sinceMs) => {
    untold.set(id, { latest, againMs: nowMs + retryMs });
    writeLatest(store, id, { ...latest, untilMs: latest.untilMs + skewMs() }).then(
      () => untold.delete(id),
      // A store says by itself that it is down.
      () => {},
    );
  };
  const instances = rollOver(windowMs, maxShared, tell);
  const take = (id: string, value: Uint8Array) => {
    const latest = parseLatest(value);
    if (latest !== undefined) instances.heard(id, latest);
  };
  const { isComplete } = hearTopic(store, topic, {
    hear({ key, record }) {
      if (record !== undefined) take(key.slice(topic.length + 1), record.value);
    },
    clock: Date.now,
    random,
  });
  const ask = (id: string): Awaitable<void> =>
    recovered(
      () => after(store.get(keyOf(id)), record => record && take(id, record.value)),
      () => {},
    );
  return {
    use(context, nowMs) {
      const late = untold.get(context.id);
      if (late !== undefined && nowMs >= late.againMs) tell(context.id, late.latest, nowMs);
      return instances.use(context, nowMs);
    },
    isReplaced: instances.isReplaced,
    learn: (id, nowMs) => (isComplete() && !instances.isOverfull(nowMs) ? undefined : ask(id)),
    ask,
  };
}

/** An Instance whose use the store may not know of yet. */
interface Untold {
  readonly latest: LatestInstance;
  /** With a use so late it is told again. */
  readonly againMs: number;
}

/** Writes the latest Instance of a conversation; a later one that is there already stays. */
async function writeLatest(store: Store, id: string, latest: LatestInstance): Promise<void> {
  const { renewals, sinceMs, untilMs } = latest;
  const value = Buffer.from(`${renewals} ${sinceMs} ${untilMs}`);
  for (let tries = 0; tries < maxTries; tries += 1) {
    const record = await store.get(keyOf(id));
    const there = record && parseLatest(record.value);
    if (there !== undefined && there.renewals >= renewals) return;
    const written = await store.put(keyOf(id), value, { untilMs, ifVersion: record?.version ?? 0 });
    if (typeof written === 'number') return;
  }
  throw new StoreUnavailable('others write the same record, or it has no room');
}

function keyOf(id: string): string {
  return `${topic}/${id}`;
}

const form = /^([1-9]\d{0,4}) ([1-9]\d{0,15}) ([1-9]\d{0,15})$/;
const maxValueChars = 40;

/** Undefined for bytes that say nothing of the kind. */
function parseLatest(value: Uint8Array): LatestInstance | undefined {
  const text = value.byteLength > maxValueChars ? '' : Buffer.from(value).toString('latin1');
  const found = form.exec(text);
  if (found === null) return undefined;
  const [renewals, sinceMs, untilMs] = found.slice(1).map(Number) as [number, number, number];
  return { renewals, sinceMs, untilMs };
}
