import { ConfigurationError, type SecureConversationError } from '../errors.ts';

/**
 * The first line of standard input, without its line break.
 * @param what it is: `password`
 * @throws {SecureConversationError} `CONFIG_INVALID` where there is none, or more than `maxBytes`
 */
export async function readFirstLine(what: string, maxBytes: number): Promise<string> {
  if (process.stdin.isTTY) throw noLine(`the ${what} is read from standard input, which is a terminal`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw noLine(`the ${what} on standard input is longer than ${maxBytes} bytes`);
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1);
  if (line === '') throw noLine(`there is no ${what} on standard input`);
  return line;
}

function noLine(message: string): SecureConversationError {
  return new ConfigurationError('CONFIG_INVALID', message, {
    hint: 'redirect a file into it: wssc … < FILE',
  });
}
