import { secretBytes } from '../crypto/secret-key.ts';
import { fileError, type PrivateFileKind, readPrivateFile, updatePrivateFile, wholeOf } from '../files/private-file.ts';
import { parseJson } from '../files/strict-json.ts';
import type { KeyRecord, MachineKeyRecord, RingRecords } from './record.ts';
import { type KeyRing, keyRing } from './ring.ts';
import { policyMembers, ringMembers } from './ring-members.ts';

const kind: PrivateFileKind = {
  what: 'key ring',
  code: 'RING_INVALID',
  forbiddenMode: 0o077,
  missingHint: 'make one with "wssc keys create"',
};

/**
 * Reads a ring file.
 * @throws {SecureConversationError} `RING_INVALID`, one sentence that names the file and the place in it
 */
export function readRingFile(file: string): RingRecords {
  return parseRing(readPrivateFile(file, kind), file);
}

/**
 * Reads a ring file as a snapshot to seal and open with.
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function openKeyRing(file: string): KeyRing {
  return keyRing(readRingFile(file));
}

/**
 * Writes a ring file whole, mode 0600. A ring that is there already is only replaced by a later generation of itself.
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function writeRingFile(file: string, ring: RingRecords): void {
  updatePrivateFile(file, kind, current => {
    if (current !== undefined) checkSuccessor(parseRing(current, file), ring, file);
    return formatRing(ring);
  });
}

/**
 * Changes a ring file; nobody else writes it in between.
 * @param change makes the next generation, or undefined to leave the file alone
 * @returns what was written
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function updateRingFile(
  file: string,
  change: (ring: RingRecords) => RingRecords | undefined,
): RingRecords | undefined {
  let next: RingRecords | undefined;
  updatePrivateFile(file, kind, current => {
    const ring = current === undefined ? readRingFile(file) : parseRing(current, file);
    next = change(ring);
    if (next === undefined) return undefined;
    checkSuccessor(ring, next, file);
    return formatRing(next);
  });
  return next;
}

/**
 * Checks that a ring may take the place of another.
 * @throws {SecureConversationError} `RING_INVALID` for another farm's ring and for an older generation
 */
export function checkSameFarm(loaded: RingRecords, next: RingRecords, file: string): void {
  if (next.farm !== loaded.farm) throw fileError(kind, file, `is the ring of farm ${next.farm}, not of ${loaded.farm}`);
  if (next.generation < loaded.generation)
    throw fileError(
      kind,
      file,
      `its generation ${next.generation} is older than ${loaded.generation}, which is in use`,
    );
}

function checkSuccessor(present: RingRecords, next: RingRecords, file: string): void {
  if (present.farm !== next.farm) throw fileError(kind, file, 'exists already, as the ring of another farm');
  if (next.generation <= present.generation)
    throw fileError(kind, file, `has generation ${present.generation} already`);
}

/**
 * Reads a ring file's text.
 * @param file names it in errors
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function parseRing(text: string, file: string): RingRecords {
  const whole = wholeOf(kind, file);
  const { farm, generation, policy, keys, machineKeys } = ringMembers.read(parseJson(text, whole), whole);
  return { farm, generation, policy, keys, machineKeys };
}

/** Writes a ring file's text. */
export function formatRing({ farm, generation, policy, keys, machineKeys }: RingRecords): string {
  const seconds = Object.entries(policyMembers.members).map(([name, { as }]) => [name, policy[as] / 1000]);
  const ring = {
    version: 1,
    farm,
    generation,
    kek: null,
    policy: Object.fromEntries(seconds),
    keys: keys.map(formatKey),
    ...(machineKeys.length === 0 ? {} : { machineKeys: machineKeys.map(formatMachineKey) }),
  };
  return `${JSON.stringify(ring, undefined, 2)}\n`;
}

function formatKey(record: KeyRecord) {
  return {
    id: record.id,
    created: utc(record.createdMs),
    issueFrom: utc(record.issueFromMs),
    issueUntil: utc(record.issueUntilMs),
    acceptUntil: utc(record.acceptUntilMs),
    revokedAt: record.revokedAtMs === undefined ? null : utc(record.revokedAtMs),
    key: Buffer.from(secretBytes(record.key)).toString('base64'),
  };
}

function formatMachineKey({ id, importedMs, validation, decryption, ...keys }: MachineKeyRecord) {
  return {
    id,
    imported: utc(importedMs),
    validation,
    decryption,
    validationKey: secretBytes(keys.validationKey).toString('base64'),
    decryptionKey: secretBytes(keys.decryptionKey).toString('base64'),
  };
}

function utc(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
