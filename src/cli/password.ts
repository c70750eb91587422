import { readFirstLine } from './standard-input.ts';

const maxBytes = 4_096;

/**
 * The password on standard input: its first line, without the line break.
 * @throws {SecureConversationError} `CONFIG_INVALID` where there is none
 */
export function readPassword(): Promise<string> {
  return readFirstLine('password', maxBytes);
}
