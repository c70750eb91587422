import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What is known of one connection while requests come over it. */
export interface Connection {
  /** The end of the request before. */
  turn: Promise<void> | undefined;
  /** Requests that wait for their turn. */
  queued: number;
  /** The answer that the present turn belongs to, or the last one did. */
  answering: ServerResponse | undefined;
  /** Whether it ends with an answer that was given. */
  isEnding: boolean;
  /** Whether it ends with its next answer: its peer was let in by certificates that are not trusted any more. */
  isOutdated: boolean;
  /**
   * Its requests whose body comes only when it is asked for (`Expect: 100-continue`). Node itself would ask for any,
   * also for one that is refused.
   */
  readonly waiting: WeakSet<IncomingMessage>;
}

const connections = new WeakMap<Socket, Connection>();

/** The one record of a socket. */
export function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket);
  if (known !== undefined) return known;
  const connection = {
    turn: undefined,
    queued: 0,
    answering: undefined,
    isEnding: false,
    isOutdated: false,
    waiting: new WeakSet<IncomingMessage>(),
  };
  connections.set(socket, connection);
  return connection;
}

/** What is spoken on a connection, as far as it comes here. */
export function schemeOf(socket: Socket): 'http' | 'https' {
  return (socket as TLSSocket).encrypted === true ? 'https' : 'http';
}

/** Settles when an answer is out, or the peer is gone; undefined where that is so. */
export function whenOut(answer: ServerResponse | undefined): Promise<void> | undefined {
  if (answer === undefined || answer.writableFinished || answer.destroyed || answer.closed) return undefined;
  return new Promise(resolve => void answer.once('close', resolve));
}

/** Asks for the body of a request that waits for that. */
export function inviteBody(request: IncomingMessage, response: ServerResponse): void {
  if (connectionOf(request.socket).waiting.delete(request)) response.writeContinue();
}
