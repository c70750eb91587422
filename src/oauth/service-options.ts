import type { Logger } from 'pino';
import { type Revocation, revocations } from '../bearer/revocations.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { anyObject, callable, type Field, failAt, flag, list, number, object, oneOrList, record } from '../fields.ts';
import { openRing, type RingSource, ringSource } from '../keyring/ring-source.ts';
import { announcer } from '../server/announce.ts';
import { boundedLog, standardErrorLog } from '../server/log.ts';
import { openStoreField } from '../server/state-options.ts';
import { checkSeal } from '../state/self-test.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { addressOrBlock } from '../users/addresses.ts';
import type { Authenticate, AuthenticateByToken } from '../users/authenticate.ts';
import { type LoginLimits, loginLimitsField } from '../users/login-limits.ts';
import { type Logins, loginsOf, usersFileOrFunction, usersOrLogins } from '../users/logins.ts';
import { type ClientOptions, openClients } from './clients.ts';
import { audience, origin, scopeNames } from './option-fields.ts';
import { type AttemptLimits, requestRate } from './request-rate.ts';
import { roleClaims, type TokenService } from './token-service.ts';

/** Options of `bearerTokens`. */
export interface BearerTokensOptions extends ClientOptions {
  /**
   * Key ring file of the farm, watched as long as the process lives; or a ring that is open, for several uses, or to be
   * closed.
   */
  readonly ring: RingSource;
  /**
   * Users file, a function that checks a user name and password, one of the two by the kind of token
   * (`{ usernameToken }`), or logins that several services have in common (`openLogins`).
   */
  readonly authenticate: string | Authenticate | AuthenticateByToken | Logins;
  /** What keeps costly checks from taking the machine, and passwords and secrets from being guessed. */
  readonly loginLimits?: Partial<LoginLimits>;
  /**
   * Addresses and blocks (`10.0.0.0/8`) of the proxies and balancers in front. What such a one says in `Forwarded` or
   * `X-Forwarded-For` is where a request comes from; where it says nothing, no address is limited. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /**
   * The user of a refresh token as they are now, undefined where they may not have tokens any more. Default: looked up
   * in the users file; with a function for `authenticate`, as they were when they proved themselves.
   */
  readonly findUser?: (user: string) => Promise<{ readonly roles: readonly string[] } | undefined>;
  /**
   * What tokens are for. Of several a request may name one as `resource` (RFC 8707); the first is that of a request
   * that names none.
   */
  readonly audience: string | readonly string[];
  /** Life of an access token; default 20 min, 1 s to the ring's token life. */
  readonly lifetimeMs?: number;
  /**
   * How long a grant can be refreshed; default and at most the ring's token life. The user then proves themselves
   * again.
   */
  readonly refreshLifetimeMs?: number;
  /** Origins (`https://shop.example`) whose pages may ask for tokens from a browser. Default: none. */
  readonly cors?: readonly string[];
  readonly attempts?: Partial<AttemptLimits>;
  /**
   * Answers on plain HTTP too, where everyone on the way can read passwords and tokens: for tests only. Default false.
   */
  readonly dangerouslyAllowHttp?: boolean;
  /**
   * What is remembered of tokens: those that were revoked, and refresh tokens that were used. Services and endpoints
   * with one store have one memory. It is not closed here. Default: in this process's memory.
   */
  readonly store?: Store;
  /**
   * Called for what was revoked here, so that the other nodes can be told; the request is answered when it has settled.
   */
  readonly onRevoke?: (revocation: Revocation) => Promise<void> | void;
  /** Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number;
  readonly random?: RandomSource;
}

const defaultLifetimeMs = 1_200_000;
const maxAudiences = 16;

const life = number(1_000, Number.MAX_SAFE_INTEGER);

const fields = {
  ring: ringSource,
  authenticate: usersOrLogins,
  loginLimits: loginLimitsField,
  trustedProxies: list(addressOrBlock),
  findUser: callable,
  audience: oneOrList(audience),
  lifetimeMs: life,
  refreshLifetimeMs: life,
  clients: usersFileOrFunction,
  publicClients: record(scopeNames),
  cors: list(origin),
  attempts: object({ requestsPerMinute: number(1, 1_000_000) }),
  dangerouslyAllowHttp: flag,
  store: openStoreField,
  onRevoke: callable,
  log: anyObject,
  nowMs: callable,
  random: callable,
} satisfies Readonly<Record<keyof BearerTokensOptions, Field<unknown>>>;

const checkedOptions = object(fields, 'ring', 'authenticate', 'audience');

/**
 * Opens what a token service works with.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function openTokenService(options: BearerTokensOptions): TokenService {
  const place = { of: 'bearerTokens', path: '' };
  const { audience = [], attempts } = checkedOptions(options, place);
  if (options.clients === undefined && options.publicClients === undefined)
    failAt(place, 'lacks clients or publicClients: nobody could ask for a token');
  const { random = systemRandom, nowMs = Date.now } = options;
  const log = boundedLog(options.log ?? standardErrorLog());
  const audiences = checkedAudiences(audience);
  checkSeal(random);
  const keeper = openRing(options.ring);
  const logins = loginsOf(options);
  const store = options.store ?? memoryStore({ clock: nowMs, random });
  const { lifeMs } = keeper.ring().policy;
  return {
    keeper,
    authenticate: logins.authenticate,
    claimsNow: claimsNow(options.findUser ?? finder(logins)),
    clients: openClients(options, logins.gate),
    requests: requestRate(attempts),
    audiences,
    lifetimeMs: lifetime('lifetimeMs', options.lifetimeMs ?? Math.min(defaultLifetimeMs, lifeMs), lifeMs),
    refreshLifetimeMs: lifetime('refreshLifetimeMs', options.refreshLifetimeMs ?? lifeMs, lifeMs),
    revocations: revocations(store),
    store,
    announce: announcer(options.onRevoke, 'a revoked token', log),
    log,
    nowMs,
    random,
  };
}

function checkedAudiences(audiences: readonly string[]): TokenService['audiences'] {
  const [first, ...others] = audiences;
  if (first === undefined || audiences.length > maxAudiences)
    throw new ConfigurationError('CONFIG_INVALID', `audience must be one, or a list of 1 to ${maxAudiences}`);
  return [first, ...others];
}

function lifetime(name: string, value: number, longestMs: number): number {
  if (Number.isInteger(value) && value >= 1_000 && value <= longestMs) return value;
  throw new ConfigurationError('CONFIG_INVALID', `${name} is ${value}, allowed are 1000 to ${longestMs}`, {
    hint: "no token lives longer than lifeS of the ring's policy",
  });
}

type FindUser = NonNullable<BearerTokensOptions['findUser']>;

function finder({ find }: Logins): FindUser | undefined {
  return find && (async user => find(user));
}

function claimsNow(find: FindUser | undefined): TokenService['claimsNow'] {
  return async ({ subject, claims }) => {
    if (find === undefined) return claims;
    const found = await find(subject);
    return found && roleClaims(found.roles);
  };
}
