import type { IncomingMessage } from 'node:http';
import { defined, type Known, requestLine } from './known.ts';
import type { Log } from './log.ts';
import { pathInLine } from './request-path.ts';

/**
 * Begins the line of a request, and gives what ends it.
 * @param peer the address that the request came from
 */
export type AccessLog = (request: IncomingMessage, peer: string) => AccessNote;

/**
 * Writes the line.
 * @param answer undefined: none is given, the peer is gone
 * @param known what was proved of the request by then
 */
export type AccessNote = (answer: Answered | undefined, known: Known) => void;

/** What a line says of an answer. */
interface Answered {
  readonly status: number;
  readonly body: string | undefined;
  readonly isOctets?: boolean;
}

/** Opens an access log: a line of level `info` for each request. @param steadyClock a clock that is never set back */
export function openAccessLog(log: Log, steadyClock: () => number): AccessLog {
  return (request, peer) => {
    const beganMs = steadyClock();
    return (answer, known) => {
      const line = {
        peer,
        method: request.method,
        ...pathInLine(request),
        status: answer?.status,
        reason: known.reason,
        ...requestLine(known),
        ms: roundedMs(steadyClock() - beganMs),
        bytesIn: known.message?.bytes,
        bytesOut: answer && lengthOf(answer),
      };
      log.info(defined(line), endOf(answer !== undefined));
    };
  };
}

/** What the line of a request says of its end. */
export function endOf(isAnswered: boolean): string {
  return isAnswered ? 'request answered' : 'request dropped';
}

/** To the microsecond: what is below it no clock of a machine tells. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function lengthOf({ body = '', isOctets = false }: Answered): number {
  return isOctets ? body.length : Buffer.byteLength(body);
}
