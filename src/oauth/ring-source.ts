import { keyIdOfToken } from '../bearer/bearer-token.ts';
import { keepRing, type RingKeeper } from '../keyring/keeper.ts';
import type { KeyRing } from '../keyring/ring.ts';

/** A ring file, which is then kept as it is written, or a ring that is kept already. */
export type RingSource = string | RingKeeper;

/** @throws {SecureConversationError} `RING_INVALID` where the file can't be used */
export function keptRing(source: RingSource): RingKeeper {
  return typeof source === 'string' ? keepRing(source) : source;
}

/**
 * Opens a token with the ring as it is, and once more with a newer one where the token names a key that is not known yet. The keeper
 * limits how often it looks: anyone can send unknown key ids.
 */
export function openWith<T>(keeper: RingKeeper, text: string, open: (ring: KeyRing) => T | undefined): T | undefined {
  const opened = open(keeper.ring());
  if (opened !== undefined) return opened;
  const keyId = keyIdOfToken(text);
  const isUnknown = keyId !== undefined && !keeper.ring().keys.some(({ id }) => id === keyId);
  return isUnknown && keeper.refresh(keyId) ? open(keeper.ring()) : undefined;
}
