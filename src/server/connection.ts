import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is known of one connection while requests come over it. */
export interface Connection {
  /** The end of the request before. */
  turn: Promise<void> | undefined;
  /** The answer that the present turn belongs to, or the last one did. */
  answering: ServerResponse | undefined;
  /** Whether it ends with an answer that was given. */
  isEnding: boolean;
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
    answering: undefined,
    isEnding: false,
    waiting: new WeakSet<IncomingMessage>(),
  };
  connections.set(socket, connection);
  return connection;
}

/** Asks for the body of a request that waits for that. */
export function inviteBody(request: IncomingMessage, response: ServerResponse): void {
  if (connectionOf(request.socket).waiting.delete(request)) response.writeContinue();
}
