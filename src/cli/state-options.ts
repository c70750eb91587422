import { type Command, InvalidArgumentError } from 'commander';
import { alternatives } from '../fields.ts';
import { type StateName, stateNames } from '../state/several-modes.ts';
import { duration, oneOf } from './option-values.ts';
import { idleRangeMs } from './serve-config.ts';

/** What the command line says of where conversations are kept. */
export interface StateOptionValues {
  readonly state?: StateName;
  readonly acceptState?: readonly StateName[];
  /** Milliseconds. */
  readonly idle?: number;
}

/** Adds the options of state modes to a command. */
export function addStateOptions(command: Command): Command {
  return command
    .option(
      '--state <mode>',
      `where conversations are kept, ${alternatives(stateNames)}: in their tokens, the node's memory or the store; ` +
        'default: cookie',
      oneOf(stateNames),
    )
    .option(
      '--accept-state <modes>',
      'modes whose conversations are found, separated by commas; default: that of --state',
      severalOf(stateNames),
    )
    .option(
      '--idle <time>',
      'without a message for so long a conversation ends, in the modes none and database; default: 1h in none',
      duration(...idleRangeMs),
    );
}

/** One or more of a few names, separated by commas. */
function severalOf<Name extends string>(names: readonly Name[]): (text: string) => readonly Name[] {
  const parse = oneOf(names);
  return text => {
    try {
      return text.split(',').map(part => parse(part.trim()));
    } catch {
      throw new InvalidArgumentError(`It must be one or more of ${names.join(', ')}, separated by commas.`);
    }
  };
}

/** The same as options of an endpoint. */
export function stateSettings({ state, acceptState, idle }: StateOptionValues) {
  return {
    ...(state === undefined ? {} : { state }),
    ...(acceptState === undefined ? {} : { acceptState }),
    ...(idle === undefined ? {} : { idleMs: idle }),
  };
}
