import { type ScryptOptions, scrypt } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';
import { failAt, within } from '../fields.ts';
import { fileError, type PrivateFileKind, readMountedFile, updatePrivateFile, wholeOf } from '../files/private-file.ts';
import { parseJson } from '../files/strict-json.ts';
import { type PasswordHash, type UserRecord, userName, userRoles, usersMembers } from './user-record.ts';

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
  forbiddenMode: 0o037,
  missingHint: 'make one with "wssc users add"',
};
/** Longest password that can be right. */
export const maxPasswordBytes = 1024;

const saltBytes = 16;
const hashBytes = 32;

/**
 * Reads a users file, which may be a link.
 * @throws {SecureConversationError} `USERS_INVALID`, one sentence that names the file and the place in it
 */
export function readUsersFile(file: string): readonly UserRecord[] {
  return parseUsers(readMountedFile(file, kind), file);
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
  const whole = wholeOf(kind, file);
  userName.read(name, within(whole, 'the name'));
  userRoles.read(roles, within(whole, 'the roles'));
  const passwordBytes = Buffer.byteLength(password);
  if (passwordBytes === 0 || passwordBytes > maxPasswordBytes)
    failAt(within(whole, 'the password'), `must have 1 to ${maxPasswordBytes} bytes`);
  const salt = random(saltBytes);
  const hash = await scryptHash(password, { ...cost, salt, hash: new Uint8Array(hashBytes) });
  updatePrivateFile(file, kind, current => {
    const users = current === undefined ? [] : parseUsers(current, file);
    if (users.some(user => user.name === name)) failAt(whole, `has a user ${JSON.stringify(name)} already`);
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
  const whole = wholeOf(kind, file);
  return usersMembers.read(parseJson(text, whole), whole).users;
}

function formatUsers(users: readonly UserRecord[]): string {
  return `${JSON.stringify({ version: 1, users: users.map(formatUser) }, undefined, 2)}\n`;
}

function formatUser({ name, scrypt: { N, r, p, salt, hash }, roles }: UserRecord) {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { name, scrypt: { N, r, p, salt: text(salt), hash: text(hash) }, roles };
}
