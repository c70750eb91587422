import { keepRing, type RingKeeper } from '../keyring/keeper.ts';

/** A ring file, which is then kept as it is written, or a ring that is kept already. */
export type RingSource = string | RingKeeper;

/** @throws {SecureConversationError} `RING_INVALID` where the file can't be used */
export function keptRing(source: RingSource): RingKeeper {
  return typeof source === 'string' ? keepRing(source) : source;
}
