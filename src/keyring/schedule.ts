import { acceptedUntil, type KeyRecord, type RingPolicy } from './record.ts';

/**
 * - `pending`: known, opens, does not issue yet;
 * - `active`: issues and opens; at most one key at any instant;
 * - `retired`: opens what it once sealed;
 * - `destroyed`: past its time, neither;
 * - `revoked`: taken out of use by the operator, neither.
 *
 * A state never goes back: with growing time a key moves down this list only.
 */
export type KeyState = 'pending' | 'active' | 'retired' | 'destroyed' | 'revoked';

/** When one key issues and opens, given the other keys of its ring. */
export interface KeySchedule {
  readonly record: KeyRecord;
  /**
   * When the successor takes over: the issue time of the next key. Infinity for the last one, which issues on past its
   * own time.
   */
  readonly issuesUntilMs: number;
  /**
   * When it stops opening. It counts from the time the key really stopped issuing, where that is later than planned.
   */
  readonly acceptedUntilMs: number;
}

/** What a ring says at one instant. */
export interface RingView {
  /** The one key that issues ({@link issuingKey}), or undefined. */
  readonly current: KeyRecord | undefined;
  /** Keys that open: pending, active and retired ones. */
  readonly accepted: readonly KeyRecord[];
  /** The writer should make the next key now. */
  readonly shouldCreate: boolean;
  readonly states: ReadonlyMap<string, KeyState>;
}

/**
 * Plans each key's time, in the order in which the keys take over: by issue time, and of keys with the same issue time
 * the one with the lowest id wins.
 *
 * A key that was revoked after it had taken over stays in that order, so that its predecessor does not come back to
 * life; one that was revoked before never took over from anyone and stands at the head.
 */
export function scheduleKeys(keys: readonly KeyRecord[], policy: RingPolicy): readonly KeySchedule[] {
  const order = keys.filter(takesOver).sort(byTakeOver);
  const planned = order.map((record, index) => scheduled(record, order[index + 1]?.issueFromMs ?? Infinity, policy));
  const never = keys.filter(record => !takesOver(record)).map(record => scheduled(record, record.issueFromMs, policy));
  return [...never, ...planned];
}

function takesOver(record: KeyRecord): boolean {
  return record.revokedAtMs === undefined || record.revokedAtMs > record.issueFromMs;
}

function byTakeOver(a: KeyRecord, b: KeyRecord): number {
  return a.issueFromMs - b.issueFromMs || (a.id < b.id ? 1 : -1);
}

function scheduled(record: KeyRecord, issuesUntilMs: number, policy: RingPolicy): KeySchedule {
  return {
    record,
    issuesUntilMs,
    acceptedUntilMs: Math.max(record.acceptUntilMs, acceptedUntil(issuesUntilMs, policy)),
  };
}

/** State of one key. A revocation holds at once, whatever its time says: the writer's clock may be ahead. */
export function keyState({ record, issuesUntilMs, acceptedUntilMs }: KeySchedule, nowMs: number): KeyState {
  if (record.revokedAtMs !== undefined) return 'revoked';
  if (nowMs < record.issueFromMs) return 'pending';
  if (nowMs < issuesUntilMs) return 'active';
  return nowMs < acceptedUntilMs ? 'retired' : 'destroyed';
}

/** A key with its state. */
export interface JudgedKey<Key extends KeyRecord = KeyRecord> {
  readonly record: Key;
  readonly state: KeyState;
}

/**
 * The one key that issues: the active one. Where none is, the next one that would be by a clock that is ahead by no
 * more than the farm's clocks differ: a node whose clock is behind the one that made the ring need not wait for its
 * own.
 * @param judged keys in the order in which they take over
 */
export function issuingKey<Key extends KeyRecord>(
  judged: readonly JudgedKey<Key>[],
  { skewMs }: RingPolicy,
  nowMs: number,
): Key | undefined {
  const active = judged.find(({ state }) => state === 'active');
  const next = judged.find(({ record, state }) => state === 'pending' && record.issueFromMs <= nowMs + skewMs);
  return (active ?? next)?.record;
}

/** True for a key in a state that opens. */
export function opens(state: KeyState): boolean {
  return state === 'pending' || state === 'active' || state === 'retired';
}

/**
 * Judges a whole ring at one instant; a pure function of its records and the time.
 *
 * The next key is due twice the propagation time before the active one's issue time ends, so that it exists at least
 * one propagation time before it issues; and at once where no key issues.
 */
export function ringPolicy(keys: readonly KeyRecord[], policy: RingPolicy, nowMs: number): RingView {
  const judged = scheduleKeys(keys, policy).map(({ record, ...times }) => ({
    record,
    state: keyState({ record, ...times }, nowMs),
  }));
  const current = issuingKey(judged, policy, nowMs);
  const hasNext = judged.some(({ record, state }) => state === 'pending' && record !== current);
  return {
    current,
    accepted: judged.filter(({ state }) => opens(state)).map(({ record }) => record),
    shouldCreate: current === undefined || (!hasNext && nowMs >= current.issueUntilMs - 2 * policy.propagateMs),
    states: new Map(judged.map(({ record, state }) => [record.id, state])),
  };
}

/**
 * The keys without those whose time is over, which nothing needs any more; the last key's time is never over. An ended
 * key was followed so long ago that its going changes the state of no other.
 */
export function withoutEnded(keys: readonly KeyRecord[], policy: RingPolicy, nowMs: number): readonly KeyRecord[] {
  const live = scheduleKeys(keys, policy).filter(({ acceptedUntilMs }) => nowMs < acceptedUntilMs);
  const kept = new Set(live.map(({ record }) => record));
  return keys.filter(record => kept.has(record));
}
