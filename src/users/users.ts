import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SecureConversationError } from '../errors.ts';
import { stampOf } from '../files/followed-files.ts';
import { type LatestEntries, latestEntries } from '../latest-entries.ts';
import type { AuthenticatedUser } from './authenticate.ts';
import { scryptInBackground } from './scrypt-thread.ts';
import type { PasswordHash, UserRecord } from './user-record.ts';
import { defaultCost, maxPasswordBytes, readUsersFile, scryptOptions } from './users-file.ts';

/** The users of one users file. */
export interface Users {
  /**
   * Checks a user name and password; wrong ones of a known and of an unknown user cost the same.
   * @returns undefined where they are wrong
   */
  authenticate(username: string, password: string): Promise<AuthenticatedUser | undefined>;
  /** The user of a right password that is remembered, so that it costs no check; undefined for any other. */
  remembered(username: string, password: string): AuthenticatedUser | undefined;
  /** A user by name alone, for a proof that was given before; undefined where there is none (any more). */
  find(username: string): AuthenticatedUser | undefined;
  /**
   * Reads the file again and forgets every password. It is done without being asked when the file has changed.
   * @throws {SecureConversationError} `USERS_INVALID`; the last good users stay
   */
  reload(): void;
}

export interface UsersOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** How long a right password is remembered, so that it costs no scrypt each time. Default 5 min. */
  readonly rememberMs?: number;
  /** Most passwords that are remembered. Default 10,000. */
  readonly maxRemembered?: number;
  /** Called when a changed file can't be used; the last good users stay. */
  readonly onError?: (error: SecureConversationError) => void;
}

/** What belongs to one reading of the file; a new reading starts with nothing remembered. */
interface Loaded {
  readonly users: ReadonlyMap<string, UserRecord>;
  readonly list: readonly UserRecord[];
  readonly stamp: string;
  /** Until when a name and password that were right are remembered, by their HMAC under a key of this process. */
  readonly remembered: LatestEntries<number>;
  /** Checks under way, so that many first calls of one user share one scrypt. */
  readonly pending: Map<string, Promise<boolean>>;
}

/**
 * Opens a users file.
 * @throws {SecureConversationError} `USERS_INVALID`, one sentence that names the file and the place in it
 */
export function openUsers(file: string, options: UsersOptions = {}): Users {
  const { clock = Date.now, rememberMs = 300_000, maxRemembered = 10_000, onError } = options;
  const processKey = randomBytes(32);
  // A user's name has no NUL, so that no two users' passwords run together.
  const macOf = (username: string, password: string) =>
    createHmac('sha256', processKey).update(`${username}\0${password}`).digest();
  const load = (): Loaded => {
    const stamp = stampOf(file);
    const list = readUsersFile(file);
    const remembered = latestEntries<number>(maxRemembered);
    return { users: new Map(list.map(user => [user.name, user])), list, stamp, remembered, pending: new Map() };
  };
  let loaded = load();
  let refusedStamp = '';

  const reloadIfChanged = () => {
    const stamp = stampOf(file);
    if (stamp === loaded.stamp || stamp === refusedStamp) return;
    try {
      loaded = load();
    } catch (error) {
      if (!(error instanceof SecureConversationError)) throw error;
      refusedStamp = stamp;
      loaded.remembered.clear();
      onError?.(error);
    }
  };

  return {
    async authenticate(username, password) {
      reloadIfChanged();
      const { users, list, remembered, pending } = loaded;
      const mac = macOf(username, password);
      const key = mac.toString('latin1');
      const record = users.get(username);
      if ((remembered.get(key) ?? 0) > clock()) return userOf(record);
      const check = pending.get(key) ?? checkPassword(password, record?.scrypt, stranger(list, mac));
      pending.set(key, check);
      const isRight = await check.finally(() => pending.delete(key));
      if (!isRight || record === undefined) return undefined;
      remembered.set(key, clock() + rememberMs);
      return userOf(record);
    },
    remembered(username, password) {
      reloadIfChanged();
      const { users, remembered } = loaded;
      const untilMs = remembered.get(macOf(username, password).toString('latin1')) ?? 0;
      return untilMs > clock() ? userOf(users.get(username)) : undefined;
    },
    find(username) {
      reloadIfChanged();
      return userOf(loaded.users.get(username));
    },
    reload() {
      loaded = load();
    },
  };
}

function userOf(record: UserRecord | undefined): AuthenticatedUser | undefined {
  return record && { user: record.name, roles: [...record.roles] };
}

/**
 * A user whom nobody is: checked with the cost of one of the users, always the same one for the same name and password.
 */
function stranger(list: readonly UserRecord[], mac: Buffer): PasswordHash {
  const cost = list[mac.readUInt32BE(0) % Math.max(1, list.length)]?.scrypt ?? defaultCost;
  return { N: cost.N, r: cost.r, p: cost.p, salt: mac.subarray(0, 16), hash: new Uint8Array(32) };
}

/** Always one scrypt, also for a user who does not exist and for a password that no user can have. */
async function checkPassword(password: string, known: PasswordHash | undefined, dummy: PasswordHash): Promise<boolean> {
  const expected = known ?? dummy;
  const isTooLong = Buffer.byteLength(password) > maxPasswordBytes;
  const { salt, hash } = expected;
  const options = scryptOptions(expected);
  const made = await scryptInBackground({ password: isTooLong ? '' : password, salt, hashBytes: hash.length, options });
  return timingSafeEqual(made, expected.hash) && known !== undefined && !isTooLong;
}
