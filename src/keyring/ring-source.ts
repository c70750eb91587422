import { where } from '../fields.ts';
import { type KeeperOptions, keepRing, type RingKeeper } from './keeper.ts';

/** A ring file, which is then kept as it is written, or a ring that is open already: what {@link openRing} gives. */
export type RingSource = string | RingKeeper;

/**
 * Opens a key ring for several uses in one process: its file is watched once, and `close()` ends that.
 * @param source a ring file; a ring that is open already is given back as it is
 * @throws {SecureConversationError} `RING_INVALID` where the file can't be used, `CONFIG_INVALID` for an option that can't be
 */
export function openRing(source: RingSource, options: KeeperOptions = {}): RingKeeper {
  return typeof source === 'string' ? keepRing(source, options) : source;
}

/** What `ring` means for what is used as long as the process lives. */
export const ringMeans =
  'Key ring file of the farm, watched as long as the process lives; or a ring that is open, for several uses.';

/** A ring file, or a ring that is open: a snapshot would never be read again. */
export const ringSource = where<RingSource>(
  { type: 'path, or what `openRing` gives' },
  value => (typeof value === 'string' && value !== '') || isOpen(value),
  'must be the path of a key ring file, or what openRing gives',
);

function isOpen(value: unknown): value is RingKeeper {
  return typeof value === 'object' && value !== null && 'ring' in value && typeof value.ring === 'function';
}
