import { Command, CommanderError } from 'commander';
import { SecureConversationError } from '../errors.ts';
import { addCall } from './call.ts';
import { addFarm } from './farm.ts';
import { addKeys } from './keys.ts';
import { addLoad } from './load.ts';
import { addPolicy } from './policy.ts';
import { addServe } from './serve.ts';
import { note, printError, reportError } from './terminal.ts';
import { addUsers } from './users.ts';

const networkExit = 3;

/** The command line of `wssc`; nothing is run yet. */
export function buildProgram(): Command {
  const program = new Command('wssc')
    .description('WS-SecureConversation for SOAP services and clients on Node.')
    .option('--debug', 'print stack traces with errors')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: usageError })
    .addHelpText('after', '\nExample:\n  $ wssc farm\n\nEach command has its own help: wssc COMMAND --help');
  for (const add of [addFarm, addServe, addCall, addLoad, addKeys, addUsers, addPolicy]) add(program);
  return program;
}

/** Commander's sentence in the words of {@link printError}. */
function usageError(text: string): void {
  const message = text
    .replace(/^error: /, '')
    .replace(/ is invalid\. It must/, ' is invalid: it must')
    .replace(/\n\((Did you mean .*\?)\)/, '; $1')
    .trim()
    .replace(/\.$/, '');
  printError(message, 'wssc COMMAND --help says what there is');
}

/**
 * Runs the command line.
 * @param argv arguments without program name
 * @returns the exit code: 0, 1 for wrong usage or configuration, and for `call` 2 for a fault and 3 where no answer came
 */
export async function run(argv: readonly string[]): Promise<number> {
  const debug = argv.includes('--debug');
  const program = buildProgram();
  try {
    if (argv.length === 0) {
      note(program.helpInformation());
      return 1;
    }
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    reportError(error, debug);
    return exitCode(error);
  }
}

/** An answer that is not what the policy says is no answer. */
function exitCode(error: unknown): number {
  const codes: readonly string[] = ['NETWORK', 'MESSAGE_REFUSED'];
  return error instanceof SecureConversationError && codes.includes(error.code) ? networkExit : 1;
}
