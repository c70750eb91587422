import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { readGivenFile } from '../files/given-file.ts';
import { type ChosenRing, storeWith } from '../keyring/open-home.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { type ChosenStore, parseStore, type StoreSecrets, storeForms } from '../store/store-url.ts';
import { givenAuthorities } from '../store/trusted-authorities.ts';
import { note } from './terminal.ts';

/** What the command line says of the store. */
export interface StoreOptionValues {
  readonly store?: string;
  readonly storePasswordFile?: string;
  readonly storeCa?: string;
}

/** What `--replay` says. */
export const replayMeans =
  'who notices that a message comes again: local (each node), shared (the farm, by the store), ' +
  'lenient (the farm, and each node while the store does not answer)';

/** Adds the options of a store to a command. */
export function addStoreOptions(command: Command): Command {
  return command
    .option('--store <url>', `where to remember what was cancelled: ${storeForms}`)
    .option('--store-password-file <file>', "file with the store's password; else WSSC_STORE_PASSWORD has it")
    .option('--store-ca <file>', 'CA certificates to trust for TLS to the store (PEM)');
}

/**
 * The store that options name; undefined where they name none.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function givenStore(options: StoreOptionValues): ChosenStore | undefined {
  return storeAt(options.store, process.cwd(), options);
}

/**
 * The store that options or the configuration of a file name, else that of a node which was told of none.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function configuredStore(
  options: StoreOptionValues & { readonly config: string },
  { store }: { readonly store?: string | undefined },
  ring: ChosenRing,
): ChosenStore {
  const configured = () => storeAt(store, dirname(resolve(options.config)), options);
  return (options.store === undefined ? configured() : givenStore(options)) ?? storeWith(ring);
}

function storeAt(
  text: string | undefined,
  folder: string,
  { storePasswordFile, storeCa }: StoreOptionValues,
): ChosenStore | undefined {
  const secrets = readSecrets(storePasswordFile, storeCa, process.env.WSSC_STORE_PASSWORD);
  return text === undefined ? undefined : parseStore(text, folder, secrets);
}

/**
 * Opens the store that was chosen; what happens to it is said on standard error.
 * @returns undefined where there is none
 * @throws {SecureConversationError} `STORE_INVALID`
 */
export function openChosen({ url, caFile }: ChosenStore): Store | undefined {
  return url && openStore(url, { onEvent: note, ...givenAuthorities({ caFile }) });
}

/**
 * What a store's URL does not say.
 * @param passwordFile file with the password, and `given` what is taken where there is none
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file
 */
export function readSecrets(
  passwordFile: string | undefined,
  caFile: string | undefined,
  given: string | undefined,
): Required<StoreSecrets> {
  const password = passwordFile === undefined ? given : readSecret(passwordFile).split('\n', 1)[0];
  return { password: password?.replace(/\r$/, ''), caFile: caFile === undefined ? undefined : resolve(caFile) };
}

/** A file that others can't read; it may be a link, as Kubernetes mounts secrets. */
function readSecret(file: string): string {
  const text = readGivenFile(file, 'CONFIG_INVALID').toString('utf8');
  if (process.geteuid !== undefined && (statSync(file).mode & 0o007) !== 0)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `password file ${file}: others may read it, mode 600 or 440 is needed`,
    );
  return text;
}
