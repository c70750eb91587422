import { type Figures, figuresOf, increases, isRestarted } from './figures.ts';
import type { Sample } from './sample.ts';

/** A node that is watched. */
export interface WatchedNode {
  readonly name: string;
  /**
   * Asks it for its metrics.
   * @throws {Error} whose message says why there are none; rejects with it
   */
  readonly ask: (signal: AbortSignal) => Promise<readonly Sample[]>;
}

/** What is known of a node. */
export interface NodeState {
  readonly name: string;
  /** Why it did not answer when it was last asked; undefined where it did. */
  readonly problem: string | undefined;
  /** What it said last; undefined where it has never answered. */
  readonly figures: Figures | undefined;
  /** What was counted lately, at most in the last minute, by the process that runs now. */
  readonly lately: Lately;
  /** How often its process was another one than before, since the watch began. */
  readonly restarts: number;
}

/** What was counted in a time. */
export interface Lately {
  readonly counted: readonly Sample[];
  /** Above 0 where anything could be counted. */
  readonly seconds: number;
}

/** How nodes are watched. Times in milliseconds. */
export interface WatchOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From one round of questions to the next. */
  readonly periodMs: number;
  /** Called after each round. */
  readonly told: () => void;
  /** Whether somebody looks all the time. */
  readonly isFollowed: () => boolean;
}

/** The watch over some nodes. */
export interface Watch {
  /**
   * Somebody looks now: nodes are asked from here on, until a minute after the last look.
   * @returns settles when each of them has been asked
   */
  look(): Promise<void>;
  states(): readonly NodeState[];
  close(): void;
}

/** How long a node may take for its answer; it answers in a few milliseconds. */
const answerMs = 2_000;
/** For how long figures are kept: what rates and percentiles are of. */
const keptMs = 60_000;

/**
 * Asks all nodes again and again while somebody looks: rates and restarts are told of two looks. All who look share one
 * round: of N nodes that show each other, those N ask that are looked at.
 */
export function watchNodes(nodes: readonly WatchedNode[], { clock, periodMs, told, isFollowed }: WatchOptions): Watch {
  const histories = nodes.map(openHistory);
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let lookedMs = 0;
  /** The first round since nobody looked; undefined while nobody does. */
  let first: Promise<void> | undefined;
  const round = async () => {
    const beganMs = performance.now();
    await Promise.all(histories.map(history => history.ask(clock)));
    if (isClosed) return;
    told();
    const endedMs = performance.now();
    if (!isFollowed() && endedMs - lookedMs > keptMs) first = undefined;
    else timer = setTimeout(() => void round(), Math.max(0, periodMs - (endedMs - beganMs))).unref();
  };
  return {
    look() {
      lookedMs = performance.now();
      if (!isClosed) first ??= round();
      return first ?? Promise.resolve();
    },
    states: () => histories.map(history => history.state()),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function openHistory({ name, ask }: WatchedNode) {
  /** Of one process, the oldest first. */
  let kept: readonly Figures[] = [];
  let problem: string | undefined = 'has not been asked yet';
  let restarts = 0;
  const take = (now: Figures) => {
    const last = kept.at(-1);
    const isOther = last !== undefined && isRestarted(last, now);
    if (isOther) restarts += 1;
    kept = [...(isOther ? [] : kept.filter(({ readMs }) => now.readMs - readMs <= keptMs)), now];
  };
  return {
    async ask(clock: () => number) {
      try {
        take(figuresOf(await ask(AbortSignal.timeout(answerMs)), clock()));
        problem = undefined;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    },
    state: (): NodeState => ({ name, problem, figures: kept.at(-1), lately: latelyOf(kept), restarts }),
  };
}

function latelyOf(kept: readonly Figures[]): Lately {
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined || first === last) return { counted: [], seconds: 0 };
  return { counted: increases(first, last), seconds: Math.max(0, last.readMs - first.readMs) / 1_000 };
}
