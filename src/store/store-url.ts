import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import { optionalPackage } from './optional-package.ts';

/** The store that a node was given: undefined is none, what it remembers then ends with it. */
export interface ChosenStore {
  readonly url: URL | undefined;
  /** Why there is none although nobody said so. */
  readonly why?: string;
}

/**
 * Reads what a command line or a configuration says of a store: `sqlite:FILE` or `none`.
 * @param folder where the path of a file begins
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function parseStore(text: string, folder: string): ChosenStore {
  if (text === 'none') return { url: undefined };
  const [, file] = /^sqlite:(.+)$/s.exec(text) ?? [];
  if (file !== undefined) return { url: sqliteUrl(resolve(folder, file)) };
  throw new ConfigurationError('CONFIG_INVALID', 'the store must be sqlite:FILE or none');
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

/** What a node says of its store when it starts. */
export function storeSentence({ url, why }: ChosenStore): string {
  if (url !== undefined) return `what is cancelled is remembered in ${url.protocol}${decodeURIComponent(url.pathname)}`;
  const because = why === undefined ? '' : `: ${why}`;
  return `there is no store, so what is cancelled is remembered until restart${because}`;
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
