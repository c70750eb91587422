import { createInterface } from 'node:readline/promises';
import { ConfigurationError } from '../errors.ts';

/**
 * Asks on the terminal before what can't be undone.
 * @param what what will have happened
 * @param yes true: it is not asked
 * @throws {SecureConversationError} `CONFIG_INVALID` where the answer is not yes, and where there is no terminal
 */
export async function confirm(what: string, yes = false): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new ConfigurationError('CONFIG_INVALID', `${what}, which can't be undone: nothing was done`, {
      hint: 'say --yes where there is no terminal to ask on',
    });
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`${what}, which can't be undone. Go on? (yes/no) `);
  asked.close();
  if (answer.trim() !== 'yes') throw new ConfigurationError('CONFIG_INVALID', 'nothing was done');
}
