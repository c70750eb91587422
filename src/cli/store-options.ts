import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { type ChosenStore, parseStore, type StoreSecrets, storeForms } from '../store/store-url.ts';

/** What the command line says of the store. */
export interface StoreOptionValues {
  readonly store?: string;
  readonly storePasswordFile?: string;
  readonly storeCa?: string;
}

/** Adds the options of a store to a command. */
export function addStoreOptions(command: Command): Command {
  return command
    .option('--store <url>', `where to remember what was cancelled: ${storeForms}`)
    .option('--store-password-file <file>', "file with the store's password; else WSSC_STORE_PASSWORD has it")
    .option('--store-ca <file>', 'CA certificates to trust for TLS to the store (PEM)');
}

/**
 * The store that options or a configuration name; undefined where neither does.
 * @param configured what the configuration says, and where the paths in it begin
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function givenStore(
  options: StoreOptionValues,
  configured: { readonly store?: string | undefined; readonly folder: string } = { folder: '' },
): ChosenStore | undefined {
  const secrets = secretsOf(options);
  if (options.store !== undefined) return parseStore(options.store, process.cwd(), secrets);
  return configured.store === undefined ? undefined : parseStore(configured.store, configured.folder, secrets);
}

function secretsOf({ storePasswordFile, storeCa }: StoreOptionValues): StoreSecrets {
  const password =
    storePasswordFile === undefined ? process.env.WSSC_STORE_PASSWORD : readSecret(storePasswordFile).split('\n', 1)[0];
  return { password: password?.replace(/\r$/, ''), ca: storeCa === undefined ? undefined : readText(storeCa) };
}

/** A file that others can't read; it may be a link, as Kubernetes mounts secrets. */
function readSecret(file: string): string {
  const text = readText(file);
  if (process.geteuid !== undefined && (statSync(file).mode & 0o007) !== 0)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `password file ${file}: others may read it, mode 600 or 440 is needed`,
    );
  return text;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError('CONFIG_INVALID', `${file}: can't be read (${code})`, { cause });
  }
}
