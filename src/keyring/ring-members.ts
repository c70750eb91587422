import { SecretKey } from '../crypto/secret-key.ts';
import { errorAt, type Field, failAt, firstTwice, itemOf, list, object, type Place, where, within } from '../fields.ts';
import { base64Bytes } from '../files/strict-json.ts';
import { decryptionNames, validationNames } from '../machine-key/algorithms.ts';
import { fittingKeys, machineKeyId } from '../machine-key/config.ts';
import { maxMachineKeys } from './machine-keys.ts';
import { isUnfitKey, type KeyRecord, keyId, type MachineKeyRecord, type RingPolicy } from './record.ts';

/*
 * A ring, JSON, version 1. A field that is not named here is refused; a change of meaning takes a new version.
 *
 * { "version": 1, "farm": 16 hex digits, "generation": 1…, "stateSchema": 1 (or not there),
 *   "kek": null; or the id of the KEK that wraps the keys: then each of them is longer, and "mac" the last (kek.ts),
 *   "policy": { "refreshS", "skewS", "propagateS", "issueS", "lifeS": seconds, fractions allowed },
 *   "keys": [{ "id": 16 hex digits, "created", "issueFrom", "issueUntil", "acceptUntil": UTC times,
 *              "revokedAt": UTC time or null, "key": base64 of 32 bytes }],
 *   "machineKeys": only where there are any, at most 4, the first one writes:
 * [{ "id": 16 hex digits, "imported": UTC time, "validation": "SHA1" | "HMACSHA256" | "HMACSHA384" | "HMACSHA512",
 *                "decryption": "AES" | "3DES", "validationKey", "decryptionKey": base64 }] }
 */

const maxKeys = 1000;
const maxPolicyS = 10 * 365 * 86_400;

/** Seconds, fractions allowed, as milliseconds. */
function seconds(least: number): Field<number> {
  const written = where<number>(
    { type: 'number', unit: 's', range: [least, maxPolicyS] },
    value => typeof value === 'number' && value >= least && value <= maxPolicyS,
    `must be a number of seconds${least === 0 ? '' : ' above 0'}`,
  );
  return { ...written, read: (value, place) => Math.round(written.read(value, place) * 1000) };
}

/** Reads the times of a schedule, each of which is there. */
export const policyMembers = object({
  refreshS: {
    is: seconds(0.001),
    required: true,
    as: 'refreshMs',
    means: 'A node reads the ring again this often at the latest.',
  },
  skewS: { is: seconds(0), required: true, as: 'skewMs', means: "The farm's clocks differ by no more." },
  propagateS: {
    is: seconds(0.001),
    required: true,
    as: 'propagateMs',
    means: 'A key is known to every node this long after it was made.',
  },
  issueS: { is: seconds(0.001), required: true, as: 'issueMs', means: 'A key is planned to issue this long.' },
  lifeS: { is: seconds(0.001), required: true, as: 'lifeMs', means: 'No token lives longer.' },
});

const policy: Field<RingPolicy> = {
  type: 'object',
  members: policyMembers.members,
  read(value, place) {
    const times = policyMembers.read(value, place);
    if (times.propagateMs < times.refreshMs) failAt(within(place, 'propagateS'), 'must not be shorter than refreshS');
    return times;
  },
};

const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** A UTC time, as milliseconds since the epoch. */
const time: Field<number> = {
  type: 'UTC time',
  read(value, place) {
    const timeMs = typeof value === 'string' && utcTime.test(value) ? Date.parse(value) : Number.NaN;
    // Date.parse takes 30 February for 1 March.
    const real = !Number.isNaN(timeMs) && new Date(timeMs).toISOString().slice(0, 19) === String(value).slice(0, 19);
    return real ? timeMs : failAt(place, 'must be a UTC time such as 2026-01-31T12:00:00Z');
  },
};

const timeOrNull: Field<number | undefined> = {
  type: 'UTC time, or null',
  read: (value, place) => (value === null ? undefined : time.read(value, place)),
};

const bytes: Field<Buffer> = {
  type: 'base64',
  read(value, place) {
    return base64Bytes(value) ?? failAt(place, 'must be base64');
  },
};

/** Zero, short and constant keys never get in (CVE-2020-13777: tickets sealed with an all-zero key). */
const keyBytes: Field<Buffer> = {
  type: 'base64',
  range: '32 bytes',
  read(value, place) {
    const read = base64Bytes(value);
    if (read?.length !== 32) return failAt(place, 'must be base64 of 32 bytes');
    if (isUnfitKey(read)) failAt(place, 'is not random, all its bytes are the same');
    return read;
  },
};

/** A name that is made of what it names, and compared with it. */
const id = where<unknown>({ type: '16 hex digits' }, () => true, '');

const keyMembers = object({
  id: { is: id, required: true, means: 'Names the key: first 8 bytes of SHA-256("kid" ‖ key).' },
  created: { is: time, required: true, as: 'createdMs', means: 'When it was made.' },
  issueFrom: { is: time, required: true, as: 'issueFromMs', means: 'When it begins to issue.' },
  issueUntil: { is: time, required: true, as: 'issueUntilMs', means: 'When it is planned to stop.' },
  acceptUntil: { is: time, required: true, as: 'acceptUntilMs', means: 'When it opens nothing any more.' },
  revokedAt: { is: timeOrNull, required: true, as: 'revokedAtMs', means: 'When it was taken out of use.' },
  key: { is: keyBytes, required: true, means: 'The key itself.' },
});

