import { SecureConversationError } from '../errors.ts';

const maxBytes = 4_096;

/**
 * The password on standard input: its first line, without the line break.
 * @throws {SecureConversationError} `CONFIG_INVALID` where there is none
 */
export async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) throw noPassword('the password is read from standard input, which is a terminal');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw noPassword(`the password on standard input is longer than ${maxBytes} bytes`);
  }
  const [password = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1);
  if (password === '') throw noPassword('there is no password on standard input');
  return password;
}

function noPassword(message: string): SecureConversationError {
  return new SecureConversationError('CONFIG_INVALID', message, {
    hint: 'redirect a file into it: wssc … < FILE',
  });
}
