import { writeIssueRequest, writeRenewRequest } from '../conversation/token-request.ts';
import { type ConversationToken, parseIssueResponse } from '../conversation/token-response.ts';
import { loadPeerCertificate } from '../crypto/x509.ts';
import { ConfigurationError, refuse } from '../errors.ts';
import type { ContextKey } from '../message/protection-key.ts';
import type { BootstrapKeys, ConversationKey } from '../message/sending-key.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { tokenUseOf } from '../policy/plan.ts';
import { contextKeys } from '../security/context-keys.ts';
import { hasOnlyCharacters } from '../xml/characters.ts';
import { type ExchangeParts, type ExchangeRequest, exchange } from './exchange.ts';
import type { SessionSettings } from './session-options.ts';

/** A conversation as its initiator holds it. */
export interface Conversation {
  readonly key: ContextKey;
  /** Keys of a request: the token goes into its header, and signature and derived keys refer to it there. */
  readonly requestKey: ConversationKey;
  readonly unattachedReference: string;
  readonly stateChars: number;
  /** From this time on it is renewed, or a new one opened (milliseconds since the epoch, by our own clock). */
  readonly renewAtMs: number;
}

/** A token is replaced this long before its end, or when 90 % of a short life are over. */
const renewBeforeMs = 60_000;

/**
 * Proves the user once: RequestSecurityToken under the bootstrap policy, answered by the SecurityContextToken
 * (WS-SecureConversation 1.3 §3).
 * @param keys of {@link bootstrapKeys}
 */
export async function bootstrap(keys: BootstrapKeys, parts: ExchangeParts): Promise<Conversation> {
  const { dialect, bootstrap: plan } = parts.plan;
  const token = await tokenFor(parts, 'issue', { plan, keys }, (keySizeBits, entropy) =>
    writeIssueRequest(dialect, keySizeBits, entropy),
  );
  return conversationOf(token, Date.now());
}

/**
 * Renews a conversation, which may have expired: the user is proved again, and the conversation's key signs as well
 * (WS-SecureConversation 1.3 §5).
 * @param keys of {@link bootstrapKeys}
 * @returns its new Instance; the one before is good for a while
 */
export async function renew(keys: BootstrapKeys, parts: ExchangeParts, held: Conversation): Promise<Conversation> {
  const { dialect, renew: plan } = parts.plan;
  const protection = { plan, keys: { ...keys, context: held.requestKey } };
  const token = await tokenFor(parts, 'renew', protection, (keySizeBits, entropy) =>
    writeRenewRequest(dialect, keySizeBits, entropy, held.unattachedReference),
  );
  if (token.id !== held.key.id) refuse('invalidRequest', 'rstr-renewed-identifier');
  return conversationOf(token, Date.now());
}

/** Asks for a token with our share of its key. */
async function tokenFor(
  parts: ExchangeParts,
  request: 'issue' | 'renew',
  protection: Pick<ExchangeRequest, 'plan' | 'keys'>,
  write: (keySizeBits: number, entropy: Uint8Array) => OutgoingBody,
): Promise<ConversationToken> {
  const { dialect, suite } = parts.plan;
  const keySizeBits = suite.defaultKeyBits;
  const entropy = parts.random(Math.max(32, keySizeBits / 8));
  const { verified } = await exchange(parts, {
    ...protection,
    context: undefined,
    action: dialect.requestAction[request],
    answerActions: [dialect.responseAction[request]],
    body: write(keySizeBits, entropy),
    isHarmless: true,
    address: undefined,
  });
  return parseIssueResponse(verified.content, dialect, entropy, keySizeBits);
}

/**
 * What a bootstrap is sent with: user, password and, where the policy encrypts to it, the service's certificate.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` where one of them is missing or unusable
 */
export function bootstrapKeys({ plan, username, password, serviceCertificate }: SessionSettings): BootstrapKeys {
  if (!hasOnlyCharacters(username + password))
    throw new ConfigurationError('CONFIG_INVALID', 'user name or password holds a character that XML can not');
  const tokens = { username: { username, password } };
  if (tokenUseOf(plan.bootstrap.request)?.kind !== 'encryptedKey') return { tokens };
  if (serviceCertificate === undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${plan.port} encrypts to the service's certificate, and none was given`,
      {
        hint: 'give serviceCertificate (PEM)',
      },
    );
  return { tokens, recipient: loadPeerCertificate(serviceCertificate, 'serviceCertificate') };
}

function conversationOf(token: ConversationToken, nowMs: number): Conversation {
  const { id, instance, secret, stateChars, unattachedReference } = token;
  const key = { id, instance, keys: contextKeys(secret) };
  return {
    key,
    requestKey: { ...key, token: token.token, reference: token.attachedReference },
    unattachedReference,
    stateChars,
    renewAtMs: renewAt(token, nowMs),
  };
}

/** Counted from our own clock: only the length of the Lifetime is the issuer's word. */
function renewAt({ createdMs, expiresMs }: ConversationToken, nowMs: number): number {
  if (expiresMs === undefined) return Number.POSITIVE_INFINITY;
  const lifetimeMs = expiresMs - (createdMs ?? nowMs);
  return nowMs + Math.max(lifetimeMs * 0.9, lifetimeMs - renewBeforeMs);
}