const key: Field<KeyRecord> = {
  type: 'key',
  members: keyMembers.members,
  read(value, place) {
    const { id: named, key: read, revokedAtMs, ...times } = keyMembers.read(value, place);
    if (named !== keyId(read)) failAt(within(place, 'id'), 'does not belong to the key');
    const record = { ...times, id: keyId(read), revokedAtMs, key: new SecretKey(read) };
    checkOrder(record, place);
    return record;
  },
};

function checkOrder(record: KeyRecord, place: Place): void {
  if (record.issueFromMs < record.createdMs) failAt(within(place, 'issueFrom'), 'must not be before created');
  if (record.issueUntilMs <= record.issueFromMs) failAt(within(place, 'issueUntil'), 'must be after issueFrom');
  if (record.acceptUntilMs < record.issueUntilMs) failAt(within(place, 'acceptUntil'), 'must not be before issueUntil');
}

/** Keys, each of them once. */
const keys: Field<readonly KeyRecord[]> = {
  type: 'list of keys',
  range: `1 to ${maxKeys}`,
  members: keyMembers.members,
  read(value, place) {
    if (!Array.isArray(value) || value.length === 0) failAt(place, 'must be a list of at least one key');
    if (value.length > maxKeys) failAt(place, `must be at most ${maxKeys} keys`);
    return eachOnce(list(key).read(value, place), place, 'is the same key as an earlier one');
  },
};

function eachOnce<T extends { readonly id: string }>(items: readonly T[], place: Place, problem: string): readonly T[] {
  const twice = firstTwice(items.map(item => item.id));
  return twice === -1 ? items : failAt(itemOf(place, twice), problem);
}

function algorithm<Name extends string>(names: readonly Name[]): Field<Name> {
  const [type, range] = ['text', names.join(', ')];
  return where<Name>({ type, range }, value => names.some(name => name === value), `must be one of ${range}`);
}

const machineKeyMembers = object({
  id: { is: id, required: true, means: 'Names the machineKey.' },
  imported: { is: time, required: true, as: 'importedMs', means: 'When it was imported.' },
  validation: { is: algorithm(validationNames), required: true, means: 'The MAC.' },
  decryption: { is: algorithm(decryptionNames), required: true, means: 'The cipher.' },
  validationKey: { is: bytes, required: true, means: 'Key of the MAC.' },
  decryptionKey: { is: bytes, required: true, means: 'Key of the cipher.' },
});

const machineKey: Field<MachineKeyRecord> = {
  type: 'machineKey',
  members: machineKeyMembers.members,
  read(value, place) {
    const { id: named, importedMs, validation, decryption, ...both } = machineKeyMembers.read(value, place);
    const settings = fittingKeys(both, { validation, decryption }, (name, problem) =>
      errorAt(within(place, name), problem),
    );
    const made = machineKeyId(settings);
    if (named !== made) failAt(within(place, 'id'), 'does not belong to the machineKey');
    return { ...settings, id: made, importedMs };
  },
};

const machineKeys: Field<readonly MachineKeyRecord[]> = {
  type: 'list of machineKeys',
  range: `1 to ${maxMachineKeys}`,
  members: machineKeyMembers.members,
  read(value, place) {
    if (!Array.isArray(value) || value.length === 0 || value.length > maxMachineKeys)
      failAt(place, `must be a list of 1 to ${maxMachineKeys} machineKeys`);
    return eachOnce(list(machineKey).read(value, place), place, 'is the same machineKey as an earlier one');
  },
};

const hexDigits = /^[0-9a-f]{16}$/;

/** Reads a ring. */
export const ringMembers = object({
  version: { is: where<1>({ type: '1' }, value => value === 1, 'must be 1'), required: true, means: 'Of this layout.' },
  farm: {
    is: where<string>(
      { type: '16 hex digits' },
      value => typeof value === 'string' && hexDigits.test(value),
      'must be 16 hex digits',
    ),
    required: true,
    means: "Made with the ring; bound into each seal, so that another farm's tokens never open.",
  },
  generation: {
    is: where<number>(
      { type: 'whole number', range: 'from 1' },
      value => Number.isSafeInteger(value) && Number(value) >= 1,
      'must be a whole number from 1',
    ),
    required: true,
    means: 'Grows with each change; nodes never go back to an older one.',
  },
  kek: {
    is: where<null>({ type: 'null' }, value => value === null, 'must be null, or 16 hex digits'),
    required: true,
    means: 'The keys are not wrapped by a KEK, or are no more: it is read before.',
  },
  stateSchema: {
    is: where<1>({ type: '1' }, value => value === 1, 'must be 1, the only schema that this release writes'),
    default: 1,
    means: "How nodes write the state that they seal. One that can't write it keeps its last good ring.",
  },
  policy: { is: policy, required: true, means: 'The schedule.' },
  keys: { is: keys, required: true, means: 'Keys that seal and open.' },
  machineKeys: {
    is: machineKeys,
    make: () => [],
    says: 'none',
    means: 'Imported from web.configs; the first one writes.',
  },
});
