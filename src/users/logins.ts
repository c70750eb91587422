import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { callable, type Describes, type Field, isObject, number, object, where } from '../fields.ts';
import { answeringStore } from '../store/answering-store.ts';
import { outage } from '../store/outage.ts';
import type { Store } from '../store/store.ts';
import { openStoreField } from '../store/store-field.ts';
import { answeredUser } from './answered-user.ts';
import type { Authenticate, AuthenticateByToken, AuthenticatedUser, CountedCaller } from './authenticate.ts';
import { failureWindowMs } from './failures.ts';
import { type LoginGate, loginGate, type PasswordSource } from './login-gate.ts';
import { type LoginLimits, loginLimitsField, loginLimitsMean, usualChecksAtOnce } from './login-limits.ts';
import { type SharedFailures, sharedFailures } from './shared-failures.ts';
import { openUsers } from './users.ts';
import { withinTime } from './within-time.ts';

/** Options of {@link openLogins}. */
export interface LoginOptions {
  /**
   * Users file, a function that checks a user name and password, or an object with one of these as `usernameToken`.
   */
  readonly authenticate: string | Authenticate | AuthenticateByToken;
  /**
   * What keeps costly checks from taking the machine, and passwords from being guessed. Default: that of each member.
   */
  readonly loginLimits?: Partial<LoginLimits>;
  /**
   * Where wrong passwords are counted, for all processes that have it; it is not closed. Default: this process counts
   * for itself. While it does not answer, each process counts for itself.
   */
  readonly store?: Store;
  /**
   * Told in a sentence where the store does not answer, and where it does again. Default: a warning of the process.
   */
  readonly onEvent?: (sentence: string) => void;
}

/** Users with the queue before their password checks: one for all services that are given it as `authenticate`. */
export interface Logins {
  /**
   * Checks a user name and password in its turn.
   * @throws {Overload} where too many wait, or too many from there were wrong; an AbortError where the caller's signal
   * aborts before it is known
   */
  authenticate(username: string, password: string, caller: CountedCaller): Promise<AuthenticatedUser | undefined>;
  /** A user by name alone, for a proof that was given before; undefined where users are known to a function only. */
  readonly find: ((user: string) => AuthenticatedUser | undefined) | undefined;
}

/** Logins as a service of this package uses them. */
export interface GatedLogins extends Logins {
  readonly gate: LoginGate;
}

/** Path of a users file, or a function in its place. */
export const usersFileOrFunction = where<string | Authenticate>(
  { type: 'path, or function' },
  value => typeof value === 'string' || typeof value === 'function',
  'must be the path of a users file, or a function',
);

/** Below the time that this package's client waits for an answer. */
const usualTimeoutMs = 15_000;

const byToken = object({
  usernameToken: {
    is: usersFileOrFunction,
    required: true,
    means: 'Users file, or a function that checks a user name and password.',
  },
  timeoutMs: {
    is: number(1, 600_000, 'ms'),
    default: usualTimeoutMs,
    means: 'Longest wait for the answer of a function; then its signal aborts, and the client is told to come again.',
  },
} satisfies Describes<AuthenticateByToken>);

/** Path of a users file, a function, or an object of these by the kind of token. */
const users: Field<AuthenticateByToken, string | Authenticate | AuthenticateByToken> = {
  type: 'path, function, or object of these by the kind of token',
  read: (value, place) =>
    isObject(value) ? byToken.read(value, place) : { usernameToken: usersFileOrFunction.read(value, place) },
};

/** What users are known by: a users file, a function, an object of these, or what {@link openLogins} gives. */
export const usersOrLogins: Field<AuthenticateByToken | Logins, string | Authenticate | AuthenticateByToken | Logins> =
  {
    type: 'path, function, object of these by the kind of token, or what `openLogins` gives',
    read: (value, place) => (isLogins(value) ? value : users.read(value, place)),
  };

/** What `authenticate` means where a service is told of its users. */
export const authenticateMeans =
  'Users file, a function that checks a user name and password, an object with one of these as `usernameToken`, or ' +
  'logins that several services have in common.';

/** What {@link openLogins} gave, with its gate. */
const opened = new WeakMap<object, GatedLogins>();

function isLogins(value: unknown): value is Logins {
  return typeof value === 'object' && value !== null && opened.has(value);
}

