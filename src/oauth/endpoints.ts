import type { ServerResponse } from 'node:http';
import type { Awaitable } from '../awaitable.ts';
import { knownBefore } from '../state/revoked.ts';
import { required } from './form.ts';
import { type GrantRequest, grantOf } from './grants.ts';
import { noStore, refuseGrant, writeJson } from './oauth-error.ts';
import { openShown, revoke, type ShownToken, spentKey, type TokenService, tokenAnswer } from './token-service.ts';

/** Answers one request of a client that is known. @throws {OAuthError} for one that is refused */
export type TokenEndpoint = (request: GrantRequest, response: ServerResponse, service: TokenService) => Promise<void>;

/** The endpoints by path. */
export const endpoints: Readonly<Record<string, TokenEndpoint>> = {
  '/token': token,
  '/introspect': introspect,
  '/revoke': revokeToken,
};

/** RFC 6749 §3.2. */
async function token(request: GrantRequest, response: ServerResponse, service: TokenService): Promise<void> {
  // Before a refresh token is spent for nothing.
  const { keeper, clock } = service;
  if (keeper.stale()) await keeper.refresh();
  if (keeper.stale() || keeper.ring().current(clock()) === undefined)
    refuseGrant('temporarily_unavailable', 'no token can be issued now', { status: 503 });
  const grant = await grantOf(request, service);
  await checkGood(grant.subject, service);
  writeJson(response, 200, tokenAnswer(grant, service));
}

/** The time of a revocation lies ahead by the difference of clocks: what would be issued now would be revoked. */
async function checkGood(subject: string, { revoked, clock }: TokenService): Promise<void> {
  const leftMs = (await knownBefore(revoked, subject)) - clock();
  if (leftMs <= 0) return;
  const headers = { 'Retry-After': String(Math.ceil(leftMs / 1_000)) };
  refuseGrant('temporarily_unavailable', 'no token can be issued to this user now', { status: 503, headers });
}

/** RFC 7662. Anything that is not good now is one answer; who asks must have a secret (§2.1). */
async function introspect(
  { form, client }: GrantRequest,
  response: ServerResponse,
  service: TokenService,
): Promise<void> {
  if (!client.isConfidential) refuseGrant('unauthorized_client', 'this client has no secret', { status: 403 });
  const shown = await openShown(required(form, 'token'), service);
  const isActive =
    shown !== undefined && !(await service.revocations.has(shown.token)) && !(await isSpent(shown, service));
  writeJson(response, 200, isActive ? description(shown) : { active: false });
}

function isSpent({ kind, token }: ShownToken, { store }: TokenService): Awaitable<boolean> {
  return kind === 'refresh' && store.has(spentKey(token.id));
}

function description({ kind, token }: ShownToken): object {
  const { subject, client, audience, scope, claims, issuedMs, expiresMs, id } = token;
  return {
    active: true,
    ...(kind === 'access' ? { token_type: 'Bearer' } : {}),
    scope: scope.join(' '),
    ...(client === '' ? {} : { client_id: client }),
    username: subject,
    sub: subject,
    ...(audience === undefined ? {} : { aud: audience }),
    iat: Math.floor(issuedMs / 1000),
    exp: Math.floor(expiresMs / 1000),
    ...(id === undefined ? {} : { jti: id }),
    claims,
  };
}

/**
 * RFC 7009. A token that is not good is as good as revoked (§2.2); one of another client is not (§2.1). With a refresh
 * token all tokens of its grant end.
 */
async function revokeToken(
  { form, client, known }: GrantRequest,
  response: ServerResponse,
  service: TokenService,
): Promise<void> {
  const shown = await openShown(required(form, 'token'), service);
  if (shown !== undefined) {
    const { kind, token } = shown;
    const id = kind === 'refresh' ? token.grant : token.id;
    if (id === undefined) refuseGrant('unsupported_token_type', 'tokens of this kind can not be revoked');
    known.user = token.subject;
    if (token.client !== client.id) refuseGrant('invalid_grant', 'the token is of another client');
    await revoke(id, token.expiresMs, service);
  }
  response.writeHead(200, { ...noStore, 'Content-Length': 0 }).end();
}
