import type { Logger } from 'pino';
import { type Revocation, revocations } from '../bearer/revocations.ts';
import { audience, scopeNames, usualTokenLifeMs } from '../bearer/token-fields.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { callable, type Describes, failAt, flag, list, object, oneOrList, record, wholeNumber } from '../fields.ts';
import { clockOption } from '../keyring/keeper.ts';
import { openRing, type RingSource, ringMeans, ringSource } from '../keyring/ring-source.ts';
import { announcer } from '../server/announce.ts';
import { logOptions, openLog } from '../server/log.ts';
import { revokedBefore } from '../state/revoked.ts';
import { checkSeal } from '../state/self-test.ts';
import { answeringStore } from '../store/answering-store.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { openStoreField } from '../store/store-field.ts';
import { trustedProxies } from '../users/addresses.ts';
import type { Authenticate, AuthenticateByToken } from '../users/authenticate.ts';
import { type LoginLimits, loginLimitsField, loginLimitsMean } from '../users/login-limits.ts';
import { authenticateMeans, type Logins, loginsOf, usersFileOrFunction, usersOrLogins } from '../users/logins.ts';
import { type ClientOptions, openClients } from './clients.ts';
import { origin } from './origins.ts';
import { type AttemptLimits, requestRate } from './request-rate.ts';
import { roleClaims, type TokenService } from './token-service.ts';

/** Options of `bearerTokens`. */
export interface BearerTokensOptions extends ClientOptions {
  /** Key ring file of the farm, watched as long as the process lives; or a ring that is open, for several uses. */
  readonly ring: RingSource;
  /**
   * Users file, a function that checks a user name and password, an object with one of these as `usernameToken`, or
   * logins that several services have in common.
   */
  readonly authenticate: string | Authenticate | AuthenticateByToken | Logins;
  /**
   * What keeps costly checks from taking the machine, and passwords from being guessed. Default: that of each member.
   */
  readonly loginLimits?: Partial<LoginLimits>;
  /**
   * Addresses and blocks (`10.0.0.0/8`) of the proxies in front that are believed where a request comes from. Default:
   * none. What such a one says in `Forwarded` or `X-Forwarded-For` is where a request comes from; where it says
   * nothing, no address is limited.
   */
  readonly trustedProxies?: readonly string[];
  /**
   * The user of a refresh token as they are now, undefined where they may not have tokens any more. Default: looked up
   * in the users file; with a function for `authenticate`, as they were when they logged in.
   */
  readonly findUser?: (user: string) => Promise<{ readonly roles: readonly string[] } | undefined>;
  /** What tokens are for, at most 16; the first is that of a request that names none (RFC 8707). 1 to 512 bytes. */
  readonly audience: string | readonly string[];
  /**
   * Life of an access token, at most the ring's token life. 1,000 (1 s) to 315,360,000,000 (3,650 d); default: 20 min,
   * or the ring's token life where that is shorter.
   */
  readonly lifetimeMs?: number;
  /**
   * How long a login can be refreshed, at most the ring's token life. 1,000 (1 s) to 315,360,000,000 (3,650 d);
   * default: the ring's token life.
   */
  readonly refreshLifetimeMs?: number;
  /** Origins whose pages may ask for tokens from a browser. Default: none. */
  readonly cors?: readonly string[];
  /** How much is let through. Default: that of each member. */
  readonly attempts?: Partial<AttemptLimits>;
  /**
   * Answers on plain HTTP too, where everyone on the way can read passwords and tokens: for tests only. Default: false.
   */
  readonly dangerouslyAllowHttp?: boolean;
  /**
   * What is remembered of tokens: those that were revoked, and refresh tokens that were used. It is not closed.
   * Default: in this process's memory. Services and endpoints with one store have one memory.
   */
  readonly store?: Store;
  /**
   * Called for what was revoked here, so that the other nodes can be told. Default: none. The request is answered when
   * it has settled.
   */
  readonly onRevoke?: (revocation: Revocation) => Promise<void> | void;
  /** Where the service writes what happens. Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /** Whether each request that is answered is a line of the log, of level `info`. Default: false. */
  readonly accessLog?: boolean;
  /** Gives the time, in milliseconds since the epoch. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Gives so many random bytes. Default: the operating system's. */
  readonly random?: RandomSource;
}

const maxAudiences = 16;

/** From a second to ten years; the ring's token life is a bound as well. */
const life = wholeNumber(1_000, 315_360_000_000, 'ms');

