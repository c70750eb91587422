import { isScopeName } from '../bearer/bearer-codec.ts';
import type { BearerToken } from '../bearer/bearer-token.ts';
import { uuidText } from '../crypto/random.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import type { Client } from './clients.ts';
import { type Form, required } from './form.ts';
import { refuseGrant } from './oauth-error.ts';
import { type Grant, openRefresh, revoke, roleClaims, spentKey, type TokenService } from './token-service.ts';

/** A request for a token, from a client that is known. */
export interface GrantRequest {
  readonly form: Form;
  readonly client: Client;
  readonly caller: CountedCaller;
  /** Gets what is proved of it. */
  readonly known: KnownRequest;
}

/** What is known of a request by now, for its line in the log: each member is set once it is proved. */
export interface KnownRequest {
  /** The client, by its secret, or one without any. */
  client?: string;
  /** By a password, or a token that was shown. */
  user?: string;
}

type GrantType = (request: GrantRequest, service: TokenService) => Promise<Grant>;

/** The grant types that are offered (RFC 6749 §4.3, §4.4, §6). */
const grantTypes: ReadonlyMap<string, GrantType> = new Map([
  ['password', passwordGrant],
  ['client_credentials', clientGrant],
  ['refresh_token', refreshGrant],
]);

/**
 * Grants what a request asks for.
 * @throws {OAuthError} of RFC 6749 §5.2
 */
export function grantOf(request: GrantRequest, service: TokenService): Promise<Grant> {
  const name = required(request.form, 'grant_type');
  const grantType = grantTypes.get(name);
  if (grantType === undefined) refuseGrant('unsupported_grant_type', 'this grant type is not offered', { found: name });
  return grantType(request, service);
}

async function passwordGrant({ form, client, caller, known }: GrantRequest, service: TokenService): Promise<Grant> {
  const [name, password] = [required(form, 'username'), required(form, 'password')];
  const [scope, audience] = [scopeOf(form, client.scope), audienceOf(form, service)];
  const user = await service.authenticate(name, password, caller);
  if (user === undefined) refuseGrant('invalid_grant', 'user name or password is wrong');
  known.user = user.user;
  return {
    id: uuidText(service.random),
    subject: user.user,
    client: client.id,
    audience,
    claims: roleClaims(user.roles),
    scope,
    fullScope: scope,
    endsMs: service.clock() + Math.min(service.refreshLifetimeMs, service.keeper.ring().policy.lifeMs),
    isRefreshable: true,
  };
}

/** RFC 6749 §4.4: confidential clients only; §4.4.3: without a refresh token. */
async function clientGrant({ form, client }: GrantRequest, service: TokenService): Promise<Grant> {
  if (!client.isConfidential) refuseGrant('unauthorized_client', 'this client has no secret');
  const scope = scopeOf(form, client.scope);
  return {
    id: uuidText(service.random),
    subject: client.id,
    client: client.id,
    audience: audienceOf(form, service),
    claims: [],
    scope,
    fullScope: scope,
    endsMs: service.clock() + Math.min(service.lifetimeMs, service.keeper.ring().policy.lifeMs),
    isRefreshable: false,
  };
}

async function refreshGrant(request: GrantRequest, service: TokenService): Promise<Grant> {
  const { form, client, known } = request;
  const token = await openRefresh(required(form, 'refresh_token'), service);
  const isGood = token?.client === client.id && !(await service.revocations.has(token));
  if (token === undefined || !isGood) return refuseRefresh();
  known.user = token.subject;
  const scope = scopeOf(form, token.scope);
  if (form.has('resource') && form.get('resource') !== token.audience)
    refuseGrant('invalid_target', 'the grant is for another audience', { found: form.get('resource') });
  const claims = await service.claimsNow(token);
  if (claims === undefined) return refuseRefresh();
  await spend(token, request, service);
  const { grant, subject, audience } = token;
  return {
    id: grant,
    subject,
    client: client.id,
    audience,
    claims,
    scope,
    fullScope: token.scope,
    endsMs: token.expiresMs,
    isRefreshable: true,
  };
}

/** One that is used twice was stolen, from whom can't be known: all tokens of its grant end (RFC 9700 §4.14.2). */
async function spend(
  { id, grant, expiresMs }: BearerToken,
  { caller, known }: GrantRequest,
  service: TokenService,
): Promise<void> {
  const outcome = await service.store.claim(spentKey(id), expiresMs);
  if (outcome === 'full') refuseGrant('temporarily_unavailable', 'no token can be refreshed now', { status: 503 });
  if (outcome === 'new') return;
  await revoke(grant, expiresMs, service);
  const line = { reason: 'refresh-token-reused', grant, peer: caller.address, ...known };
  service.log.warn(line, 'all tokens of a grant were revoked');
  refuseRefresh();
}

function refuseRefresh(): never {
  return refuseGrant('invalid_grant', 'the refresh token is not good any more');
}

/** The scope that is asked for, all that is allowed where none is (RFC 6749 §3.3). */
function scopeOf(form: Form, allowed: readonly string[]): readonly string[] {
  const text = form.get('scope');
  if (text === undefined) return allowed;
  const names = text.split(' ');
  if (!names.every(name => isScopeName(name) && allowed.includes(name)))
    refuseGrant('invalid_scope', 'the scope is more than is allowed', { found: text });
  return [...new Set(names)];
}

/** The audience that `resource` names (RFC 8707 §2). */
function audienceOf(form: Form, { audiences }: TokenService): string {
  const resource = form.get('resource');
  if (resource === undefined) return audiences[0];
  return (
    audiences.find(audience => audience === resource) ??
    refuseGrant('invalid_target', 'the resource is unknown', { found: resource })
  );
}
