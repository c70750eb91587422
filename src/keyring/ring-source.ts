import { type Field, failAt } from '../fields.ts';
import { type KeeperOptions, keepRing, type RingKeeper } from './keeper.ts';

/** A ring file, which is then kept as it is written, or a ring that is open already: what {@link openRing} gives. */
export type RingSource = string | RingKeeper;

/**
 * Opens a key ring for several uses in one process: its file is watched once, and `close()` ends that.
 * @param source a ring file; a ring that is open already is given back as it is
 * @throws {SecureConversationError} `RING_INVALID` where the file can't be used
 */
export function openRing(source: RingSource, options: KeeperOptions = {}): RingKeeper {
  return typeof source === 'string' ? keepRing(source, options) : source;
}

/** A ring file, or a ring that is open: a snapshot would never be read again. */
export const ringSource: Field<RingSource> = (value, place) =>
  (typeof value === 'string' && value !== '') || isOpen(value)
    ? value
    : failAt(place, 'must be the path of a key ring file, or what openRing gives');

function isOpen(value: unknown): value is RingKeeper {
  return typeof value === 'object' && value !== null && 'ring' in value && typeof value.ring === 'function';
}
