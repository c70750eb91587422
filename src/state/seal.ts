import { parseBase64 } from '../crypto/base64.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { KeyRing } from '../keyring/ring.ts';
import { open, overheadBytes, type SealBinding, seal, sealingKey } from '../keyring/seal.ts';
import { decodeContext, encodeContext, isUuidUri, maxPlaintextBytes, minPlaintextBytes } from './codec.ts';
import type { Context } from './context.ts';

/*
 * A conversation's state is a plaintext of codec.ts in the envelope of keyring/seal.ts, written as base64. It is bound
 * to the service and to the names of its token.
 */

const maxBase64Chars = 4096;

/** Where a state was issued for. */
export interface StateBinding {
  /** The logical service, "{targetNamespace}Service/Port". */
  readonly audience: string;
  /** WS-SecureConversation namespace of the token. */
  readonly wsc: string;
}

/** Where a state was found: under which names its token came. */
export interface TokenBinding extends StateBinding {
  /** Identifier, exactly as in the token. */
  readonly id: string;
  readonly instance: string | undefined;
}

/** Purpose of the seals that carry a context. */
const contextPurpose = 'sct-state';

function contextBinding(binding: StateBinding, id: string, instance: string | undefined): SealBinding {
  return { purpose: contextPurpose, names: [binding.audience, binding.wsc, id, instance ?? ''] };
}

/**
 * Seals a context for its token.
 * @throws {Refusal} `server` where no key issues now, where the context's absolute end is later than its key opens, and
 * where user and roles are too long
 */
export function sealContext(
  context: Context,
  binding: StateBinding,
  ring: KeyRing,
  nowMs: number,
  random: RandomSource,
): Buffer {
  // An expired Instance is still opened, to be renewed, until the end that no renewal passes.
  const key = sealingKey(ring, context.absoluteExpiresMs, nowMs);
  const plaintext = encodeContext(context) ?? refuse('server', 'state-too-large');
  return seal(plaintext, contextBinding(binding, context.id, context.instance), ring.farm, key, random);
}

/**
 * Opens a token's state, also that of an Instance that has expired.
 * @returns undefined for every failure alike: unknown key, other farm, audience, namespace, Identifier or Instance,
 * changed bytes, past the absolute end, not valid yet
 */
export function openContext(
  sealed: Uint8Array,
  binding: TokenBinding,
  ring: KeyRing,
  nowMs: number,
): Context | undefined {
  if (!isUuidUri(binding.id) || (binding.instance !== undefined && !isUuidUri(binding.instance))) return undefined;
  const plaintext = open(sealed, contextBinding(binding, binding.id, binding.instance), ring, nowMs);
  const context = plaintext && decodeContext(plaintext);
  if (context?.id !== binding.id || context.instance !== binding.instance) return undefined;
  return isValidAt(context, ring.policy.skewMs, nowMs) ? context : undefined;
}

/** The bytes of a State element's text; undefined for what is not base64, or not as long as a state can be. */
export function parseState(text: string): Buffer | undefined {
  if (text.length > maxBase64Chars) return undefined;
  return parseBase64(text, {
    minBytes: overheadBytes + minPlaintextBytes,
    maxBytes: overheadBytes + maxPlaintextBytes,
  });
}

/** The text of a State element. */
export function writeState(sealed: Buffer): string {
  return sealed.toString('base64');
}

/**
 * True while a context can be known at all. It ends to the millisecond; it begins a clock difference early, since
 * another node's clock may have been ahead when it was issued.
 */
export function isValidAt(context: Context, skewMs: number, nowMs: number): boolean {
  const { createdMs, keyEffectiveMs, absoluteExpiresMs } = context;
  return Math.max(createdMs, keyEffectiveMs) <= nowMs + skewMs && nowMs < absoluteExpiresMs;
}

/** True once a context's Instance has ended, to the millisecond: until the absolute end it can be renewed. */
export function isExpiredAt({ keyExpiresMs, tokenExpiresMs }: Context, nowMs: number): boolean {
  return nowMs >= Math.min(keyExpiresMs, tokenExpiresMs);
}
