import type { Cancellation } from '../state/cancellation.ts';
import type { Log } from './log.ts';
import type { EndpointEvent } from './statistics.ts';

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

/**
 * Tells a program of what happens, and never throws: what goes wrong there is no fault of the message that it happened
 * to. It is told of the first time, not of each.
 * @returns undefined where nobody is to be told
 */
export function teller(
  tell: ((event: EndpointEvent) => void) | undefined,
  log: Log,
): ((event: EndpointEvent) => void) | undefined {
  if (tell === undefined) return undefined;
  let hasFailed = false;
  return event => {
    try {
      tell(event);
    } catch (err) {
      if (!hasFailed) log.error({ err }, 'onEvent fails; nothing is said of it again');
      hasFailed = true;
    }
  };
}
