import { writeIssueRequest, writeRenewRequest } from '../conversation/token-request.ts';
import { type ConversationToken, parseIssueResponse } from '../conversation/token-response.ts';
import { refuse } from '../errors.ts';
import type { ContextKey } from '../message/protection-key.ts';
import type { BootstrapKeys, ConversationKey } from '../message/sending-key.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { spoken } from '../names.ts';
import { contextKeys } from '../security/context-keys.ts';
import { type ConversationParts, type ExchangeRequest, exchange } from './exchange.ts';

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

/** Of a token without a Lifetime. */
const assumedLifetimeMs = 1_800_000;

/** A token is replaced this long before its end, or when 90 % of a short life are over. */
const renewBeforeMs = 60_000;

/**
 * Proves the user once: RequestSecurityToken under the bootstrap policy, answered by the SecurityContextToken
 * (WS-SecureConversation 1.3 §3).
 * @param keys of `bootstrapKeys`
 */
export async function bootstrap(keys: BootstrapKeys, parts: ConversationParts): Promise<Conversation> {
  const { dialect, bootstrap: plan } = parts.plan;
  const token = await tokenFor(parts, 'issue', { plan, keys }, (keySizeBits, entropy) =>
    writeIssueRequest(dialect, keySizeBits, entropy),
  );
  return conversationOf(token, Date.now());
}

/**
 * Renews a conversation, which may have expired: the user is proved again, and the conversation's key signs as well
 * (WS-SecureConversation 1.3 §5).
 * @param keys of `bootstrapKeys`
 * @returns its new Instance; the one before is good for a while
 */
export async function renew(keys: BootstrapKeys, parts: ConversationParts, held: Conversation): Promise<Conversation> {
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
  parts: ConversationParts,
  request: 'issue' | 'renew',
  protection: Pick<ExchangeRequest, 'plan' | 'keys'>,
  write: (keySizeBits: number, entropy: Uint8Array) => OutgoingBody,
): Promise<ConversationToken> {
  const { dialect, suite, trustAddressing } = parts.plan;
  const keySizeBits = suite.defaultKeyBits;
  const entropy = parts.random(Math.max(32, keySizeBits / 8));
  const { verified } = await exchange(parts, {
    ...protection,
    addressing: trustAddressing,
    context: undefined,
    action: spoken(dialect.requestAction[request]),
    answerActions: [spoken(dialect.responseAction[request])],
    body: write(keySizeBits, entropy),
    isForIssuer: true,
    address: undefined,
  });
  const token = parseIssueResponse(verified.content, dialect, entropy, keySizeBits);
  // What one service has encrypted to another client, that client can encrypt to us: it must not know the key.
  if (protection.plan.response.protection.kind === 'asymmetric' && !token.isComputed)
    refuse('invalidRequest', 'rstr-key-not-computed');
  return token;
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
function renewAt(token: ConversationToken, nowMs: number): number {
  const lifetimeMs = lifetimeOf(token, nowMs);
  return nowMs + Math.max(lifetimeMs * 0.9, lifetimeMs - renewBeforeMs);
}

/**
 * A token that ends before it begins is none: a client that took it would bootstrap for each call.
 * @throws {Refusal} `invalidRequest`
 */
function lifetimeOf({ createdMs, expiresMs }: ConversationToken, nowMs: number): number {
  if (expiresMs === undefined) {
    process.emitWarning('a SecurityContextToken has no Lifetime: it is taken for one of 30 minutes', {
      code: 'WSSC_NO_LIFETIME',
    });
    return assumedLifetimeMs;
  }
  const lifetimeMs = expiresMs - (createdMs ?? nowMs);
  return lifetimeMs > 0 ? lifetimeMs : refuse('invalidRequest', 'rstr-lifetime-order');
}
