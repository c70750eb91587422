import { StoreUnavailable } from '../errors.ts';

/** What stands between the process and a store that may hang or be away. */
export interface GuardedCalls {
  /**
   * Asks the store.
   * @throws {StoreUnavailable} rejects with it where there is no answer in 250 ms; at once after several such troubles
   */
  call<T>(ask: () => Promise<T>): Promise<T>;
}

export interface GuardOptions {
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
  /** The store gave several troubles one after the other: its connections are not to be trusted any more. */
  readonly onDown: (why: string) => void;
  readonly onUp: () => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs?: number | undefined;
}

/** Why a store that answers can't take anything. */
export const noRoom = 'it has no room';

/** 'full' where a store has no room; anything else goes on. */
export async function orFull<T>(answer: Promise<T>): Promise<T | 'full'> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreUnavailable && error.why === noRoom) return 'full';
    throw error;
  }
}

const defaultAnswerMs = 250;
/** Troubles one after the other, after which the store is asked by one call at a time only. */
const maxTroubles = 3;
const restMs = 500;

/**
 * Bounds how long a call waits for its store, and how many wait for one that is down: then a call every half second
 * tries whether it is back, and the others are refused at once.
 */
export function guardedCalls({ steadyClock, onDown, onUp, answerMs }: GuardOptions): GuardedCalls {
  let troubles = 0;
  let nextTryMs = 0;

  const failed = (why: string) => {
    troubles += 1;
    nextTryMs = steadyClock() + restMs;
    // Once: connections that are being made meanwhile are not given up for a call that came before them.
    if (troubles === maxTroubles) onDown(why);
  };
  const answered = () => {
    const wasDown = troubles >= maxTroubles;
    troubles = 0;
    if (wasDown) onUp();
  };
  return {
    async call(ask) {
      if (troubles >= maxTroubles) {
        if (steadyClock() < nextTryMs) throw new StoreUnavailable('it is down');
        nextTryMs = steadyClock() + restMs;
      }
      try {
        const answer = await inTime(ask(), answerMs);
        answered();
        return answer;
      } catch (error) {
        if (error instanceof StoreUnavailable) failed(error.why);
        else answered();
        throw error;
      }
    },
  };
}

/**
 * The answer, or {@link StoreUnavailable} where it takes longer. Where this process stood still meanwhile, the time is
 * over before the answer is read that has long come: so what is there is read first.
 */
export function inTime<T>(answer: Promise<T>, answerMs = defaultAnswerMs): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new StoreUnavailable(`no answer in ${Math.ceil(answerMs)} ms`));
    const late = setTimeout(() => setImmediate(refuse), answerMs);
    answer.finally(() => clearTimeout(late)).then(resolve, reject);
  });
}
