import { type CookieModeOptions, cookieMode } from './cookie-mode.ts';
import { databaseMode } from './database-mode.ts';
import { noneMode } from './none-mode.ts';
import { type StateName, severalModes } from './several-modes.ts';
import type { StateMode } from './state-mode.ts';

/** What the modes of this package are made of. */
export interface OpenStateOptions extends CookieModeOptions {
  /** Where new conversations begin. */
  readonly state: StateName;
  /** Where conversations are found; undefined: where they begin. */
  readonly acceptState: readonly StateName[] | undefined;
  /**
   * A conversation that no message has named for so long ends; undefined: an hour where the node has it in its memory,
   * else at its absolute end.
   */
  readonly idleMs: number | undefined;
}

/** In which order a token is looked for: what is at hand comes first. */
const lookedFor: readonly StateName[] = ['cookie', 'none', 'database'];
const usualIdleMs = 3_600_000;

const modes: Readonly<Record<StateName, (options: OpenStateOptions) => StateMode>> = {
  cookie: cookieMode,
  database: databaseMode,
  none: ({ idleMs = usualIdleMs, cacheEntries, ...rest }) =>
    noneMode({ ...rest, idleMs, maxConversations: cacheEntries }),
};

/** Opens a state mode by its name, with others beside it whose conversations are found too. */
export function openState(options: OpenStateOptions): StateMode {
  const { state, acceptState = [state] } = options;
  const accepted = lookedFor.filter(name => acceptState.includes(name));
  const opened = new Map(accepted.map(name => [name, modes[name](options)]));
  const issuing = opened.get(state) ?? modes[state](options);
  return opened.size === 1 ? issuing : severalModes(issuing, [...opened.values()]);
}