/** Reads {@link LoginOptions}. */
export const loginOptions = object({
  authenticate: {
    is: users,
    required: true,
    means:
      'Users file, a function that checks a user name and password, or an object with one of these as `usernameToken`.',
  },
  loginLimits: { is: loginLimitsField, default: {}, means: loginLimitsMean },
  store: {
    is: openStoreField,
    without: 'this process counts for itself',
    means: 'Where wrong passwords are counted, for all processes that have it; it is not closed.',
  },
  onEvent: {
    is: callable<(sentence: string) => void>(),
    make: () => (sentence: string) => process.emitWarning(sentence, 'StoreWarning'),
    says: 'a warning of the process',
    means: 'Told in a sentence where the store does not answer, and where it does again.',
  },
} satisfies Describes<LoginOptions>);

/**
 * Opens users for several services of one process, an endpoint and a token service for instance: each takes it as its
 * `authenticate`, and all have one queue and one count of failures.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `USERS_INVALID`, naming option or file
 */
export function openLogins(options: LoginOptions): Logins {
  return ownLogins(options);
}

function ownLogins(options: LoginOptions): GatedLogins {
  const { authenticate, loginLimits, store, onEvent } = loginOptions.read(options, { of: 'openLogins', path: '' });
  const { usernameToken, timeoutMs } = authenticate;
  const limits = { checksAtOnce: usualChecksAtOnce(typeof usernameToken === 'string'), ...loginLimits };
  return gatedLogins(usersOf(usernameToken, timeoutMs), limits, store && countedIn(store, onEvent));
}

/** Failures that all processes with a store count; undefined for one that is this process's alone. */
function countedIn(store: Store, onEvent: (sentence: string) => void): SharedFailures | undefined {
  if (store.isOwn) return undefined;
  return sharedFailures({
    store: answeringStore(store),
    clock: Date.now,
    windowMs: failureWindowMs,
    outage: outage(
      () => onEvent('wrong passwords are counted by this process alone: the store does not answer'),
      () => onEvent('wrong passwords are counted for all processes of the store again'),
    ),
  });
}

/** Users behind a gate of their own. */
export function gatedLogins({ source, find }: KnownUsers, limits: LoginLimits, shared?: SharedFailures): GatedLogins {
  const gate = loginGate({ limits, steadyClock: () => performance.now(), random: systemRandom, shared });
  const logins: GatedLogins = {
    authenticate: (name, password, caller) => gate.attempt({ kind: 'user', name, password, caller }, source),
    find,
    gate,
  };
  opened.set(logins, logins);
  return logins;
}

/**
 * The logins of a service: those that it is given, or its own.
 * @param shared where its own are counted; those that it is given have a store or have none
 * @throws {SecureConversationError} `CONFIG_INVALID` or `USERS_INVALID`
 */
export function loginsOf({ authenticate = nobody, loginLimits }: ServiceLogins, shared: LoginStore): GatedLogins {
  if (!isLogins(authenticate))
    return ownLogins({ authenticate, ...shared, ...(loginLimits === undefined ? {} : { loginLimits }) });
  const known = opened.get(authenticate);
  if (known !== undefined && loginLimits === undefined) return known;
  throw new ConfigurationError('CONFIG_INVALID', 'loginLimits has no use beside logins that are open already', {
    hint: 'give loginLimits to openLogins',
  });
}

/** The store of a service, where its own logins are counted. */
export type LoginStore = Required<Pick<LoginOptions, 'store' | 'onEvent'>>;

/** No user name is anybody's. */
const nobody: Authenticate = async () => undefined;

/** How a service is told of its users; absent: it has none with a password. */
export interface ServiceLogins {
  readonly authenticate?: string | Authenticate | AuthenticateByToken | Logins;
  readonly loginLimits?: Partial<LoginLimits>;
}

/** Users as the gate takes them. */
export interface KnownUsers extends Pick<Logins, 'find'> {
  readonly source: PasswordSource;
}

/**
 * A function of the service's own, held to what it may answer, and when: a few that never answer would keep all others
 * from being asked.
 * @throws {TypeError} by its promise, for another answer; {@link Overload} where it takes too long
 */
function askedOf(authenticate: Authenticate, timeoutMs: number): Authenticate {
  return async (name, password, { address, signal }) =>
    answeredUser(
      await withinTime(told => authenticate(name, password, { address, signal: told }), signal, timeoutMs),
      'authenticate',
    );
}

/**
 * A users file or a function as the gate takes it. What a function says is never remembered: it may think otherwise the
 * next time.
 */
export function usersOf(users: string | Authenticate, timeoutMs = usualTimeoutMs): KnownUsers {
  if (typeof users === 'function')
    return { source: { remembered: () => undefined, check: askedOf(users, timeoutMs) }, find: undefined };
  const file = openUsers(users);
  return {
    source: {
      remembered: (name, password) => file.remembered(name, password),
      check: (name, password) => file.authenticate(name, password),
    },
    find: user => file.find(user),
  };
}
