import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { readRingFile, updateRingFile, writeRingFile } from '../keyring/ring-file.ts';
import { createRing, rotateRing } from '../keyring/rotate.ts';
import {
  addMachineKeyCommands,
  machineKeyOptions,
  type NewMachineKeyOptions,
  printNewMachineKey,
} from './machine-keys.ts';
import { printRing } from './ring-listing.ts';

interface KeysOptions {
  readonly ring: string;
  readonly json?: boolean;
  readonly now?: boolean;
}

interface CreateOptions extends NewMachineKeyOptions {
  readonly ring?: string;
  readonly json?: boolean;
}

/**
 * `wssc keys`: the key ring of a farm. Keys are named by the first four bytes of their id; no key of a ring is ever
 * printed.
 */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, show and rotate a key ring')
    .description('The key ring that seals the conversations of a farm, and the machineKeys of ASP.NET servers in it.')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json');
  const common = (command: Command) =>
    command.requiredOption('--ring <file>', 'key ring file').option('--json', 'print one line of JSON');

  const create = keys
    .command('create')
    .description(
      'Makes a new ring with one key that is used from now on; an existing file is never replaced. ' +
        'With --machine-key it prints a new machineKey for a web.config instead.',
    )
    .option('--ring <file>', 'key ring file')
    .option('--json', 'print one line of JSON');
  for (const option of machineKeyOptions()) create.addOption(option);
  create
    .addHelpText(
      'after',
      '\nExamples:\n  $ wssc keys create --ring ring.json\n  $ wssc keys create --machine-key --validation HMACSHA512',
    )
    .action((options: CreateOptions) => {
      if (options.machineKey) printNewMachineKey(options);
      else createRingFile(options);
    });

  common(keys.command('list').description('Shows the keys with their states and times, and the machineKeys.'))
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json')
    .action(({ ring, json }: KeysOptions) => printRing(readRingFile(ring), json));

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
    .action(({ ring: file, now = false, json }: KeysOptions) => {
      const rotated = updateRingFile(file, ring => rotateRing(ring, { now, nowMs: Date.now(), random: systemRandom }));
      printRing(rotated ?? readRingFile(file), json);
    });

  addMachineKeyCommands(keys, common);
}

function createRingFile({ ring: file, json, like, validation, decryption }: CreateOptions): void {
  if (file === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to create', {
      hint: 'give --ring FILE for a new ring, or --machine-key for a new element of a web.config',
    });
  if (like !== undefined || validation !== undefined || decryption !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', '--like, --validation and --decryption go with --machine-key only');
  const ring = createRing({ nowMs: Date.now(), random: systemRandom });
  writeRingFile(file, ring);
  printRing(ring, json);
}
