import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Awaitable, after } from '../awaitable.ts';
import type { Claim } from '../bearer/bearer-codec.ts';
import { keyIdOfToken } from '../bearer/bearer-token.ts';
import type { Revocations } from '../bearer/revocations.ts';
import { audience, scope } from '../bearer/token-fields.ts';
import { type AccessToken, openAccessToken } from '../bearer/token-openers.ts';
import { SealingError } from '../errors.ts';
import { anyObject, type Describes, object } from '../fields.ts';
import { clockOption } from '../keyring/keeper.ts';
import { openRing, type RingSource, ringMeans, ringSource } from '../keyring/ring-source.ts';
import { openWith } from '../keyring/seal.ts';
import { defined } from '../server/known.ts';
import { boundedLog } from '../server/log.ts';
import { pathInLine } from '../server/request-path.ts';
import { plainAddress } from '../users/addresses.ts';

/** Options of {@link requireBearer} and {@link bearerCheck}. */
export interface RequireBearerOptions {
  /** Key ring file of the farm, watched as long as the process lives; or a ring that is open, for several uses. */
  readonly ring: RingSource;
  /** What tokens must be for; any other is refused. 1 to 512 bytes. */
  readonly audience: string;
  /** Names that a token's scope must have, all of them. Default: none. */
  readonly scope?: string | readonly string[];
  /**
   * What this node knows of revoked tokens: that of `bearerTokens` in the same process, or of a store. Default: nothing
   * is looked up.
   */
  readonly revocations?: Revocations;
  /** Where refused requests are written. Default: nowhere. */
  readonly log?: Logger;
  /** Gives the time, in milliseconds since the epoch. Default: `Date.now`. */
  readonly clock?: () => number;
}

