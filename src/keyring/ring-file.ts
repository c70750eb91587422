import { SecretKey, secretBytes } from '../crypto/secret-key.ts';
import type { SecureConversationError } from '../errors.ts';
import { fileError, type PrivateFileKind, readPrivateFile, updatePrivateFile } from '../files/private-file.ts';
import { jsonObject, jsonPlace, type Problem, parseJson } from '../files/strict-json.ts';
import { decryptionNames, validationNames } from '../machine-key/algorithms.ts';
import { fittingKeys, machineKeyId } from '../machine-key/config.ts';
import { maxMachineKeys } from './machine-keys.ts';
import {
  isUnfitKey,
  type KeyRecord,
  keyId,
  type MachineKeyRecord,
  type RingPolicy,
  type RingRecords,
} from './record.ts';
import { type KeyRing, keyRing } from './ring.ts';

/*
 * The ring file, JSON, version 1. A field that is not named here is refused; a change of meaning takes a new version.
 *
 * { "version": 1, "farm": 16 hex digits, "generation": 1…, "kek": null (no key wraps the ring keys),
 *   "policy": { "refreshS", "skewS", "propagateS", "issueS", "lifeS": seconds, fractions allowed },
 *   "keys": [{ "id": 16 hex digits, "created", "issueFrom", "issueUntil", "acceptUntil": UTC times,
 *              "revokedAt": UTC time or null, "key": base64 of 32 bytes }],
 *   "machineKeys": only where there are any, at most 4, the first one writes:
 * [{ "id": 16 hex digits, "imported": UTC time, "validation": "SHA1" | "HMACSHA256" | "HMACSHA384" | "HMACSHA512",
 *                "decryption": "AES" | "3DES", "validationKey", "decryptionKey": base64 }] }
 */

const kind: PrivateFileKind = {
  what: 'key ring',
  code: 'RING_INVALID',
  forbiddenMode: 0o077,
  missingHint: 'make one with "wssc keys create"',
};
const maxKeys = 1000;
const topFields = ['version', 'farm', 'generation', 'kek', 'policy', 'keys', 'machineKeys'] as const;

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
  const fail: Problem = (place, problem) => ringError(file, place, problem);
  const top = jsonObject(parseJson(text, fail), '', topFields, fail, ['machineKeys']);
  if (top.version !== 1) throw fail('version', 'must be 1');
  if (typeof top.farm !== 'string' || !/^[0-9a-f]{16}$/.test(top.farm)) throw fail('farm', 'must be 16 hex digits');
  if (!Number.isSafeInteger(top.generation) || Number(top.generation) < 1)
    throw fail('generation', 'must be a whole number from 1');
  if (top.kek !== null) throw fail('kek', 'must be null, wrapped keys are not supported');
  const policy = parsePolicy(top.policy, fail);
  return {
    farm: top.farm,
    generation: Number(top.generation),
    policy,
    keys: parseKeys(top.keys, fail),
    machineKeys: Object.hasOwn(top, 'machineKeys') ? parseMachineKeys(top.machineKeys, fail) : [],
  };
}

function ringError(file: string, place: string, problem: string): SecureConversationError {
  return fileError(kind, file, place === '' ? problem : `${place} ${problem}`);
}

const policyFields = {
  refreshS: 'refreshMs',
  skewS: 'skewMs',
  propagateS: 'propagateMs',
  issueS: 'issueMs',
  lifeS: 'lifeMs',
} as const satisfies Record<string, keyof RingPolicy>;
type PolicyField = keyof typeof policyFields;
const policyNames = Object.keys(policyFields) as PolicyField[];
const maxPolicyS = 10 * 365 * 86_400;

function parsePolicy(value: unknown, fail: Problem): RingPolicy {
  const fields = jsonObject(value, 'policy', policyNames, fail);
  const policy = Object.fromEntries(
    policyNames.map(name => [policyFields[name], milliseconds(fields[name], name, fail)]),
  );
  const { refreshMs = 0, propagateMs = 0 } = policy;
  if (propagateMs < refreshMs) throw fail('policy.propagateS', 'must not be shorter than refreshS');
  return policy as unknown as RingPolicy;
}

function milliseconds(seconds: unknown, name: PolicyField, fail: Problem): number {
  const valid =
    typeof seconds === 'number' && seconds <= maxPolicyS && (name === 'skewS' ? seconds >= 0 : seconds >= 0.001);
  if (!valid) throw fail(`policy.${name}`, `must be a number of seconds${name === 'skewS' ? '' : ' above 0'}`);
  return Math.round(seconds * 1000);
}

function parseKeys(value: unknown, fail: Problem): readonly KeyRecord[] {
  if (!Array.isArray(value) || value.length === 0) throw fail('keys', 'must be a list of at least one key');
  if (value.length > maxKeys) throw fail('keys', `must be at most ${maxKeys} keys`);
  const keys = value.map((item, index) => parseKey(item, jsonPlace('keys', index), fail));
  const ids = new Set<string>();
  for (const [index, { id }] of keys.entries()) {
    if (ids.has(id)) throw fail(jsonPlace('keys', index), 'is the same key as an earlier one');
    ids.add(id);
  }
  return keys;
}

