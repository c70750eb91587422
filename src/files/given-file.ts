import {
  accessSync,
  chmodSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type ConfigurationCode, ConfigurationError } from '../errors.ts';

/**
 * The octets of a file that an option or a configuration names.
 * @param code of the error
 * @throws {SecureConversationError} of that code, naming the file that can't be read and why
 */
export function readGivenFile(file: string, code: ConfigurationCode): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unusable(file, "can't be read", code, cause);
  }
}

/**
 * Writes a text to a file that an option names: the file is replaced whole, and is left as it was where that fails.
 * What is no file, such as a pipe, is written to.
 * @throws {SecureConversationError} of the code, naming the file that can't be written and why
 */
export function writeGivenFile(file: string, text: string, code: ConfigurationCode): void {
  try {
    const present = statSync(file, { throwIfNoEntry: false });
    if (present === undefined) replace(file, text, undefined);
    else if (present.isFile()) replace(realpathSync(file), text, present.mode);
    else writeFileSync(file, text);
  } catch (cause) {
    throw unusable(file, "can't be written", code, cause);
  }
}

/** @param mode permissions of the file that is there; undefined: there is none */
function replace(file: string, text: string, mode: number | undefined): void {
  // A file that may not be written is not replaced either.
  if (mode !== undefined) accessSync(file, constants.W_OK);
  const next = `${file}.${process.pid}.next`;
  try {
    writeFileSync(next, text, { flag: 'wx', flush: true });
    if (mode !== undefined) chmodSync(next, mode);
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

function unusable(file: string, problem: string, code: ConfigurationCode, cause: unknown): ConfigurationError {
  const { code: why = 'unknown reason' } = cause as NodeJS.ErrnoException;
  return new ConfigurationError(code, `${file}: ${problem} (${why})`, { cause });
}