/** Whom a request comes from, by its token. */
export interface Bearer {
  readonly subject: string;
  readonly claims: readonly Claim[];
  readonly scope: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** A refused request: status, and the value of WWW-Authenticate (RFC 6750 §3). */
export interface BearerRefusal {
  readonly status: 400 | 401 | 403;
  readonly challenge: string;
}

export type BearerResult = { readonly bearer: Bearer } | { readonly refusal: BearerRefusal };

declare global {
  namespace Express {
    interface Request {
      /** Set by `requireBearer`. */
      bearer?: Bearer;
    }
  }
}

/** A request whose token was good. */
export type BearerRequest = IncomingMessage & { bearer?: Bearer };

/** RFC 6750 §2.1; the token's characters are the opener's business, so that all bad tokens get one answer. */
const credentials = /^bearer(?: +(.*))?$/is;

const refusals = {
  /** RFC 6750 §3.1: without credentials nothing is said about an error; §3: a challenge has at least one parameter. */
  none: { status: 401, challenge: 'Bearer realm="token"' },
  request: { status: 400, challenge: 'Bearer error="invalid_request"' },
  token: { status: 401, challenge: 'Bearer error="invalid_token"' },
} as const satisfies Record<string, BearerRefusal>;

/** Reads what is given of {@link RequireBearerOptions}. */
export const requireBearerOptions = object({
  ring: { is: ringSource, required: true, means: ringMeans },
  audience: { is: audience, required: true, means: 'What tokens must be for; any other is refused.' },
  scope: { is: scope, default: [], means: "Names that a token's scope must have, all of them." },
  revocations: {
    is: anyObject<Revocations>(),
    without: 'nothing is looked up',
    means: 'What this node knows of revoked tokens: that of `bearerTokens` in the same process, or of a store.',
  },
  log: { is: anyObject<Logger>(), without: 'nowhere', means: 'Where refused requests are written.' },
  clock: clockOption,
} satisfies Describes<RequireBearerOptions>);

/**
 * Makes the check of a request's bearer token, for a server on node:http. It needs the ring, and asks `revocations`
 * where they are given: what they have at hand it gives without a promise.
 * @throws {SecureConversationError} `RING_INVALID` for a ring file that can't be used, `CONFIG_INVALID` for options
 * that can't be, an audience or a scope that no token can have among them
 */
export function bearerCheck(options: RequireBearerOptions): (request: IncomingMessage) => Awaitable<BearerResult> {
  const settings = requireBearerOptions.read(options, { of: 'requireBearer', path: '' });
  const { audience, scope: needed, revocations, clock } = settings;
  const keeper = openRing(settings.ring);
  const log = settings.log && boundedLog(settings.log);
  const refused = (refusal: BearerRefusal, request: IncomingMessage, why: RefusedToken): BearerResult => {
    // Who shows no token is told how to get one: each client begins so.
    const level = refusal === refusals.none ? 'debug' : 'warn';
    log?.[level](defined({ ...tokenLine(request, why), status: refusal.status }), 'bearer token refused');
    return { refusal };
  };
  const outOfScope: BearerRefusal = {
    status: 403,
    challenge: `Bearer error="insufficient_scope", scope="${needed.join(' ')}"`,
  };
  return request => {
    // Node keeps the first of two; a balancer may have looked at the other.
    const [header, ...more] = request.headersDistinct.authorization ?? [];
    const [isBearer, text = ''] = credentials.exec(header ?? '') ?? [];
    if (more.length > 0) return refused(refusals.request, request, { reason: 'authorization-twice' });
    if (isBearer === undefined) return refused(refusals.none, request, { reason: 'no-token' });
    const nowMs = clock();
    const opened = openWith(
      keeper,
      () => keyIdOfToken(text),
      ring => openAccessToken(text, { audience }, ring, nowMs),
    );
    return after(opened, token => {
      if (token === undefined) return refused(refusals.token, request, { reason: 'token-not-good' });
      return after(revocations?.has(token) ?? false, isRevoked => {
        if (isRevoked) return refused(refusals.token, request, { reason: 'token-revoked', token });
        const lacking = needed.filter(name => !token.scope.includes(name));
        if (lacking.length > 0)
          return refused(outOfScope, request, { reason: 'scope-missing', token, missing: lacking.join(' ') });
        const { subject, claims, scope, expiresMs } = token;
        return { bearer: { subject, claims, scope, expiresMs } };
      });
    });
  };
}

/** Why a token is refused, for the log; nothing of its text. */
interface RefusedToken {
  readonly reason: 'authorization-twice' | 'no-token' | 'token-not-good' | 'token-revoked' | 'scope-missing';
  /** Where it could be opened: what it says is the issuer's word. */
  readonly token?: AccessToken;
  /** Names that its scope lacks. */
  readonly missing?: string;
}

/** A request as express has it: `ip` is what its own `trust proxy` makes of the address. */
type ExpressRequest = IncomingMessage & { readonly ip?: string; readonly originalUrl?: string };

function tokenLine(request: ExpressRequest, { reason, token, missing }: RefusedToken): object {
  const { socket, ip = socket?.remoteAddress ?? '', originalUrl: url = request.url ?? '', method } = request;
  const shown = token && { user: token.subject, client: token.client, tokenId: token.id };
  return { reason, missing, peer: plainAddress(ip), method, ...pathInLine({ url }), ...shown };
}

/**
 * Makes a middleware that lets only requests with a good bearer token through and puts `bearer` on them; others are
 * answered. It is express's, and as good for node:http: `require(request, response, () => serve(request, response))`.
 * @throws {SecureConversationError} like {@link bearerCheck}
 */
export function requireBearer(
  options: RequireBearerOptions,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  const check = bearerCheck(options);
  return function requireBearer(request: BearerRequest, response, next) {
    const admit = (result: BearerResult) => {
      if ('refusal' in result) return refuseRequest(response, result.refusal);
      request.bearer = result.bearer;
      next();
    };
    let result: Awaitable<BearerResult>;
    try {
      result = check(request);
    } catch (error) {
      if (error instanceof SealingError) return answerUnavailable(response);
      throw error;
    }
    // Where it can't be looked up nobody is let through.
    if (result instanceof Promise) void result.then(admit, () => answerUnavailable(response));
    else admit(result);
  };
}

function answerUnavailable(response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1', 'Cache-Control': 'no-store', 'Content-Length': 0 }).end();
}

function refuseRequest(response: ServerResponse, { status, challenge }: BearerRefusal): void {
  response.writeHead(status, { 'WWW-Authenticate': challenge, 'Cache-Control': 'no-store', 'Content-Length': 0 }).end();
}
