import { type Awaitable, after } from '../awaitable.ts';
import type { Principal } from '../conversation/principal.ts';
import type { Certificate } from '../crypto/x509.ts';
import { CallerGone, Overload, refuse, Unauthorized } from '../errors.ts';
import type { Verified } from '../message/verified.ts';
import { type MessagePlan, tokenUseOf, wantsPassword } from '../policy/plan.ts';
import { certificateOf } from '../security/binary-token.ts';
import { certificateIn, userOf } from '../security/supporting-tokens.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import type { UsernameClaims } from '../security/username-token.ts';
import { lacksHeader } from '../soap/addressing.ts';
import { networkOf } from '../users/addresses.ts';
import type { AuthenticatedUser } from '../users/authenticate.ts';
import { credentialOf, type Requester } from './client-certificates.ts';
import type { Known } from './known.ts';
import type { PortParts, ServedPort } from './port.ts';

/** A verified request with what else is known of who sent it. */
export interface Proof {
  readonly verified: Verified;
  readonly messagePlan: MessagePlan;
  /** The certificate that TLS showed and that is believed; undefined where the plan asks for none. */
  readonly tlsCertificate: Certificate | undefined;
  /** What HTTP's Authorization says; undefined where the plan asks for none. */
  readonly basic: UsernameClaims | undefined;
  readonly caller: Requester;
  /** Gets what is proved of it. */
  readonly known: Known;
}

/**
 * Who sent a message that stands by itself, a bootstrap or a call without a conversation: password checked, or the user
 * of the certificate that signed it or that TLS showed. Over TLS alone, where nothing is signed, the message is spent
 * against replays.
 * @param entropy what the Body has that no other request has; undefined: nothing
 * @throws {Refusal} `failedAuthentication`; `messageExpired` for an old UsernameToken; `invalidSecurity` for a replay;
 * `addressingHeaderRequired` where nothing would tell one
 */
export async function provenPrincipal(
  proof: Proof,
  entropy: Uint8Array | undefined,
  port: ServedPort,
): Promise<Principal> {
  const isSpentByName = tokenUseOf(proof.messagePlan) === undefined;
  if (isSpentByName && !port.plan.isUnprotected) checkNamed(proof.verified);
  const certificate = certificateOfProof(proof);
  const credential = certificate && credentialOf(certificate);
  const principal = wantsPassword(proof.messagePlan)
    ? ({ ...(await passwordUser(proof, port)), authenticatedBy: 'usernameToken', credential } as const)
    : await certificateUser(certificate, credential, port);
  proof.known.principal = principal;
  if (proof.caller.signal.aborted) throw new CallerGone();
  if (isSpentByName) await spendRequest(principal, proof.verified, entropy, port);
  return principal;
}

/**
 * The same of one who begins a conversation, or renews one: it is counted.
 * @throws {Overload} where there are too many
 */
export async function provenBeginner(
  proof: Proof,
  entropy: Uint8Array | undefined,
  port: ServedPort,
): Promise<Principal> {
  const principal = await provenPrincipal(proof, entropy, port);
  const { address, isLimited } = proof.caller;
  // No user's name has a NUL.
  const counted = principal.user ?? (isLimited ? `\0${networkOf(address)}` : undefined);
  if (counted !== undefined && !port.parts.mayIssue(counted)) throw new Overload('issue-rate', issueRetryMs);
  return principal;
}

/** When a user who began too many conversations may try again; how fast they may begin is nobody's business. */
const issueRetryMs = 1_000;

/**
 * A message that nobody answers needs no MessageID, unless nothing else tells a copy of it: nothing signs it, and no
 * Nonce is in it.
 */
function checkNamed({ addressing, tokens }: Verified): void {
  if (addressing !== undefined && addressing.messageId === undefined && userOf(tokens)?.nonce === undefined)
    lacksHeader(addressing.version, 'MessageID', 'message-id-missing');
}

function certificateOfProof({ verified, tlsCertificate }: Proof): Certificate | undefined {
  const claims = certificateIn(verified.tokens);
  return claims === undefined ? tlsCertificate : certificateOf(claims);
}

async function passwordUser({ verified, basic, caller }: Proof, port: ServedPort): Promise<AuthenticatedUser> {
  const { parts } = port;
  const token = basic ?? userOf(verified.tokens) ?? refuse('invalidSecurity', 'username-token-missing');
  checkCreated(token, parts);
  const found = await parts.authenticate(token.username, token.password, caller);
  const user = found ?? refuseUser(basic !== undefined);
  // A Nonce is good for one token (UsernameToken Profile 1.1 §3.1). Only who knows the password spends it.
  if (token.nonce !== undefined) await spend(`nonce ${user.user} ${token.nonce}`, port);
  return user;
}

function refuseUser(isByHttp: boolean): never {
  if (isByHttp) throw new Unauthorized('user-or-password');
  return refuse('failedAuthentication', 'user-or-password');
}

/** As for a Timestamp: a token is as old as it says, and a Nonce is remembered for as long as one could be new. */
function checkCreated({ createdMs }: UsernameClaims, { clock, clockSkewMs }: PortParts): void {
  if (createdMs === undefined) return;
  const nowMs = clock();
  if (createdMs > nowMs + clockSkewMs) refuse('messageExpired', 'username-token-in-future');
  if (createdMs + timestampTtlMs + clockSkewMs < nowMs) refuse('messageExpired', 'username-token-stale');
}

async function certificateUser(
  certificate: Certificate | undefined,
  credential: Uint8Array | undefined,
  { parts }: ServedPort,
): Promise<Principal> {
  if (certificate === undefined)
    return { user: undefined, roles: [], authenticatedBy: 'anonymous', credential: undefined };
  const user = await parts.userOfCertificate(certificate);
  if (user === undefined) return refuse('failedAuthentication', 'certificate-user');
  return { user: user.user, roles: user.roles, authenticatedBy: 'x509', credential };
}

/**
 * Where nothing in a message is signed, its MessageID is spent, with the user who proved to have sent it. Without one
 * it is the initiator's share of the key, which is random; without that as well, a copy of the request is not noticed:
 * it is worth no more than the password in it. What nobody in particular sends again begins a conversation that nobody
 * has the key of, or is a call that anybody may send.
 */
function spendRequest(
  { user }: Principal,
  { addressing }: Verified,
  entropy: Uint8Array | undefined,
  port: ServedPort,
): Awaitable<void> {
  const unique = addressing?.messageId ?? (entropy && Buffer.from(entropy).toString('base64'));
  if (user === undefined || unique === undefined) return;
  return spend(`rst ${user} ${unique}`, port);
}

/** Spends the key of a message that nothing signs, here and where it is to be taken once in the farm. */
function spend(key: string, port: ServedPort): Awaitable<void> {
  const outcome = port.parts.spend(key);
  if (outcome === 'full') refuse('server', 'replay-table-full');
  if (outcome === 'seen') refuse('invalidSecurity', 'replay');
  return claimMessage(key, port);
}

/**
 * Claims a message that this node has spent for itself, where the farm is to take it once: between all checks and what
 * is done for it.
 * @throws {Refusal} `invalidSecurity` where another node has it, `server` where that can't be known; may reject with it
 */
export function claimMessage(key: string, { parts }: ServedPort): Awaitable<void> {
  return after(parts.claim(key), outcome => {
    if (outcome === 'full') refuse('server', 'replay-store-full');
    if (outcome === 'seen') refuse('invalidSecurity', 'replay-elsewhere');
  });
}
