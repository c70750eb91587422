import { type Command, Option } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { importMachineKey, removeMachineKey, useMachineKey } from '../keyring/machine-keys.ts';
import type { Fail } from '../keyring/named-key.ts';
import type { RingRecords } from '../keyring/record.ts';
import {
  type DecryptionName,
  decryptionNames,
  type ValidationName,
  validationNames,
} from '../machine-key/algorithms.ts';
import { type MachineKeyLike, machineKeyLikes, newMachineKeyElement } from '../machine-key/element.ts';
import { readWebConfig } from '../machine-key/web-config.ts';
import { oneOf } from './option-values.ts';
import { changeRing, importRing, type RingCommandOptions, withRing } from './ring-commands.ts';
import { print } from './terminal.ts';

/** Options of `wssc keys create --machine-key`. */
export interface NewMachineKeyOptions {
  readonly machineKey?: boolean;
  readonly like?: MachineKeyLike;
  readonly validation?: ValidationName;
  readonly decryption?: DecryptionName;
}

export function machineKeyOptions(): Option[] {
  return [
    new Option('--machine-key', 'print a new machineKey element for a web.config').conflicts(['ring', 'json']),
    new Option(
      '--like <tool>',
      `--machine-key: key lengths as powershell or iis makes them (default: powershell)`,
    ).argParser(oneOf(machineKeyLikes)),
    new Option('--validation <name>', '--machine-key: MAC (default: HMACSHA256)').argParser(oneOf(validationNames)),
    new Option('--decryption <name>', '--machine-key: cipher (default: AES)').argParser(oneOf(decryptionNames)),
  ];
}

/** The one place where keys are printed: they are new, and nobody's yet. */
export function printNewMachineKey(options: NewMachineKeyOptions): void {
  const { like = 'powershell', validation = 'HMACSHA256', decryption = 'AES' } = options;
  print(newMachineKeyElement(like, validation, decryption, systemRandom));
}

interface MachineKeyCommandOptions extends RingCommandOptions {
  readonly machineKey: string;
}

interface ImportOptions extends RingCommandOptions {
  readonly webConfig?: string;
  readonly from?: string;
}

/** `wssc keys import`, `use` and `remove`: the machineKeys of ASP.NET servers in a ring. */
export function addMachineKeyCommands(keys: Command, common: (command: Command) => Command): void {
  common(
    keys
      .command('import')
      .description(
        'Puts the machineKey of a web.config into the ring. The first one writes tokens at once, ' +
          'a further one only opens them, until "keys use". With --from it puts the ring of a file in its place.',
      )
      .option('--web-config <file>', 'web.config with explicit keys')
      .option('--from <file>', 'ring file, as "keys export" makes it: where there is no ring, or an older generation'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys import --web-config web.config --ring ring.json')
    .action(({ webConfig, from, ...options }: ImportOptions) => {
      if (from !== undefined && webConfig === undefined) return importRing(from, options);
      if (from !== undefined || webConfig === undefined)
        throw new ConfigurationError('CONFIG_INVALID', 'what to import is not said', {
          hint: 'give --web-config for a machineKey, or --from for a ring',
        });
      const settings = readWebConfig(webConfig, { publicKeys: 'refused' });
      return change(options, (present, fail) => importMachineKey(present, settings, Date.now(), fail));
    });

  common(
    keys
      .command('use')
      .description('Lets an imported machineKey write tokens from now on; the others go on opening theirs.')
      .requiredOption('--machine-key <id>', 'its id, as "keys list" shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys use --machine-key 1a2b3c4d --ring ring.json')
    .action(({ machineKey, ...options }: MachineKeyCommandOptions) =>
      change(options, (present, fail) => useMachineKey(present, machineKey, fail)),
    );

  common(
    keys
      .command('remove')
      .description('Takes an imported machineKey out of the ring; its tokens are refused from now on.')
      .requiredOption('--machine-key <id>', 'its id, as "keys list" shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys remove --machine-key 1a2b3c4d --ring ring.json')
    .action(({ machineKey, ...options }: MachineKeyCommandOptions) =>
      change(options, (present, fail) => removeMachineKey(present, machineKey, fail)),
    );
}

function change(options: RingCommandOptions, next: (ring: RingRecords, fail: Fail) => RingRecords): Promise<void> {
  return withRing(options, home => changeRing(home, next));
}