const keyFields = ['id', 'created', 'issueFrom', 'issueUntil', 'acceptUntil', 'revokedAt', 'key'] as const;

function parseKey(value: unknown, place: string, fail: Problem): KeyRecord {
  const fields = jsonObject(value, place, keyFields, fail);
  const bytes = parseKeyBytes(fields.key, `${place}.key`, fail);
  if (fields.id !== keyId(bytes)) throw fail(`${place}.id`, 'does not belong to the key');
  const record = {
    id: fields.id,
    createdMs: parseTime(fields.created, `${place}.created`, fail),
    issueFromMs: parseTime(fields.issueFrom, `${place}.issueFrom`, fail),
    issueUntilMs: parseTime(fields.issueUntil, `${place}.issueUntil`, fail),
    acceptUntilMs: parseTime(fields.acceptUntil, `${place}.acceptUntil`, fail),
    revokedAtMs: fields.revokedAt === null ? undefined : parseTime(fields.revokedAt, `${place}.revokedAt`, fail),
    key: new SecretKey(bytes),
  };
  checkOrder(record, place, fail);
  return record;
}

function checkOrder(record: KeyRecord, place: string, fail: Problem): void {
  if (record.issueFromMs < record.createdMs) throw fail(`${place}.issueFrom`, 'must not be before created');
  if (record.issueUntilMs <= record.issueFromMs) throw fail(`${place}.issueUntil`, 'must be after issueFrom');
  if (record.acceptUntilMs < record.issueUntilMs) throw fail(`${place}.acceptUntil`, 'must not be before issueUntil');
}

/** Zero, short and constant keys never get in (CVE-2020-13777: tickets sealed with an all-zero key). */
function parseKeyBytes(value: unknown, place: string, fail: Problem): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length !== 32 || bytes.toString('base64') !== value) throw fail(place, 'must be base64 of 32 bytes');
  if (isUnfitKey(bytes)) throw fail(place, 'is not random, all its bytes are the same');
  return bytes;
}

function parseMachineKeys(value: unknown, fail: Problem): readonly MachineKeyRecord[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxMachineKeys)
    throw fail('machineKeys', `must be a list of 1 to ${maxMachineKeys} machineKeys`);
  const records = value.map((item, index) => parseMachineKeyRecord(item, jsonPlace('machineKeys', index), fail));
  const twice = records.findIndex(({ id }, index) => records.findIndex(other => other.id === id) < index);
  if (twice !== -1) throw fail(jsonPlace('machineKeys', twice), 'is the same machineKey as an earlier one');
  return records;
}

const machineKeyFields = ['id', 'imported', 'validation', 'decryption', 'validationKey', 'decryptionKey'] as const;

function parseMachineKeyRecord(value: unknown, place: string, fail: Problem): MachineKeyRecord {
  const fields = jsonObject(value, place, machineKeyFields, fail);
  const failWithin: Problem = (name, problem) => fail(`${place}.${name}`, problem);
  const algorithms = {
    validation: oneOf(validationNames, fields.validation, 'validation', failWithin),
    decryption: oneOf(decryptionNames, fields.decryption, 'decryption', failWithin),
  };
  const keys = {
    validationKey: parseBytes(fields.validationKey, 'validationKey', failWithin),
    decryptionKey: parseBytes(fields.decryptionKey, 'decryptionKey', failWithin),
  };
  const settings = fittingKeys(keys, algorithms, failWithin);
  const id = machineKeyId(settings);
  if (fields.id !== id) throw failWithin('id', 'does not belong to the machineKey');
  return { ...settings, id, importedMs: parseTime(fields.imported, `${place}.imported`, fail) };
}

function oneOf<Name extends string>(names: readonly Name[], value: unknown, place: string, fail: Problem): Name {
  const found = names.find(name => name === value);
  if (found === undefined) throw fail(place, `must be one of ${names.join(', ')}`);
  return found;
}

function parseBytes(value: unknown, place: string, fail: Problem): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.toString('base64') !== value) throw fail(place, 'must be base64');
  return bytes;
}

const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

function parseTime(value: unknown, place: string, fail: Problem): number {
  const timeMs = typeof value === 'string' && utcTime.test(value) ? Date.parse(value) : Number.NaN;
  // Date.parse takes 30 February for 1 March.
  const real = !Number.isNaN(timeMs) && new Date(timeMs).toISOString().slice(0, 19) === String(value).slice(0, 19);
  if (!real) throw fail(place, 'must be a UTC time such as 2026-01-31T12:00:00Z');
  return timeMs;
}

/** Writes a ring file's text. */
export function formatRing({ farm, generation, policy, keys, machineKeys }: RingRecords): string {
  const seconds = Object.fromEntries(policyNames.map(name => [name, policy[policyFields[name]] / 1000]));
  const ring = {
    version: 1,
    farm,
    generation,
    kek: null,
    policy: seconds,
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
