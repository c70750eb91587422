import type { Awaitable } from '../awaitable.ts';
import { SecureConversationError, StoreUnavailable } from '../errors.ts';
import { inTime } from './guarded-calls.ts';
import type { Store } from './store.ts';

/**
 * A store that keeps what {@link Store} promises of its answers, whoever wrote it: each comes in 250 ms or is
 * {@link StoreUnavailable}, and so is a failure in words of its own. What was at hand stays at hand. Nothing is said of
 * its feeds, which wait by their nature.
 */
export function answeringStore(store: Store): Store {
  const { isOwn, health } = store;
  return {
    ...(isOwn === undefined ? {} : { isOwn }),
    claim: (...asked) => answerOf(() => store.claim(...asked)),
    has: key => answerOf(() => store.has(key)),
    get: key => answerOf(() => store.get(key)),
    put: (...asked) => answerOf(() => store.put(...asked)),
    delete: key => answerOf(() => store.delete(key)),
    add: (...asked) => answerOf(() => store.add(...asked)),
    changes: (...asked) => store.changes(...asked),
    close: () => store.close(),
    ...(health === undefined ? {} : { health: () => health.call(store) }),
  };
}

function answerOf<T>(ask: () => Awaitable<T>): Awaitable<T> {
  try {
    const answer = ask();
    return isThenable(answer) ? inTime(Promise.resolve(answer)).catch(fail) : answer;
  } catch (error) {
    return fail(error);
  }
}

/** A promise of another realm, or of a library, is one too. */
function isThenable<T>(answer: Awaitable<T>): answer is Promise<T> {
  return typeof answer === 'object' && answer !== null && typeof Reflect.get(answer, 'then') === 'function';
}

function fail(error: unknown): never {
  throw error instanceof SecureConversationError ? error : new StoreUnavailable('it failed', error);
}
