import { type Command, Option } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { importMachineKey, removeMachineKey, useMachineKey } from '../keyring/machine-keys.ts';
import type { RingRecords } from '../keyring/record.ts';
import { readRingFile, updateRingFile } from '../keyring/ring-file.ts';
import {
  type DecryptionName,
  decryptionNames,
  type ValidationName,
  validationNames,
} from '../machine-key/algorithms.ts';
import { type MachineKeyLike, machineKeyLikes, newMachineKeyElement } from '../machine-key/element.ts';
import { readWebConfig } from '../machine-key/web-config.ts';
import { oneOf } from './option-values.ts';
import { printRing } from './ring-listing.ts';
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

interface MachineKeyCommandOptions {
  readonly ring: string;
  readonly webConfig: string;
  readonly machineKey: string;
  readonly json?: boolean;
}

/** `wssc keys import`, `use` and `remove`: the machineKeys of ASP.NET servers in a ring. */
export function addMachineKeyCommands(keys: Command, common: (command: Command) => Command): void {
  common(
    keys
      .command('import')
      .description(
        'Puts the machineKey of a web.config into the ring. The first one writes tokens at once, ' +
          'a further one only opens them, until "keys use".',
      )
      .requiredOption('--web-config <file>', 'web.config with explicit keys'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys import --web-config web.config --ring ring.json')
    .action(({ webConfig, ring, json }: MachineKeyCommandOptions) => {
      const settings = readWebConfig(webConfig, { publicKeys: 'refused' });
      change(ring, json, (present, fail) => importMachineKey(present, settings, Date.now(), fail));
    });

  common(
    keys
      .command('use')
      .description('Lets an imported machineKey write tokens from now on; the others go on opening theirs.')
      .requiredOption('--machine-key <id>', 'its id, as "keys list" shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys use --machine-key 1a2b3c4d --ring ring.json')
    .action(({ machineKey, ring, json }: MachineKeyCommandOptions) =>
      change(ring, json, (present, fail) => useMachineKey(present, machineKey, fail)),
    );

  common(
    keys
      .command('remove')
      .description('Takes an imported machineKey out of the ring; its tokens are refused from now on.')
      .requiredOption('--machine-key <id>', 'its id, as "keys list" shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys remove --machine-key 1a2b3c4d --ring ring.json')
    .action(({ machineKey, ring, json }: MachineKeyCommandOptions) =>
      change(ring, json, (present, fail) => removeMachineKey(present, machineKey, fail)),
    );
}

function change(
  file: string,
  json: boolean | undefined,
  next: (ring: RingRecords, fail: (problem: string) => Error) => RingRecords,
): void {
  const fail = (problem: string) => new ConfigurationError('RING_INVALID', `key ring ${file}: ${problem}`);
  printRing(updateRingFile(file, ring => next(ring, fail)) ?? readRingFile(file), json);
}
