import { ConfigurationError } from '../errors.ts';

/** @throws {SecureConversationError} `CERTIFICATE_INVALID` always */
export function invalidCertificate(message: string, cause?: unknown): never {
  throw new ConfigurationError('CERTIFICATE_INVALID', message, { cause });
}

/**
 * What `read` makes of a certificate or key.
 * @param place name of the file or option that it comes from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, place and problem, where it throws
 */
export function attempt<T>(place: string, problem: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    return invalidCertificate(`${place}: ${problem}`, cause);
  }
}
