import type { Awaitable } from '../awaitable.ts';
import { after } from '../awaitable.ts';
import type { Context } from './context.ts';
import type { FoundState, StateMode } from './state-mode.ts';

/** Where the state of conversations can be kept. */
export type StateName = 'cookie' | 'database' | 'none';

/** The modes by name. */
export const stateNames: readonly StateName[] = ['cookie', 'database', 'none'];

/**
 * Several modes at once, while a farm moves from one to another: new conversations begin in one of them, and those of
 * all are found, renewed and cancelled where they are. A token with a State is opened, one without is looked up.
 * @param issuing where new conversations begin
 * @param accepted all that are found, that one among them, in the order in which they are asked
 */
export function severalModes(issuing: StateMode, accepted: readonly StateMode[]): StateMode {
  /** Which mode a context was found in. */
  const homes = new WeakMap<Context, StateMode>();
  const homeOf = (context: Context) => homes.get(context) ?? issuing;

  const findIn = (
    [mode, ...others]: readonly StateMode[],
    ...given: Parameters<StateMode['find']>
  ): Awaitable<FoundState | undefined> =>
    mode === undefined
      ? undefined
      : after(mode.find(...given), found => {
          if (found === undefined) return findIn(others, ...given);
          homes.set(found.context, mode);
          return found;
        });
  return {
    issue: (...given) => issuing.issue(...given),
    replace: (previous, ...given) => homeOf(previous).replace(previous, ...given),
    find: (...given) => findIn(accepted, ...given),
    cancel: (context, nowMs) => homeOf(context).cancel(context, nowMs),
    // All of them have one list.
    cancelled: (...given) => issuing.cancelled(...given),
  };
}
