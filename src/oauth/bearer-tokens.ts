import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import type { Awaitable } from '../awaitable.ts';
import type { Revocation, Revocations } from '../bearer/revocations.ts';
import { CallerGone, Overload, SealingError, StoreUnavailable } from '../errors.ts';
import { addressOf, callerOf } from '../server/caller.ts';
import { defined, foundText } from '../server/known.ts';
import type { Log } from '../server/log.ts';
import { addressList } from '../users/addresses.ts';
import { queueFull } from '../users/work-queue.ts';
import { endpoints } from './endpoints.ts';
import { readForm } from './form.ts';
import { OAuthError, refuseGrant, writeError } from './oauth-error.ts';
import { allowOrigins } from './origins.ts';
import { type BearerTokensOptions, openTokenService, readBearerTokensOptions } from './service-options.ts';
import { noteAccess, type TokenLines, tokenLines } from './token-lines.ts';
import { type TokenCounters, type TokenStatistics, tokenCounters } from './token-statistics.ts';

/** A token service as a middleware of express, to be mounted before any body parser. */
export interface BearerTokens {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  /** What this node knows of revoked tokens, for `requireBearer` in the same process. */
  readonly revocations: Revocations;
  /**
   * Told of what was revoked on another node.
   * @returns false where it can't be remembered: then this node still takes it
   */
  revoked(revocation: Revocation): Awaitable<boolean>;
  statistics(): TokenStatistics;
}

/**
 * Makes a token service of express: `POST /token` (RFC 6749), `POST /introspect` (RFC 7662) and `POST /revoke` (RFC
 * 7009).
 * @throws {SecureConversationError} `CONFIG_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function bearerTokens(options: BearerTokensOptions): BearerTokens {
  const settings = readBearerTokensOptions(options);
  const service = openTokenService(settings);
  const trusted = addressList(settings.trustedProxies);
  const originsOnly = allowOrigins(settings.cors);
  const router = express.Router();
  const lines = tokenLines(request => addressOf(request, trusted, request.ip));
  const counted = tokenCounters(Object.keys(endpoints), service.passwordQueue);
  if (settings.accessLog) router.use(noteAccess(service.log, lines, () => performance.now()));
  if (!settings.dangerouslyAllowHttp) router.use(requireTls);
  router.use(originsOnly);
  for (const [path, endpoint] of Object.entries(endpoints))
    router
      .route(path)
      .post(async (request, response) => {
        const caller = callerOf(request, response, trusted, request.ip);
        await service.requests.admit(caller);
        const form = await readForm(request);
        const client = await service.clients.authenticate(request, form, caller);
        const known = lines.known(request);
        known.client = client.id;
        await endpoint({ form, client, caller, known }, response, service);
        counted.count(path, 'answered');
      })
      .all(refuseMethod);
  router.use(answerError(service.log, lines, counted));
  const serve = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) =>
    router(request as Request, response as Response, next);
  return Object.assign(serve, {
    revocations: service.revocations,
    statistics: counted.snapshot,
    revoked: (revocation: Revocation) => service.revocations.heard(revocation, service.clock()),
  });
}

/**
 * RFC 6749 §3.2: TLS is required, for passwords and tokens are sent in clear. express knows it from a proxy that it is
 * told to trust.
 */
const requireTls: RequestHandler = (request, _response, next) => {
  if (!request.secure) refuseGrant('invalid_request', 'TLS is required', { status: 403 });
  next();
};

const refuseMethod: RequestHandler = () =>
  refuseGrant('invalid_request', 'POST only', { status: 405, headers: { Allow: 'POST' } });

/** Every error is answered in the form of RFC 6749 §5.2; what is no refusal of ours says nothing but that. */
function answerError(log: Log, lines: TokenLines, counted: TokenCounters): ErrorRequestHandler {
  return (thrown: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) return next(thrown);
    if (thrown instanceof CallerGone) return void response.destroy();
    const error = oauthErrorOf(thrown);
    counted.count(request.path, error.code);
    const reason = thrown instanceof Overload ? thrown.reason : error.message;
    const line = defined({
      ...lines.of(request),
      error: error.code,
      reason,
      found: error.found && foundText(error.found),
    });
    if (error.status >= 500 && !(thrown instanceof Overload))
      log.error({ ...line, err: error.cause }, 'token request failed');
    else log.warn(line, 'token request refused');
    // What is left of the body is not read; after it the connection is no use.
    if (error.status === 413) response.setHeader('Connection', 'close');
    writeError(response, error);
  };
}

/** Who sent too many wrong passwords is told so; a queue that is full is the server's own trouble. */
function overloadError(cause: Overload): OAuthError {
  const headers = { 'Retry-After': String(cause.retryAfterS) };
  return cause.reason === queueFull
    ? new OAuthError('temporarily_unavailable', 'too many requests wait', { status: 503, headers, cause })
    : new OAuthError('invalid_request', 'too many requests', { status: 429, headers, cause });
}

function oauthErrorOf(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown;
  if (thrown instanceof Overload) return overloadError(thrown);
  if (thrown instanceof StoreUnavailable)
    return new OAuthError('temporarily_unavailable', 'try again later', { status: 503, cause: thrown });
  if (thrown instanceof SealingError && thrown.code === 'RING_STALE')
    return new OAuthError('temporarily_unavailable', 'no token can be issued now', { status: 503, cause: thrown });
  return new OAuthError('server_error', 'the request could not be processed', { status: 500, cause: thrown });
}
