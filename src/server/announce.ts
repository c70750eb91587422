import type { Cancellation } from '../state/cancellation.ts';
import type { Log } from './log.ts';

/**
 * Tells the other nodes of what ended here, and never rejects: it has ended in any case, and what goes wrong with the
 * others is no fault of the client that is answered.
 * @param what ended: `a cancelled conversation`
 */
export function announcer(
  tell: ((cancellation: Cancellation) => Promise<void> | void) | undefined,
  what: string,
  log: Log,
): (cancellation: Cancellation) => Promise<void> {
  return async cancellation => {
    try {
      await tell?.(cancellation);
    } catch (err) {
      log.error({ err }, `the other nodes may not know of ${what}`);
    }
  };
}
