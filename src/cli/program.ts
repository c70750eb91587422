import { Command, CommanderError } from 'commander';
import { SecureConversationError } from '../errors.ts';
import { note, printError, reportError } from './terminal.ts';

const networkExit = 3;

/** Adds one command to the program. */
type AddCommand = (program: Command) => void;

/** The commands, each loaded only when it is asked for: a node's whole server takes its time to load. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  farm: async () => (await import('./farm.ts')).addFarm,
  serve: async () => (await import('./serve.ts')).addServe,
  call: async () => (await import('./call.ts')).addCall,
  load: async () => (await import('./load.ts')).addLoad,
  keys: async () => (await import('./keys.ts')).addKeys,
  users: async () => (await import('./users.ts')).addUsers,
  tokens: async () => (await import('./tokens.ts')).addTokens,
  token: async () => (await import('./token.ts')).addToken,
  policy: async () => (await import('./policy.ts')).addPolicy,
};

/** The command line for these arguments: with the command that they name, or with all of them where they name none. */
async function buildProgram(argv: readonly string[]): Promise<Command> {
  const named = argv.find(argument => Object.hasOwn(commands, argument));
  const program = new Command('wssc')
    .description('WS-SecureConversation for SOAP services and clients on Node.')
    .option('--debug', 'print stack traces with errors')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ outputError: text => usageError(text, named === undefined ? 'wssc' : `wssc ${named}`) })
    .addHelpText('after', '\nExample:\n  $ wssc farm\n\nEach command has its own help: wssc COMMAND --help');
  const wanted = named === undefined ? Object.values(commands) : [commands[named]];
  for (const load of wanted) (await load?.())?.(program);
  return program;
}

/** Says Commander's sentence in the words of {@link printError}. */
function usageError(text: string, command: string): void {
  const message = text
    .replace(/^error: /, '')
    .replace(/ is invalid\. It must/, ' is invalid: it must')
    .replace(/\n\((Did you mean .*\?)\)/, '; $1')
    .trim()
    .replace(/\.$/, '');
  printError(message, `${command} --help says what there is`);
}

/**
 * Runs the command line.
 * @param argv arguments without program name
 * @returns the exit code: 0, 1 for wrong usage or configuration, and for `call` 2 for a fault and 3 where no answer
 * came
 */
export async function run(argv: readonly string[]): Promise<number> {
  const debug = argv.includes('--debug');
  try {
    const program = await buildProgram(argv);
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
  const codes: readonly string[] = ['NETWORK', 'BUSY', 'MESSAGE_REFUSED'];
  return error instanceof SecureConversationError && codes.includes(error.code) ? networkExit : 1;
}
