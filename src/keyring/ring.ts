import { secretBytes, wipeSecret } from '../crypto/secret-key.ts';
import { type MachineKey, openMachineKey } from '../machine-key/machine-key.ts';
import { hkdfExpand } from './hkdf.ts';
import { shortId } from './named-key.ts';
import type { KeyRecord, MachineKeyRecord, RingRecords } from './record.ts';
import { issuingKey, type KeySchedule, type KeyState, keyState, opens, scheduleKeys } from './schedule.ts';

/** A ring key ready for use. */
export interface RingKey extends KeyRecord {
  /** The id as the 8 bytes that stand in a sealed state. */
  readonly idBytes: Uint8Array;
  /**
   * The key for one purpose, derived once: HKDF-Expand(ring key, "soap-secure-conversation/purpose/" ‖ purpose, 32).
   * What is sealed for one purpose never opens for another.
   */
  purposeKey(purpose: string): Uint8Array;
}

/** A machineKey of the ring ready for use. */
export interface RingMachineKey extends MachineKeyRecord, MachineKey {}

/** The farm's keys as one immutable snapshot. */
export interface KeyRing extends RingRecords {
  readonly keys: readonly RingKey[];
  readonly machineKeys: readonly RingMachineKey[];
  /**
   * The key that issues at that time, or undefined. Where none does yet, it is the one that does within the clock
   * difference of the ring's policy.
   */
  current(nowMs: number): RingKey | undefined;
  /**
   * The key of that id (8 bytes, or 16 hex digits), where it may open at that time; undefined for unknown, destroyed
   * and revoked keys.
   */
  find(id: Uint8Array | string, nowMs: number): RingKey | undefined;
}

/** What of a key may be shown to anyone. */
export interface KeyDescription {
  /** First 4 bytes of the id, as 8 hex digits. */
  readonly id4: string;
  readonly state: KeyState;
  /** Seconds since the key was made. */
  readonly ageS: number;
}

/** Makes a ring's snapshot of its records. */
export function keyRing({ farm, generation, kek, policy, keys: records, machineKeys }: RingRecords): KeyRing {
  const entries = scheduleKeys(records, policy).map(schedule => ({ schedule, key: ringKey(schedule.record) }));
  const byId = new Map<string, (typeof entries)[number]>(entries.map(entry => [entry.key.id, entry]));
  return Object.freeze({
    farm,
    generation,
    kek,
    policy,
    keys: Object.freeze(entries.map(({ key }) => key)),
    machineKeys: Object.freeze(machineKeys.map(record => Object.freeze({ ...record, ...openMachineKey(record) }))),
    current(nowMs: number) {
      const judged = entries
        .filter(({ key }) => !wiped.has(key))
        .map(({ schedule, key }) => ({ record: key, state: keyState(schedule, nowMs) }));
      return issuingKey(judged, policy, nowMs);
    },
    find(id: Uint8Array | string, nowMs: number) {
      const entry = byId.get(typeof id === 'string' ? id : hex(id));
      return entry !== undefined && !wiped.has(entry.key) && opens(keyState(entry.schedule, nowMs))
        ? entry.key
        : undefined;
    },
  });
}

/** Names, states and ages of a ring's keys, for a status page or a log. */
export function describeKeys({ keys, policy }: RingRecords, nowMs: number): readonly KeyDescription[] {
  return scheduleKeys(keys, policy).map(schedule => description(schedule, nowMs));
}

function description(schedule: KeySchedule, nowMs: number): KeyDescription {
  const { id, createdMs } = schedule.record;
  return { id4: shortId(id), state: keyState(schedule, nowMs), ageS: Math.floor((nowMs - createdMs) / 1000) };
}

/** Keys that were wiped, and what wipes the others. */
const wiped = new WeakSet<RingKey>();
const wipers = new WeakMap<RingKey, () => void>();

/**
 * Overwrites the keys that a ring no longer has, with what was derived of them: who reads this process's memory later
 * opens nothing that they sealed. A snapshot that somebody still holds does not find them any more.
 */
export function wipeGone(previous: KeyRing, next: RingRecords): void {
  const isGone = (there: readonly { readonly id: string }[]) => (key: { readonly id: string }) =>
    !there.some(({ id }) => id === key.id);
  for (const key of previous.keys.filter(isGone(next.keys))) wipers.get(key)?.();
  for (const { validationKey, decryptionKey } of previous.machineKeys.filter(isGone(next.machineKeys)))
    for (const key of [validationKey, decryptionKey]) wipeSecret(key);
}

function ringKey(record: KeyRecord): RingKey {
  const purposes = new Map<string, Uint8Array>();
  const ready: RingKey = {
    ...record,
    idBytes: Buffer.from(record.id, 'hex'),
    purposeKey(purpose) {
      const known = purposes.get(purpose);
      if (known !== undefined) return known;
      const made = hkdfExpand(secretBytes(record.key), Buffer.from(`soap-secure-conversation/purpose/${purpose}`), 32);
      purposes.set(purpose, made);
      return made;
    },
  };
  wipers.set(ready, () => {
    wiped.add(ready);
    wipeSecret(record.key);
    for (const derived of purposes.values()) derived.fill(0);
    purposes.clear();
  });
  return Object.freeze(ready);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
