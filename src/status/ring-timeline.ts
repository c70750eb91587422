import { shortId } from '../keyring/named-key.ts';
import type { RingRecords } from '../keyring/record.ts';
import { type KeyState, keyState, ringPolicy, scheduleKeys } from '../keyring/schedule.ts';

/** A key with its times, milliseconds since the epoch. None of it is a secret. */
export interface TimelineKey {
  /** First 4 bytes of the id, as 8 hex digits. */
  readonly id4: string;
  readonly state: KeyState;
  readonly createdMs: number;
  readonly issueFromMs: number;
  /** Infinity for the last one: it issues until there is another. */
  readonly issuesUntilMs: number;
  /** Infinity where it issues for ever. */
  readonly opensUntilMs: number;
}

/** A key ring over time. */
export interface RingTimeline {
  readonly generation: number;
  /** Without those whose time is over, in the order in which they take over. */
  readonly keys: readonly TimelineKey[];
  /** When the next key takes over, or is meant to; undefined where none issues now. */
  readonly nextMs: number | undefined;
  /** The next key should be there by now, and is not. */
  readonly isDue: boolean;
}

/** The timeline of a ring. */
export function ringTimeline({ generation, keys, policy }: RingRecords, nowMs: number): RingTimeline {
  const { current, shouldCreate } = ringPolicy(keys, policy, nowMs);
  const schedules = scheduleKeys(keys, policy);
  const shown = schedules.map(schedule => ({ schedule, state: keyState(schedule, nowMs) }));
  const active = schedules.find(({ record }) => record === current);
  return {
    generation,
    keys: shown
      .filter(({ state }) => state !== 'destroyed')
      .map(({ schedule: { record, issuesUntilMs, acceptedUntilMs }, state }) => ({
        id4: shortId(record.id),
        state,
        createdMs: record.createdMs,
        issueFromMs: record.issueFromMs,
        issuesUntilMs,
        opensUntilMs: acceptedUntilMs,
      })),
    nextMs: active && (active.issuesUntilMs === Infinity ? active.record.issueUntilMs : active.issuesUntilMs),
    isDue: shouldCreate,
  };
}
