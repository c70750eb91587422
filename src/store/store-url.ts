import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import { optionalPackage } from './optional-package.ts';

/** The store that a node was given. */
export interface ChosenStore {
  /** With the password, where there is one; undefined: there is no store, what is remembered ends with the node. */
  readonly url: URL | undefined;
  /** A file with the CA certificates that are trusted for TLS to the store (PEM). Default: Node's own. */
  readonly caFile?: string;
  /** Why there is none although nobody said so. */
  readonly why?: string;
}

/** What stands in no URL. */
export interface StoreSecrets {
  readonly password?: string | undefined;
  readonly caFile?: string | undefined;
}

/** As options and configurations name them. */
export const storeForms =
  'sqlite:FILE, redis://HOST:PORT, rediss://HOST:PORT, postgres://USER@HOST:PORT/DATABASE or none';

/** What is said of a URL that can't be used. */
export interface StoreWords {
  readonly what: string;
  readonly forms: string;
  readonly passwordHint: string;
}

const storeWords: StoreWords = {
  what: 'store',
  forms: storeForms,
  passwordHint: 'give it in the file of --store-password-file, or in the environment as WSSC_STORE_PASSWORD',
};

/**
 * Reads what a command line or a configuration says of a store.
 * @param folder where the path of a file begins
 * @throws {SecureConversationError} `CONFIG_INVALID`, which quotes nothing of the text: it may hold a password
 */
export function parseStore(
  text: string,
  folder: string,
  { password, caFile }: StoreSecrets = {},
  { what, forms, passwordHint }: StoreWords = storeWords,
): ChosenStore {
  if (text === 'none') return { url: undefined };
  const [, file] = /^sqlite:(.+)$/s.exec(text) ?? [];
  if (file !== undefined) return { url: sqliteUrl(resolve(folder, file)) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(?:rediss?|postgres):$/.test(url.protocol) || url.hostname === '')
    throw new ConfigurationError('CONFIG_INVALID', `the ${what} must be ${forms}`);
  if (url.password !== '' || /pass/i.test(url.search + url.hash))
    throw new ConfigurationError('CONFIG_INVALID', `a ${what}'s password has no place in its URL`, {
      hint: passwordHint,
    });
  checkServerUrl(url, what);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return caFile === undefined ? { url } : { url, caFile };
}

/** What is understood behind the path of a server's URL: a word that is passed over would seem to hold. */
const searches: Readonly<Record<string, readonly string[]>> = { 'postgres:': ['', '?sslmode=disable'] };

/**
 * Whether all of the URL of a server is understood.
 * @param what it is called in the error
 * @throws {SecureConversationError} `CONFIG_INVALID`, which quotes nothing of the URL
 */
export function checkServerUrl({ protocol, search, hash, username, password, pathname }: URL, what = 'store'): void {
  if (hash !== '' || !(searches[protocol] ?? ['']).includes(search))
    throw new ConfigurationError('CONFIG_INVALID', `the URL of the ${what} has words behind its path`, {
      hint: 'only ?sslmode=disable of postgres:// is understood there; without it TLS is spoken, but to this machine',
    });
  if (![username, password, pathname].every(isDecodable))
    throw new ConfigurationError('CONFIG_INVALID', `the URL of the ${what} has a % that begins no character`, {
      hint: 'write % itself as %25',
    });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The store of a node that was told of none: a file of SQLite beside its key ring. Where the machine can't have one
 * there is none.
 */
export function storeBeside(ring: string): ChosenStore {
  const file = `${resolve(ring).replace(/\.json$/, '')}.sqlite`;
  try {
    optionalPackage('libsql');
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    return { url: undefined, why: `${error.message} (${error.hint})` };
  }
  if (!existsSync(file) && !isWritable(dirname(file)))
    return { url: undefined, why: `no file can be made in ${dirname(file)}` };
  return { url: sqliteUrl(file) };
}

/** What a node says of its store when it starts; no user and no password is in it. */
export function storeSentence({ url, why }: ChosenStore): string {
  if (url !== undefined) return `what is cancelled is remembered in ${placeOf(url)}`;
  const because = why === undefined ? '' : `: ${why}`;
  return `there is no store, so what is cancelled is remembered until restart${because}`;
}

/** A store's place, without user and password. */
export function placeOf({ protocol, host, pathname }: URL): string {
  return protocol === 'sqlite:' ? `${protocol}${decodeURIComponent(pathname)}` : `${protocol}//${host}${pathname}`;
}

function sqliteUrl(file: string): URL {
  return new URL(`sqlite:${pathToFileURL(file).pathname}`);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
