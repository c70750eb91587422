import type { StoreHealth } from './store.ts';

/** Says of a store on the network how it is, each thing once, as long as it is so; and keeps it. */
export interface StoreTeller {
  /** @param lossy why it may lose what it acknowledged, as the rest of a sentence; undefined: it does not */
  durability(lossy: string | undefined): void;
  /** @param aheadMs how far its clock is ahead of this machine's */
  clock(aheadMs: number): void;
  /** @param why it does not answer, as a part of a sentence */
  down(why: string): void;
  up(): void;
  health(): StoreHealth;
}

export interface StoreTellerOptions {
  readonly onEvent: (sentence: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Clocks that differ by more are said: times of records are compared with them. */
const toleratedMs = 5_000;

/** @param url of the store; no user and no password is said */
export function storeTeller({ protocol, host }: URL, { onEvent, clock }: StoreTellerOptions): StoreTeller {
  const where = `${protocol}//${host}`;
  const kind = protocol === 'rediss:' ? 'redis' : protocol.slice(0, -1);
  const troubles = new Set<string>();
  let lossy: string | undefined;
  let clockAheadMs: number | undefined;
  let hasClockTold = false;
  let isUp = false;
  let sinceMs = clock();
  const say = (sentence: string) => onEvent(`the store ${where} ${sentence}`);
  const set = (up: boolean) => {
    if (up !== isUp) sinceMs = clock();
    isUp = up;
  };
  return {
    durability(found) {
      if (found !== undefined && found !== lossy) say(found);
      lossy = found;
    },
    clock(aheadMs) {
      clockAheadMs = Math.round(aheadMs);
      const isWrong = Math.abs(aheadMs) > toleratedMs;
      const seconds = Math.round(Math.abs(aheadMs) / 1_000);
      if (isWrong && !hasClockTold)
        say(`has a clock that is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`);
      hasClockTold = isWrong;
    },
    down(why) {
      if (!troubles.has(why)) say(`does not answer: ${why}`);
      troubles.add(why);
      set(false);
    },
    up() {
      if (troubles.size > 0) say('answers again');
      troubles.clear();
      set(true);
    },
    health: () => ({ kind, up: isUp, sinceMs, lossy, clockAheadMs }),
  };
}
