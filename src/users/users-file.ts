import { type ScryptOptions, scrypt } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';
import type { SecureConversationError } from '../errors.ts';
import { fileError, type PrivateFileKind, readPrivateFile, updatePrivateFile } from '../files/private-file.ts';
import { jsonObject, jsonPlace, type Problem, parseJson } from '../files/strict-json.ts';

/*
 * The users file, JSON, version 1. A field that is not named here is refused.
 *
 * { "version": 1, "users": [{ "name", "scrypt": { "N", "r", "p", "salt": base64, "hash": base64 }, "roles": [] }] }
 */

/** A password's scrypt hash (RFC 7914) with what it was made with. */
export interface PasswordHash {
  /** Cost: a power of two, 1,024 to 1,048,576. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** One user of the users file. */
export interface UserRecord {
  readonly name: string;
  readonly scrypt: PasswordHash;
  readonly roles: readonly string[];
}

/** A user to be added. */
export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly roles: readonly string[];
}

/** Cost of new hashes: some 0.2 s and 16 MB each. */
export const defaultCost = Object.freeze({ N: 16_384, r: 8, p: 5 });

const kind: PrivateFileKind = {
  what: 'users file',
  code: 'USERS_INVALID',
  forbiddenMode: 0o022,
  missingHint: 'make one with "wssc users add"',
};
/** Longest password that can be right. */
export const maxPasswordBytes = 1024;

const saltBytes = 16;
const hashBytes = 32;
const maxTextBytes = 256;
const maxRoles = 64;

/**
 * Reads a users file.
 * @throws {SecureConversationError} `USERS_INVALID`, one sentence that names the file and the place in it
 */
export function readUsersFile(file: string): readonly UserRecord[] {
  return parseUsers(readPrivateFile(file, kind), file);
}

/**
 * Adds a user to a users file, and makes the file (mode 0600) where there is none.
 * @throws {SecureConversationError} `USERS_INVALID`, also where there is a user of that name
 */
export async function addUser(
  file: string,
  { name, password, roles }: NewUser,
  random: RandomSource,
  cost: Pick<PasswordHash, 'N' | 'r' | 'p'> = defaultCost,
): Promise<void> {
  const fail: Problem = (place, problem) => usersError(file, place, problem);
  checkText(name, 'the name', fail);
  checkRoles(roles, 'the roles', fail);
  const passwordBytes = Buffer.byteLength(password);
  if (passwordBytes === 0 || passwordBytes > maxPasswordBytes)
    throw fail('the password', `must have 1 to ${maxPasswordBytes} bytes`);
  const salt = random(saltBytes);
  const hash = await scryptHash(password, { ...cost, salt, hash: new Uint8Array(hashBytes) });
  updatePrivateFile(file, kind, current => {
    const users = current === undefined ? [] : parseUsers(current, file);
    if (users.some(user => user.name === name)) throw fail('', `has a user ${JSON.stringify(name)} already`);
    return formatUsers([...users, { name, scrypt: { ...cost, salt, hash }, roles }]);
  });
}

/**
 * Removes a user from a users file. Conversations that the user has go on until they end.
 * @throws {SecureConversationError} `USERS_INVALID`, also where there is no such user
 */
export function removeUser(file: string, name: string): void {
  updatePrivateFile(file, kind, current => {
    const users = current === undefined ? readUsersFile(file) : parseUsers(current, file);
    const rest = users.filter(user => user.name !== name);
    if (rest.length === users.length) throw fileError(kind, file, `has no user ${JSON.stringify(name)}`);
    return formatUsers(rest);
  });
}

/**
 * Names and roles of a users file's users.
 * @throws {SecureConversationError} `USERS_INVALID`
 */
export function listUsers(file: string): readonly Pick<UserRecord, 'name' | 'roles'>[] {
  return readUsersFile(file).map(({ name, roles }) => ({ name, roles }));
}

