import { PeerFault } from '../../client/peer-fault.ts';
import { SecureConversationError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { readFault } from '../../soap/fault-shape.ts';
import { scanText } from '../../xml/scan.ts';
import type { Failure } from './attack.ts';

/** Of a name that comes from a peer: those of the specifications' faults are shorter. */
const maxNameChars = 64;

/** Codes of errors that an answer came with. */
const answeredCodes: ReadonlySet<string> = new Set(['FAULT', 'BAD_CONTEXT_TOKEN']);

/** What is wrong with a verified answer; undefined for a good one. @param expected text that it must hold as a value */
export function answerFailure(envelope: string, expected: string | undefined): Failure | undefined {
  const body = scanText(envelope).root.children.at(-1);
  const fault = body && readFault(body);
  if (fault !== undefined) {
    const name = printable((fault.subcode ?? fault.code).local, maxNameChars);
    return { kind: `service fault ${name}`, message: printable(fault.reason), answered: true };
  }
  return expected === undefined || envelope.includes(`>${expected}</`)
    ? undefined
    : { kind: 'other answer', message: 'the answer does not hold the text that was sent', answered: true };
}

/** What a call failed with: counted under the fault's innermost code, else under the error's. */
export function errorFailure(error: unknown): Failure {
  if (error instanceof PeerFault) {
    const { local } = error.faultSubcode ?? error.faultCode;
    return { kind: printable(local, maxNameChars), message: error.reason, answered: true };
  }
  const message = printable(error instanceof Error ? error.message : String(error));
  if (!(error instanceof SecureConversationError)) return { kind: 'unexpected error', message, answered: false };
  return { kind: error.code, message, answered: answeredCodes.has(error.code) };
}

/** A call that was under way when the time for its answer was over. */
export const givenUp: Failure = {
  kind: 'no answer in time',
  message: 'the load test has ended and waits no longer',
  answered: false,
};

/** A call that was due and that no caller was free for. */
export const notStarted: Failure = {
  kind: 'not started in time',
  message: 'all callers waited for answers until the end of the time',
  answered: false,
};
