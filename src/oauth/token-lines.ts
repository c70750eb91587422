import type { Request, RequestHandler } from 'express';
import { endOf, roundedMs } from '../server/access-log.ts';
import { defined } from '../server/known.ts';
import type { Log } from '../server/log.ts';
import type { KnownRequest } from './grants.ts';

/** What the lines of the log say of the requests to a token service. */
export interface TokenLines {
  /** What is known of a request by now; to be filled by who proves it. */
  known(request: Request): KnownRequest;
  /** Where it came from, what for, and what is known of it. */
  of(request: Request): object;
}

/** @param peerOf the address that a request came from */
export function tokenLines(peerOf: (request: Request) => string): TokenLines {
  const requests = new WeakMap<Request, KnownRequest>();
  const known = (request: Request) => {
    const before = requests.get(request);
    if (before !== undefined) return before;
    const fresh: KnownRequest = {};
    requests.set(request, fresh);
    return fresh;
  };
  return {
    known,
    of: request => ({ path: request.path, peer: peerOf(request), ...known(request) }),
  };
}

/**
 * Writes a line of level `info` for each request, when its answer is out or its peer is gone.
 * @param steadyClock a clock that is never set back
 */
export function noteAccess(log: Log, lines: TokenLines, steadyClock: () => number): RequestHandler {
  return (request, response, next) => {
    const beganMs = steadyClock();
    // The address of a connection that has ended is not known any more.
    const begun = { ...lines.of(request), method: request.method };
    response.once('close', () => {
      const isOut = response.writableFinished;
      const line = { ...begun, ...lines.known(request), ms: roundedMs(steadyClock() - beganMs) };
      const status = isOut ? response.statusCode : undefined;
      log.info(defined({ ...line, status }), endOf(isOut));
    });
    next();
  };
}
