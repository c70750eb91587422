import { ConfigurationError, Refusal } from '../errors.ts';

/** What may be wrong with what the caller gave once it is written, by the reason that the scanner has for it. */
const problems: Readonly<Record<string, string>> = {
  'xml-character': 'hold a character that XML can not',
  'xml-bytes': 'are too long',
  'xml-depth': 'are nested too deep',
  'header-text': 'hold text where only a header block may stand',
};

/**
 * Writes a message of our own, or reads one that node-soap wrote. What is refused there has not been sent: it is a
 * mistake of the caller, never an answer.
 * @param hasHeaderBlocks whether the caller gave header blocks, so that the mistake may be in them
 * @throws {SecureConversationError} `CONFIG_INVALID` for what can't be written as XML
 */
export function ownMessage<T>(write: () => T, hasHeaderBlocks: boolean): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { reason } = error.cause instanceof Refusal ? error.cause : error;
    const given = hasHeaderBlocks ? 'the arguments or header blocks' : 'the arguments';
    const problem = problems[reason] ?? `can't be written as XML (${reason})`;
    throw new ConfigurationError('CONFIG_INVALID', `${given} ${problem}`, { cause: error });
  }
}
