import { networkOf } from '../users/addresses.ts';
import type { CountedCaller } from '../users/authenticate.ts';

/** How many may wait for the issuer at once. */
export interface PlaceLimits {
  readonly inAll: number;
  /** So that nobody alone takes all of them. */
  readonly ofOneAddress: number;
}

/** Places before the issuer. */
export interface Places {
  /**
   * Takes one.
   * @returns what gives it back; undefined where there is none for this caller
   */
  take(caller: Pick<CountedCaller, 'address' | 'isLimited'>): (() => void) | undefined;
}

/** Places of a node; a proxy's address that stands for many is not counted as one. */
export function placesOf({ inAll, ofOneAddress }: PlaceLimits): Places {
  const byNetwork = new Map<string, number>();
  let taken = 0;
  const change = (network: string | undefined, by: number) => {
    taken += by;
    if (network === undefined) return;
    const count = (byNetwork.get(network) ?? 0) + by;
    if (count === 0) byNetwork.delete(network);
    else byNetwork.set(network, count);
  };
  return {
    take({ address, isLimited }) {
      const network = isLimited ? networkOf(address) : undefined;
      if (taken >= inAll) return undefined;
      if (network !== undefined && (byNetwork.get(network) ?? 0) >= ofOneAddress) return undefined;
      change(network, 1);
      return () => change(network, -1);
    },
  };
}
