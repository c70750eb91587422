import { existsSync, mkdirSync } from 'node:fs';
import { type ConfigurationCode, ConfigurationError } from '../errors.ts';
import { type PrivateFileKind, readPrivateFile, updatePrivateFile } from '../files/private-file.ts';

/**
 * Makes a folder for this user only, where there is none yet.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError('CONFIG_INVALID', `data folder ${folder}: can't be made (${code})`, { cause });
  }
}

function kindOf(what: string, code: ConfigurationCode): PrivateFileKind {
  return { what, code, forbiddenMode: 0o077, missingHint: 'delete the data folder to have all of it made anew' };
}

/**
 * A private file's text; undefined where there is no such file.
 * @throws {SecureConversationError} with `code` where it can't be used
 */
export function readDataFile(file: string, what: string, code: ConfigurationCode): string | undefined {
  return existsSync(file) ? readPrivateFile(file, kindOf(what, code)) : undefined;
}

/** Writes a private file whole, mode 0600. @throws {SecureConversationError} with `code` */
export function writeDataFile(file: string, text: string, what: string, code: ConfigurationCode): void {
  updatePrivateFile(file, kindOf(what, code), () => text);
}
