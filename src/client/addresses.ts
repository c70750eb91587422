import type { NetworkError } from './network-error.ts';

/** Which of several addresses a call tries first: always the first that works, or each in turn. */
export type AddressOrder = 'first' | 'rotate';

/**
 * When a call is sent again, to the next address or to one that was busy: `connect` only where it can't have been
 * carried out, `any` after every failure to get an answer (the operation may then run twice), `none` never.
 */
export type RetryMode = 'connect' | 'any' | 'none';

/** The addresses of a farm, as one client uses them. */
export interface Addresses {
  /** The addresses for the next call, in the order to try them; each is tried once. */
  next(): readonly string[];
  /** Notes that an address answered. */
  answered(address: string): void;
}

/** @param list at least one address */
export function addressList(list: readonly string[], order: AddressOrder): Addresses {
  let start = 0;
  return {
    next() {
      const turn = [...list.slice(start), ...list.slice(0, start)];
      if (order === 'rotate') start = (start + 1) % list.length;
      return turn;
    },
    answered(address) {
      if (order === 'first') start = Math.max(0, list.indexOf(address));
    },
  };
}

/** Whether another address may be tried after `error`. */
export function mayRetry(error: NetworkError, mode: RetryMode): boolean {
  return mode === 'any' || (mode === 'connect' && !error.sent);
}

/**
 * Whether a call may be sent again to where the answer was that the service is busy, and so has not carried it out.
 * Over TLS that is the service's word. Without TLS anybody on the way can say so in place of the answer to a call that
 * was carried out.
 */
export function mayAskAgain(address: string, mode: RetryMode): boolean {
  return mode === 'any' || (mode === 'connect' && new URL(address).protocol === 'https:');
}
