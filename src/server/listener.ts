import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { TlsCertificate } from '../crypto/tls-certificates.ts';
import { ConfigurationError } from '../errors.ts';
import { connectionOf } from './connection.ts';
import { readOut } from './early-answer.ts';
import { refuseBare, type Served, serveRequest } from './requests.ts';

/** Options of one listening socket. */
export interface ListenOptions {
  readonly port: number;
  readonly host: string | undefined;
  /** TLS key and certificate (PEM); undefined: plain HTTP. */
  readonly tls: TlsCertificate | undefined;
  /** With node:cluster: this process's own socket instead of one shared with the others. */
  readonly exclusive: boolean;
}

/** Time-outs and limits of the listener (facts on smuggling and slow clients; all in milliseconds but where said). */
const hardening = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** How often Node looks for connections that are over these two; its own 30 s would treble them. */
  connectionsCheckingInterval: 2_000,
  /**
   * Above the idle time of balancers and clients (60 s), so that the peer closes first and no request meets a closing
   * socket.
   */
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16_384,
  maxConnections: 1_000,
  maxRequestsPerSocket: 1_000,
} as const;

/**
 * Listens on one address.
 * @throws {SecureConversationError} `LISTEN_FAILED` naming the address and the reason
 */
export async function listenOn(served: Served, options: ListenOptions): Promise<Server> {
  const listener = (request: IncomingMessage, response: ServerResponse) => void serveRequest(request, response, served);
  const { tls } = options;
  // Ours refuses a request without Host, with a line in the log.
  const settings = { ...hardening, insecureHTTPParser: false, requireHostHeader: false };
  const server = tls
    ? createTlsServer(
        { ...settings, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
        listener,
      )
    : createServer(settings, listener);
  Object.assign(server, {
    // Node leaves headers beyond its count out without a word, so that it gets none: their size bounds them, and ours
    // refuses.
    maxHeadersCount: 0,
    maxConnections: hardening.maxConnections,
    maxRequestsPerSocket: hardening.maxRequestsPerSocket,
  });
  // No listener for `upgrade`: an offer to go on in another protocol may be left alone (RFC 9110 §7.8), and CXF makes
  // one (h2c).
  server.on('checkExpectation', listener);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined).resume();
    endUnread(405, request, socket, served);
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    connectionOf(request.socket).waiting.add(request);
    listener(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseUnread(error, socket, served));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => noteHandshake(error, served));
  await listening(server, options);
  return server;
}

function listening(server: Server, { port, host, exclusive }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use already' : `can't be listened on (${cause.code})`;
      reject(
        new ConfigurationError('LISTEN_FAILED', `TCP port ${port} ${why}`, {
          cause,
          hint: 'choose another one, or 0 for any free one',
        }),
      );
    });
    server.listen({ port, exclusive, ...(host === undefined ? {} : { host }) }, () => resolve());
  });
}

/** What Node's parser refuses with another status than 400, by the code of its error. */
const parserStatuses: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Status for an error of Node's parser; undefined for one of the connection, on which nothing can be said any more. */
function parserStatus({ code = '' }: NodeJS.ErrnoException): number | undefined {
  return parserStatuses.get(code) ?? (code.startsWith('HPE_') ? 400 : undefined);
}

/**
 * Ends a connection on which Node's parser could not read a request or waited too long for it. The bytes of the answer
 * are those that Node writes where nobody listens for the error, and as there none come after a part of another answer.
 */
function refuseUnread(error: NodeJS.ErrnoException, socket: Socket, served: Served): void {
  const status = parserStatus(error);
  if (status === undefined) return void socket.destroy();
  const turn = connectionOf(socket).answering;
  // Only a request whose end has not come can be the one that is wrong.
  const request = turn?.req.complete === false ? turn.req : undefined;
  // Who ends the connection in the middle of a request went away, and is none for the log.
  endUnread(status, request, socket, error.code === 'HPE_INVALID_EOF_STATE' ? undefined : served);
}

/**
 * Ends a connection with a bare status, where no other answer is or was its end.
 * @param served whose log is told; undefined: none's
 */
function endUnread(
  status: number,
  request: IncomingMessage | undefined,
  socket: Socket,
  served: Served | undefined,
): void {
  const connection = connectionOf(socket);
  if (connection.isEnding) return;
  if (!socket.writable) return void socket.destroy();
  connection.isEnding = true;
  if (served !== undefined) refuseBare(status, request, served);
  const { answering: turn } = connection;
  const isUnderWay = turn?.headersSent === true && !turn.writableFinished;
  if (isUnderWay) return void socket.destroy();
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  readOut(socket);
}

/** Port scans and health checks of balancers fail in the handshake, or break it off: neither is worth a warning. */
function noteHandshake({ code }: NodeJS.ErrnoException, { log }: Served): void {
  if (code !== 'ECONNRESET') log.debug({ reason: 'tls-handshake', code }, 'connection refused');
}

/**
 * Stops accepting. A connection in use ends with its next answer (`Connection: close`), so that no request meets a
 * closing socket; one that stays idle is closed after `idleMs`, whatever is left after `allMs`.
 */
export async function closeServer(server: Server, idleMs: number, allMs: number): Promise<void> {
  const timers = [
    setTimeout(() => server.closeIdleConnections(), idleMs),
    setTimeout(() => server.closeAllConnections(), allMs),
  ];
  // Not that of node:http: it closes idle connections at once, and a request that is on its way would meet a closing
  // socket.
  await new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()));
  for (const timer of timers) clearTimeout(timer);
}
