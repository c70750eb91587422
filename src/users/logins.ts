import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { type Field, failAt, object } from '../fields.ts';
import type { Authenticate, AuthenticateByToken, AuthenticatedUser, CountedCaller } from './authenticate.ts';
import { type LoginGate, loginGate, type PasswordSource } from './login-gate.ts';
import { defaultLoginLimits, type LoginLimits, loginLimitsField } from './login-limits.ts';
import { openUsers } from './users.ts';

/** Options of {@link openLogins}. */
export interface LoginOptions {
  /** Users file, a function that checks a user name and password, or one of the two by the kind of token. */
  readonly authenticate: string | Authenticate | AuthenticateByToken;
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
export const usersFileOrFunction: Field<string | object> = (value, place) =>
  typeof value === 'string' || typeof value === 'function'
    ? value
    : failAt(place, 'must be the path of a users file, or a function');

const kinds = { usernameToken: usersFileOrFunction } satisfies Readonly<
  Record<keyof AuthenticateByToken, Field<unknown>>
>;
const byToken = object(kinds, 'usernameToken');

/** Path of a users file, a function, or an object of these by the kind of token. */
const users: Field<string | object> = (value, place) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? byToken(value, place)
    : usersFileOrFunction(value, place);

/** What users are known by: a users file, a function, an object of these, or what {@link openLogins} gives. */
export const usersOrLogins: Field<string | object> = (value, place) => (isLogins(value) ? value : users(value, place));

/** What {@link openLogins} gave, with its gate. */
const opened = new WeakMap<object, GatedLogins>();

function isLogins(value: unknown): value is Logins {
  return typeof value === 'object' && value !== null && opened.has(value);
}

const fields = { authenticate: users, loginLimits: loginLimitsField } satisfies Readonly<
  Record<keyof LoginOptions, Field<unknown>>
>;
const checkedOptions = object(fields, 'authenticate');

/**
 * Opens users for several services of one process, an endpoint and a token service for instance: each takes it as its
 * `authenticate`, and all have one queue and one count of failures.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `USERS_INVALID`, naming option or file
 */
export function openLogins(options: LoginOptions): Logins {
  return ownLogins(options);
}

function ownLogins(options: LoginOptions): GatedLogins {
  checkedOptions(options, { of: 'openLogins', path: '' });
  const { authenticate, loginLimits } = options;
  const users = typeof authenticate === 'object' ? authenticate.usernameToken : authenticate;
  return gatedLogins(usersOf(users), { ...defaultLoginLimits(typeof users === 'string'), ...loginLimits });
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
