import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { type GivenKek, type KekSource, keksOf } from '../keyring/kek.ts';
import { type ChosenRing, type OpenHome, openHome } from '../keyring/open-home.ts';
import { parseStore, type StoreWords } from '../store/store-url.ts';
import { givenAuthorities } from '../store/trusted-authorities.ts';
import { readSecrets } from './store-options.ts';
import { note } from './terminal.ts';

/** What the command line says of the key ring. */
export interface RingOptionValues {
  readonly ring?: string | undefined;
  readonly kek?: string;
  readonly ringPasswordFile?: string;
  readonly ringCa?: string;
}

export const ringForms =
  'FILE, sqlite:FILE, redis://HOST:PORT, rediss://HOST:PORT or postgres://USER@HOST:PORT/DATABASE';

const words: StoreWords = {
  what: 'key ring',
  forms: ringForms,
  passwordHint: 'give it in the file of --ring-password-file, or in the environment as WSSC_RING_PASSWORD',
};

/** Adds the options of a key ring to a command. @param means what the ring is for */
export function addRingOptions(command: Command, means = 'key ring'): Command {
  return command
    .option('--ring <place>', `${means}: ${ringForms}`)
    .option('--kek <file>', "file with the key that wraps the ring's keys; else WSSC_KEK has it")
    .option('--ring-password-file <file>', "file with the password of the ring's store; else WSSC_RING_PASSWORD has it")
    .option('--ring-ca <file>', "CA certificates to trust for TLS to the ring's store (PEM)");
}

/**
 * The ring that options name.
 * @throws {SecureConversationError} `CONFIG_INVALID` where they name none
 */
export function givenRing(options: RingOptionValues): ChosenRing {
  const { ring } = options;
  if (ring === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is no key ring', { hint: `give --ring, ${ringForms}` });
  return ringAt(ring, process.cwd(), options);
}

/**
 * The ring of a configuration that was read with {@link ringInstead}.
 * @param options say what opens it, and the configuration's file, beside which a store's file is
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function configuredRing(
  options: RingOptionValues & { readonly config: string },
  { ring }: { readonly ring: string },
): ChosenRing {
  return ringAt(ring, dirname(resolve(options.config)), options);
}

/** @param text a path, which stays as it was given, so that errors name it so; or a store */
function ringAt(text: string, folder: string, { ringPasswordFile, ringCa, kek }: RingOptionValues): ChosenRing {
  const { password, caFile } = readSecrets(ringPasswordFile, ringCa, process.env.WSSC_RING_PASSWORD);
  const place = isStore(text) ? storeUrl(text, folder, { password, caFile }) : text;
  return { place, caFile, ...givenKek(kek) };
}

/** The KEK that `--kek` names, or that the environment has. */
export function givenKek(file: string | undefined): GivenKek {
  return file === undefined ? { kek: process.env.WSSC_KEK } : { kekFile: resolve(file) };
}

/** The ring of the command line in place of a configuration's. */
export function ringInstead({ ring }: RingOptionValues): { readonly ring?: string } {
  if (ring === undefined) return {};
  return { ring: isStore(ring) ? ring : resolve(ring) };
}

/** Whether a text names a store, and no file. */
export function isStore(text: string): boolean {
  return /^(?:sqlite|rediss?|postgres):/.test(text);
}

function storeUrl(
  text: string,
  folder: string,
  secrets: { password: string | undefined; caFile: string | undefined },
): URL {
  const { url } = parseStore(text, folder, secrets, words);
  if (url !== undefined) return url;
  throw new ConfigurationError('CONFIG_INVALID', `the key ring must be ${ringForms}`);
}

/** The KEKs that were given. */
export function givenKeks(given: GivenKek): KekSource {
  return keksOf(given, 'WSSC_KEK');
}

/** Opens the ring's home for a command that ends. */
export function openGiven(ring: ChosenRing): OpenHome {
  const { place, caFile } = ring;
  return openHome(place, { keks: givenKeks(ring) }, { onEvent: note, ...givenAuthorities({ caFile }) });
}
