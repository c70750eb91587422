import { SecureConversationError } from '../../errors.ts';
import { printable } from '../../printable.ts';

/** `error`: the node does not start, or does not do its work. `warning`: it does, and something is to be done. */
export type Level = 'ok' | 'warning' | 'error';

/** What is looked at, in this order. */
export type Subject =
  | 'configuration'
  | 'wsdl'
  | 'ring'
  | 'users'
  | 'certificates'
  | 'files'
  | 'store'
  | 'clock'
  | 'server'
  | 'ready'
  | 'ports'
  | 'policy';

/** One thing that was found. */
export interface Finding {
  readonly subject: Subject;
  readonly level: Level;
  readonly says: string;
  /** What to do about it; undefined where all is well. */
  readonly todo?: string;
}

export function well(subject: Subject, says: string): Finding {
  return { subject, level: 'ok', says };
}

export function wrong(subject: Subject, level: 'warning' | 'error', says: string, todo: string): Finding {
  return { subject, level, says, todo };
}

/**
 * What a look finds; what it throws is a finding, too.
 * @param todo what to do about an error that says nothing of it
 */
export async function findingsOf(
  subject: Subject,
  todo: string,
  look: () => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    return [wrong(subject, 'error', printable(error.message, 1_024), error.hint ?? todo)];
  }
}
