import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { secretBytes } from '../crypto/secret-key.ts';
import { ConfigurationError, type SecureConversationError } from '../errors.ts';
import { type PrivateFileKind, wholeOf } from '../files/private-file.ts';
import { parseJson } from '../files/strict-json.ts';
import { type KekSource, noKek } from './kek.ts';
import { shortId } from './named-key.ts';
import type { KeyRecord, MachineKeyRecord, RingRecords } from './record.ts';
import { policyMembers, ringMembers } from './ring-members.ts';
import { unwrapRing, type Wrapping, wrapRing } from './wrapped-ring.ts';

/** What a ring is called in errors, and what its file must not be. */
export const ringKind: PrivateFileKind = {
  what: 'key ring',
  code: 'RING_INVALID',
  forbiddenMode: 0o077,
  missingHint: 'make one with "wssc keys create"',
};

/** What is needed beside a ring's text to read and write it. */
export interface RingAccess {
  /** KEKs: the first wraps, all unwrap. Default: none. */
  readonly keks?: KekSource;
  /** Default: the operating system's. */
  readonly random?: RandomSource;
}

/** An error that names the ring by its place: `key ring ring.json: …`. */
export function ringError(place: string, problem: string, hint?: string): SecureConversationError {
  return new ConfigurationError('RING_INVALID', `key ring ${place}: ${problem}`, hint === undefined ? {} : { hint });
}

/**
 * Reads a ring's text.
 * @param place names the ring in errors: its file, or its store
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function parseRing(text: string, place: string, { keks = noKek }: RingAccess = {}): RingRecords {
  const whole = wholeOf(ringKind, place);
  const value = parseJson(text, whole);
  const kek = kekOf(value);
  const plain = kek === undefined ? value : unwrapRing(value, keks(), whole);
  const { farm, generation, policy, keys, machineKeys } = ringMembers.read(plain, whole);
  return { farm, generation, kek, policy, keys, machineKeys };
}

function kekOf(value: unknown): string | undefined {
  const kek: unknown = Reflect.get(Object(value), 'kek');
  return typeof kek === 'string' ? kek : undefined;
}

/**
 * Writes a ring's text; one whose keys are wrapped is wrapped by the first KEK.
 * @throws {SecureConversationError} `RING_INVALID` where there is no KEK to wrap with
 */
export function writeRing(
  ring: RingRecords,
  place: string,
  { keks = noKek, random = systemRandom }: RingAccess,
): string {
  if (ring.kek === undefined) return formatRing(ring);
  const [kek] = keks();
  if (kek === undefined) throw ringError(place, 'its keys are to be wrapped, and no KEK was given');
  return formatRing(ring, { kek, random });
}

/** Writes a ring's text, with its keys in clear where nothing wraps them. */
export function formatRing({ farm, generation, policy, keys, machineKeys }: RingRecords, wrapping?: Wrapping): string {
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
  return `${JSON.stringify(wrapping === undefined ? ring : wrapRing(ring, wrapping), undefined, 2)}\n`;
}

function formatKey(record: KeyRecord) {
  return {
    id: record.id,
    created: utc(record.createdMs),
    issueFrom: utc(record.issueFromMs),
    issueUntil: utc(record.issueUntilMs),
    acceptUntil: utc(record.acceptUntilMs),
    revokedAt: record.revokedAtMs === undefined ? null : utc(record.revokedAtMs),
    key: secretBytes(record.key).toString('base64'),
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

/**
 * Checks that a ring may be written in the place of another.
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function checkSuccessor(present: RingRecords, next: RingRecords, place: string): void {
  if (present.farm !== next.farm) throw ringError(place, 'exists already, as the ring of another farm');
  if (next.generation <= present.generation) throw ringError(place, `has generation ${present.generation} already`);
}

/** What a node knows of the ring that it holds. */
export interface HeldRing {
  readonly ring: RingRecords;
  /** Ids of keys that were revoked or gone in any ring that the node has held. */
  readonly ended: ReadonlySet<string>;
}

/**
 * Checks that a node may take a ring in place of the one it holds.
 * @throws {SecureConversationError} `RING_INVALID` for another farm's ring, for an older generation, for another ring
 * of the same generation, and for one in which a key that has ended lives again, as where an older backup was gone on
 * from
 */
export function checkTaken({ ring: held, ended }: HeldRing, next: RingRecords, place: string): void {
  if (next.farm !== held.farm) throw ringError(place, `is the ring of farm ${next.farm}, not of ${held.farm}`);
  if (next.generation < held.generation)
    throw ringError(place, `its generation ${next.generation} is older than ${held.generation}, which is in use`);
  if (next.generation === held.generation && !isSameRing(held, next))
    throw ringError(place, `is another ring of generation ${next.generation} than the one in use`);
  const back = next.keys.find(({ id, revokedAtMs }) => revokedAtMs === undefined && ended.has(id));
  if (back !== undefined) throw ringError(place, `has the key ${shortId(back.id)} again, which has ended before`);
}

/** True for two rings that say the same, wrapped or not. A ring that is held has its keys in order of their times. */
function isSameRing(one: RingRecords, other: RingRecords): boolean {
  return formatRing(byId(one)) === formatRing(byId(other));
}

function byId(ring: RingRecords): RingRecords {
  const sorted = <T extends { readonly id: string }>(keys: readonly T[]) =>
    [...keys].sort((one, other) => (one.id < other.id ? -1 : 1));
  return { ...ring, keys: sorted(ring.keys), machineKeys: sorted(ring.machineKeys) };
}
