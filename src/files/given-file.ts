import { readFileSync, writeFileSync } from 'node:fs';
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
 * Writes a text to a file that an option names.
 * @throws {SecureConversationError} of the code, naming the file that can't be written and why
 */
export function writeGivenFile(file: string, text: string, code: ConfigurationCode): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw unusable(file, "can't be written", code, cause);
  }
}

function unusable(file: string, problem: string, code: ConfigurationCode, cause: unknown): ConfigurationError {
  const { code: why = 'unknown reason' } = cause as NodeJS.ErrnoException;
  return new ConfigurationError(code, `${file}: ${problem} (${why})`, { cause });
}
