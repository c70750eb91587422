import { readFileSync } from 'node:fs';
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
    const { code: why = 'unknown reason' } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError(code, `${file}: can't be read (${why})`, { cause });
  }
}
