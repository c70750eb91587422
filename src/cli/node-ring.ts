import type { RingKeeper } from '../keyring/keeper.ts';
import type { ChosenRing } from '../keyring/open-home.ts';
import { openRingOptionsOf, startRing } from '../keyring/ring-source.ts';
import type { Log } from '../server/log.ts';
import { note } from './terminal.ts';

/** How the ring of a node is opened. */
export interface NodeRingOptions {
  /** Makes the ring where there is none. */
  readonly initRing: boolean;
  /** Where troubles go once there is a ring. */
  readonly log: Log;
}

/**
 * Opens the ring of a node, which says when it waits for one and when it has it.
 * @throws {SecureConversationError} as {@link startRing}
 */
export async function openNodeRing(chosen: ChosenRing, { initRing, log }: NodeRingOptions): Promise<RingKeeper> {
  let isWaiting = false;
  let hasRing = false;
  return startRing(chosen.place, {
    ...openRingOptionsOf(chosen),
    initRing,
    onEvent: note,
    onChange({ farm, generation }) {
      if (isWaiting && !hasRing) note(`ready: key ring of farm ${farm}, generation ${generation}`);
      hasRing = true;
    },
    onError(error) {
      if (hasRing) return log.error({ err: error }, 'key ring not read');
      isWaiting ||= error.code !== 'RING_INVALID';
      if (isWaiting) note(`not ready: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`);
    },
  });
}
