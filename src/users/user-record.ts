import { type Field, failAt, firstTwice, itemOf, list, object, where, within } from '../fields.ts';
import { base64Bytes } from '../files/strict-json.ts';

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

const maxTextBytes = 256;
const maxRoles = 64;

/** A name, of a user or a role. */
export const userName = where<string>(
  { type: 'text', range: `1 to ${maxTextBytes} bytes without control characters` },
  isName,
  `must be a text of 1 to ${maxTextBytes} bytes without control characters`,
);

function isName(value: unknown): boolean {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.alloc(0);
  return bytes.length > 0 && bytes.length <= maxTextBytes && bytes.toString('utf8') === value && !/\p{Cc}/u.test(value);
}

const names = list(userName);

/** The roles of a user. */
export const userRoles: Field<readonly string[]> = {
  ...names,
  range: `at most ${maxRoles}`,
  read: (value, place) =>
    Array.isArray(value) && value.length <= maxRoles
      ? names.read(value, place)
      : failAt(place, `must be a list of at most ${maxRoles} roles`),
};

function wholeNumber(least: number, most: number): Field<number> {
  return where<number>(
    { type: 'whole number', range: [least, most] },
    value => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `must be a whole number, ${least} to ${most}`,
  );
}

const cost: Field<number> = {
  ...wholeNumber(1_024, 1_048_576),
  read(value, place) {
    const read = wholeNumber(1_024, 1_048_576).read(value, place);
    return (read & (read - 1)) === 0 ? read : failAt(place, 'must be a power of two');
  },
};

function base64(leastBytes: number): Field<Buffer> {
  return {
    type: 'base64',
    range: `${leastBytes} to 128 bytes`,
    read(value, place) {
      const bytes = base64Bytes(value);
      return bytes !== undefined && bytes.length >= leastBytes && bytes.length <= 128
        ? bytes
        : failAt(place, `must be base64 of ${leastBytes} to 128 bytes`);
    },
  };
}

const user = object({
  name: { is: userName, required: true, means: 'User name, or id of a client.' },
  scrypt: {
    is: object({
      N: { is: cost, required: true, means: 'Cost.' },
      r: { is: wholeNumber(1, 32), required: true, means: 'Block size.' },
      p: { is: wholeNumber(1, 16), required: true, means: 'How often.' },
      salt: { is: base64(8), required: true, means: 'Salt.' },
      hash: { is: base64(16), required: true, means: 'Hash of the password.' },
    }),
    required: true,
    means: 'The hash of the password (RFC 7914).',
  },
  roles: { is: userRoles, required: true, means: 'Roles of a user, scopes of a client.' },
});

/** Users, no name twice. */
const users: Field<readonly UserRecord[]> = {
  type: 'list of users',
  members: user.members,
  read(value, place) {
    const read = list(user).read(value, place);
    const twice = firstTwice(read.map(({ name }) => name));
    return twice === -1 ? read : failAt(within(itemOf(place, twice), 'name'), 'is the name of an earlier user');
  },
};

/** Reads a users file. */
export const usersMembers = object({
  version: { is: where<1>({ type: '1' }, value => value === 1, 'must be 1'), required: true, means: 'Of this layout.' },
  users: { is: users, required: true, means: 'The users.' },
});
