import { Command, CommanderError } from 'commander';
import { SecureConversationError } from '../errors.ts';
import { faultExit, networkExit, note, printError, reportError } from './terminal.ts';

/** Adds one command to the program. */
type AddCommand = (program: Command) => void;

/** The commands, each loaded only when it is asked for: a node's whole server takes its time to load. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  farm: async () => (await import('./farm.ts')).addFarm,
  serve: async () => (await import('./serve.ts')).addServe,
  sts: async () => (await import('./sts.ts')).addSts,
  call: async () => (await import('./call.ts')).addCall,
  load: async () => (await import('./load.ts')).addLoad,
  keys: async () => (await import('./keys.ts')).addKeys,
  revoke: async () => (await import('./revoke.ts')).addRevoke,
  users: async () => (await import('./users.ts')).addUsers,
  tokens: async () => (await import('./tokens.ts')).addTokens,
  token: async () => (await import('./token.ts')).addToken,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
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
 * @returns the exit code: 0, 1 for wrong usage or configuration, for `call` and `load` 2 for a fault and 3 where no
 * answer came, and for `revoke` 2 where there is no store
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
  return (error instanceof SecureConversationError && exitCodes.get(error.code)) || 1;
}

const exitCodes: ReadonlyMap<string, number> = new Map([
  ['FAULT', faultExit],
  ['BAD_CONTEXT_TOKEN', faultExit],
  ['NETWORK', networkExit],
  ['BUSY', networkExit],
  ['MESSAGE_REFUSED', networkExit],
]);
