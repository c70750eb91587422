import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { createRing, rotateRing } from '../keyring/rotate.ts';
import {
  addMachineKeyCommands,
  machineKeyOptions,
  type NewMachineKeyOptions,
  printNewMachineKey,
} from './machine-keys.ts';
import { addRingCommands, changeRing, presentRing, type RingCommandOptions, withRing } from './ring-commands.ts';
import { addRingOptions, givenKeks } from './ring-options.ts';

/**
 * `wssc keys`: the key ring of a farm. Keys are named by the first four bytes of their id; no key of a ring is ever
 * printed.
 */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, show, rotate and revoke the keys of a ring')
    .description('The key ring that seals the conversations of a farm, and the machineKeys of ASP.NET servers in it.')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json');
  const common = (command: Command) => addRingOptions(command).option('--json', 'print one line of JSON');

  const create = common(
    keys
      .command('create')
      .description(
        'Makes a new ring with one key that is used from now on; a ring that is there is never replaced. ' +
          'With --machine-key it prints a new machineKey for a web.config instead.',
      ),
  );
  for (const option of machineKeyOptions()) create.addOption(option);
  create
    .addHelpText(
      'after',
      '\nExamples:\n  $ wssc keys create --ring ring.json\n  $ wssc keys create --machine-key --validation HMACSHA512',
    )
    .action((options: CreateOptions) => (options.machineKey ? printNewMachineKey(options) : createNewRing(options)));

  common(keys.command('list').description('Shows the keys with their states and times, and the machineKeys.'))
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json')
    .action((options: RingCommandOptions) => withRing(options, presentRing));

  common(
    keys
      .command('rotate')
      .description('Makes a new key, which takes over when every node has had the time to read it.')
      .option('--now', 'let the new key take over at once: nodes refuse what it sealed until they have read it'),
  )
    .addHelpText(
      'after',
      '\nRunning nodes read the new ring by themselves.\n\nExample:\n  $ wssc keys rotate --ring ring.json',
    )
    .action(({ now = false, ...options }: RingCommandOptions & { readonly now?: boolean }) =>
      withRing(options, home =>
        changeRing(home, ring => rotateRing(ring, { now, nowMs: Date.now(), random: systemRandom })),
      ),
    );

  addRingCommands(keys, common);
  addMachineKeyCommands(keys, common);
}

type CreateOptions = NewMachineKeyOptions & RingCommandOptions;

async function createNewRing(options: CreateOptions): Promise<void> {
  const { ring, like, validation, decryption } = options;
  if (ring === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to create', {
      hint: 'give --ring for a new ring, or --machine-key for a new element of a web.config',
    });
  if (like !== undefined || validation !== undefined || decryption !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', '--like, --validation and --decryption go with --machine-key only');
  await withRing(options, async (home, chosen) => {
    const made = createRing({ nowMs: Date.now(), random: systemRandom, kek: givenKeks(chosen)()[0]?.id });
    // A ring that is there is of another farm, which a home refuses to replace.
    await home.change(() => made);
    return made;
  });
}