/** Reads what is given of {@link BearerTokensOptions}. */
export const bearerTokensOptions = object({
  ring: { is: ringSource, required: true, means: ringMeans },
  audience: {
    is: oneOrList(audience),
    required: true,
    means: `What tokens are for, at most ${maxAudiences}; the first is that of a request that names none (RFC 8707).`,
  },
  authenticate: { is: usersOrLogins, required: true, means: authenticateMeans },
  loginLimits: { is: loginLimitsField, without: 'that of each member', means: loginLimitsMean },
  trustedProxies,
  clients: {
    is: usersFileOrFunction,
    without: 'none',
    means:
      'Clients with a secret: a users file whose names are client ids, whose passwords are client secrets and whose ' +
      'roles are scopes; or a function like it.',
  },
  publicClients: {
    is: record(scopeNames),
    without: 'none',
    means: 'Clients without a secret, such as pages in a browser: their scopes by id.',
  },
  findUser: {
    is: callable<FindUser>(),
    without: 'looked up in the users file; with a function for `authenticate`, as they were when they logged in',
    means: 'The user of a refresh token as they are now, undefined where they may not have tokens any more.',
  },
  lifetimeMs: {
    is: life,
    without: `${usualTokenLifeMs / 60_000} min, or the ring's token life where that is shorter`,
    means: "Life of an access token, at most the ring's token life.",
  },
  refreshLifetimeMs: {
    is: life,
    without: "the ring's token life",
    means: "How long a login can be refreshed, at most the ring's token life.",
  },
  cors: { is: list(origin), default: [], means: 'Origins whose pages may ask for tokens from a browser.' },
  attempts: {
    is: object({
      requestsPerMinute: {
        is: wholeNumber(1, 1_000_000),
        default: 600,
        means: 'Requests of one address in a minute; then 429.',
      },
    } satisfies Describes<Partial<AttemptLimits>>),
    default: {},
    means: 'How much is let through.',
  },
  dangerouslyAllowHttp: {
    is: flag,
    default: false,
    means: 'Answers on plain HTTP too, where everyone on the way can read passwords and tokens: for tests only.',
  },
  store: {
    is: openStoreField,
    without: "in this process's memory",
    means:
      'What is remembered of tokens: those that were revoked, and refresh tokens that were used. It is not closed.',
  },
  onRevoke: {
    is: callable<NonNullable<BearerTokensOptions['onRevoke']>>(),
    without: 'none',
    means: 'Called for what was revoked here, so that the other nodes can be told.',
  },
  ...logOptions,
  clock: clockOption,
  random: {
    is: callable<RandomSource>(),
    make: () => systemRandom,
    says: "the operating system's",
    means: 'Gives so many random bytes.',
  },
} satisfies Describes<BearerTokensOptions>);

type BearerTokensSettings = ReturnType<typeof bearerTokensOptions.read>;

/**
 * Reads options, whose types JavaScript does not know, before anything is opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option
 */
export function readBearerTokensOptions(given: BearerTokensOptions): BearerTokensSettings {
  const place = { of: 'bearerTokens', path: '' };
  const settings = bearerTokensOptions.read(given, place);
  if (settings.clients === undefined && settings.publicClients === undefined)
    failAt(place, 'lacks clients or publicClients: nobody could ask for a token');
  return settings;
}

/**
 * Opens what a token service works with.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function openTokenService(settings: BearerTokensSettings): TokenService {
  const { random, clock } = settings;
  const log = openLog(settings);
  const audiences = checkedAudiences(settings.audience);
  checkSeal(random);
  const keeper = openRing(settings.ring);
  const store = answeringStore(settings.store ?? memoryStore({ clock, random }));
  const logins = loginsOf(settings, { store, onEvent: sentence => log.warn({}, sentence) });
  const { lifeMs } = keeper.ring().policy;
  const { lifetimeMs = Math.min(usualTokenLifeMs, lifeMs), refreshLifetimeMs = lifeMs } = settings;
  return {
    keeper,
    authenticate: logins.authenticate,
    passwordQueue: logins.gate.waiting,
    claimsNow: claimsNow(settings.findUser ?? finder(logins)),
    clients: openClients(settings, logins.gate),
    requests: requestRate(settings.attempts),
    audiences,
    lifetimeMs: lifetime('lifetimeMs', lifetimeMs, lifeMs),
    refreshLifetimeMs: lifetime('refreshLifetimeMs', refreshLifetimeMs, lifeMs),
    revocations: revocations(store, clock),
    revoked: revokedBefore(store, { clock }),
    store,
    announce: announcer(settings.onRevoke, 'a revoked token', log),
    log,
    clock,
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
