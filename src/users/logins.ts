import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { type Describes, type Field, isObject, object, where } from '../fields.ts';
import type { Authenticate, AuthenticateByToken, AuthenticatedUser, CountedCaller } from './authenticate.ts';
import { type LoginGate, loginGate, type PasswordSource } from './login-gate.ts';
import { type LoginLimits, loginLimitsField, loginLimitsMean, usualChecksAtOnce } from './login-limits.ts';
import { openUsers } from './users.ts';

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
}

/** Users with the queue before their password checks: one for all services that are given it as `authenticate`. */
export interface Logins {
  /**
   * Checks a user name and password in its turn.
   * @throws {Overload} where too many wait, or too many from there were wrong
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

const byToken = object({
  usernameToken: {
    is: usersFileOrFunction,
    required: true,
    means: 'Users file, or a function that checks a user name and password.',
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
  const { authenticate, loginLimits } = loginOptions.read(options, { of: 'openLogins', path: '' });
  const { usernameToken } = authenticate;
  return gatedLogins(usersOf(usernameToken), {
    checksAtOnce: usualChecksAtOnce(typeof usernameToken === 'string'),
    ...loginLimits,
  });
}

/** Users behind a gate of their own. */
export function gatedLogins({ source, find }: KnownUsers, limits: LoginLimits): GatedLogins {
  const gate = loginGate({ limits, nowMs: () => performance.now(), random: systemRandom });
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
 * @throws {SecureConversationError} `CONFIG_INVALID` or `USERS_INVALID`
 */
export function loginsOf({ authenticate, loginLimits }: ServiceLogins): GatedLogins {
  if (!isLogins(authenticate))
    return ownLogins({ authenticate, ...(loginLimits === undefined ? {} : { loginLimits }) });
  const known = opened.get(authenticate);
  if (known !== undefined && loginLimits === undefined) return known;
  throw new ConfigurationError('CONFIG_INVALID', 'loginLimits has no use beside logins that are open already', {
    hint: 'give loginLimits to openLogins',
  });
}

/** How a service is told of its users. */
export interface ServiceLogins {
  readonly authenticate: string | Authenticate | AuthenticateByToken | Logins;
  readonly loginLimits?: Partial<LoginLimits>;
}

/** Users as the gate takes them. */
export interface KnownUsers extends Pick<Logins, 'find'> {
  readonly source: PasswordSource;
}

/**
 * A users file or a function as the gate takes it. What a function says is never remembered: it may think otherwise the
 * next time.
 */
export function usersOf(users: string | Authenticate): KnownUsers {
  if (typeof users === 'function') return { source: { remembered: () => undefined, check: users }, find: undefined };
  const file = openUsers(users);
  return {
    source: {
      remembered: (name, password) => file.remembered(name, password),
      check: (name, password) => file.authenticate(name, password),
    },
    find: user => file.find(user),
  };
}