/** What scrypt is told beside password and salt. */
export function scryptOptions({ N, r, p }: Pick<PasswordHash, 'N' | 'r' | 'p'>): ScryptOptions {
  return { N, r, p, maxmem: 128 * r * (N + p) * 2 };
}

/** Hashes a password with the parameters of a known hash, off the main thread. */
export function scryptHash(password: string, { N, r, p, salt, hash }: PasswordHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, scryptOptions({ N, r, p }), (error, made) =>
      error ? reject(error) : resolve(made),
    );
  });
}

function parseUsers(text: string, file: string): readonly UserRecord[] {
  const fail: Problem = (place, problem) => usersError(file, place, problem);
  const top = jsonObject(parseJson(text, fail), '', ['version', 'users'], fail);
  if (top.version !== 1) throw fail('version', 'must be 1');
  if (!Array.isArray(top.users)) throw fail('users', 'must be a list');
  const users = top.users.map((item, index) => parseUser(item, jsonPlace('users', index), fail));
  const names = new Set<string>();
  for (const [index, { name }] of users.entries()) {
    if (names.has(name)) throw fail(`${jsonPlace('users', index)}.name`, 'is the name of an earlier user');
    names.add(name);
  }
  return users;
}

function usersError(file: string, place: string, problem: string): SecureConversationError {
  return fileError(kind, file, place === '' ? problem : `${place} ${problem}`);
}

function parseUser(value: unknown, place: string, fail: Problem): UserRecord {
  const { name, scrypt: hashed, roles } = jsonObject(value, place, ['name', 'scrypt', 'roles'], fail);
  checkText(name, `${place}.name`, fail);
  checkRoles(roles, `${place}.roles`, fail);
  return { name, scrypt: parseHash(hashed, `${place}.scrypt`, fail), roles };
}

function parseHash(value: unknown, place: string, fail: Problem): PasswordHash {
  const { N, r, p, salt, hash } = jsonObject(value, place, ['N', 'r', 'p', 'salt', 'hash'], fail);
  const cost = {
    N: wholeNumber(N, [1_024, 1_048_576], `${place}.N`, fail),
    r: wholeNumber(r, [1, 32], `${place}.r`, fail),
    p: wholeNumber(p, [1, 16], `${place}.p`, fail),
  };
  if ((cost.N & (cost.N - 1)) !== 0) throw fail(`${place}.N`, 'must be a power of two');
  return { ...cost, salt: base64(salt, 8, `${place}.salt`, fail), hash: base64(hash, 16, `${place}.hash`, fail) };
}

function wholeNumber(value: unknown, [min, max]: readonly [number, number], place: string, fail: Problem): number {
  const valid = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  if (!valid) throw fail(place, `must be a whole number, ${min} to ${max}`);
  return value;
}

function base64(value: unknown, minBytes: number, place: string, fail: Problem): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length < minBytes || bytes.length > 128 || bytes.toString('base64') !== value)
    throw fail(place, `must be base64 of ${minBytes} to 128 bytes`);
  return bytes;
}

function checkText(value: unknown, place: string, fail: Problem): asserts value is string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.alloc(0);
  if (bytes.length === 0 || bytes.length > maxTextBytes || bytes.toString('utf8') !== value || /\p{Cc}/u.test(value))
    throw fail(place, `must be a text of 1 to ${maxTextBytes} bytes without control characters`);
}

function checkRoles(value: unknown, place: string, fail: Problem): asserts value is readonly string[] {
  if (!Array.isArray(value) || value.length > maxRoles)
    throw fail(place, `must be a list of at most ${maxRoles} roles`);
  for (const [index, role] of value.entries()) checkText(role, jsonPlace(place, index), fail);
}

function formatUsers(users: readonly UserRecord[]): string {
  return `${JSON.stringify({ version: 1, users: users.map(formatUser) }, undefined, 2)}\n`;
}

function formatUser({ name, scrypt: { N, r, p, salt, hash }, roles }: UserRecord) {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { name, scrypt: { N, r, p, salt: text(salt), hash: text(hash) }, roles };
}
