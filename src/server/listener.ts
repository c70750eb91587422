import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Awaitable } from '../awaitable.ts';
import type { TlsCertificate } from '../crypto/tls-certificates.ts';
import { SecureConversationError } from '../errors.ts';
import type { AddressList } from '../users/addresses.ts';
import { callerOf } from './caller.ts';
import { endAnswer, readOut } from './early-answer.ts';
import { readBody, refusedMessage, soapActionOf } from './http-request.ts';
import type { Log } from './log.ts';
import { answer, type HttpAnswer } from './pipeline.ts';
import type { ServedPort } from './port.ts';
import { refusedHead } from './request-head.ts';

/** What answers requests below one path: an express application, or any other listener of node:http. */
export interface Mounted {
  /** `/oauth` */
  readonly path: string;
  readonly handler: RequestListener;
}

/** What a listener serves: ports by path, and the WSDL. */
export interface Served {
  readonly ports: ReadonlyMap<string, ServedPort>;
  /** The WSDL for a request, or undefined where the path has none. */
  wsdl(request: IncomingMessage): string | undefined;
  /** What is served beside them, by a listener of its own. */
  readonly mounted?: Mounted | undefined;
  readonly maxBytes: number;
  /** The proxies that are believed where a request came from. */
  readonly trustedProxies: AddressList;
  /** Settles when the service behind can be called. */
  readonly ready: Promise<unknown>;
  /** True from the moment on that no new connection is accepted. */
  isDraining: boolean;
  readonly log: Log;
}

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
  /** Above the idle time of balancers and clients (60 s), so that the peer closes first and no request meets a closing socket. */
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
    // Node leaves headers beyond its count out without a word, so that it gets none: their size bounds them, and ours refuses.
    maxHeadersCount: 0,
    maxConnections: hardening.maxConnections,
    maxRequestsPerSocket: hardening.maxRequestsPerSocket,
  });
  // No listener for `upgrade`: an offer to go on in another protocol may be left alone (RFC 9110 §7.8), and CXF makes one (h2c).
  server.on('checkExpectation', listener);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined).resume();
    endUnread(405, request, socket, served);
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
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
        new SecureConversationError('LISTEN_FAILED', `TCP port ${port} ${why}`, {
          cause,
          hint: 'choose another one, or 0 for any free one',
        }),
      );
    });
    server.listen({ port, exclusive, ...(host === undefined ? {} : { host }) }, () => resolve());
  });
}

/** The end of the request before, by connection. */
const turns = new WeakMap<Socket, Promise<void>>();

/** The answer that each connection's turn belongs to, or did last. */
const answering = new WeakMap<Socket, ServerResponse>();

/** Connections that end with an answer which was given. */
const ending = new WeakSet<Socket>();

/** Requests whose body comes only when it is asked for (`Expect: 100-continue`). Node itself would ask for any, also for one that is refused. */
const waiting = new WeakSet<IncomingMessage>();

function inviteBody(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue();
}

/**
 * Serves one HTTP request; never rejects: a peer that goes away is no error of ours.
 *
 * Requests of one connection are served one after the other, and none after an answer that closes it: Node hands out those that
 * came in one piece together, also what was hidden behind a request that is refused (RFC 9112 §9.3.2, §9.6).
 */
export function serveRequest(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { socket } = request;
  const before = turns.get(socket);
  const turn =
    before === undefined ? serve(request, response, served) : before.then(() => serve(request, response, served));
  turns.set(socket, turn);
  return turn;
}

async function serve(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { socket } = request;
  answering.set(socket, response);
  try {
    await served.ready;
    if (ending.has(socket)) return;
    const status = refusedHead(request);
    if (status === undefined && isMounted(request, served)) return await passOn(request, response, served);
    const replied = status === undefined ? replyTo(request, response, served) : refused(status, request, served);
    const reply = replied instanceof Promise ? await replied : replied;
    const isLast = served.isDraining || reply === undefined || isRefusal(reply) || request.httpVersion === '1.0';
    if (isLast) ending.add(socket);
    if (reply === undefined) response.destroy();
    else write(response, reply, isLast);
  } catch (err) {
    served.log.error({ ...portName(request, served), reason: 'internal', err }, 'request failed');
    ending.add(socket);
    response.destroy();
  }
}

function isMounted(request: IncomingMessage, { mounted }: Served): boolean {
  return mounted !== undefined && `${pathOf(request)}/`.startsWith(`${mounted.path}/`);
}

/** Settles when the answer is out or the peer is gone: only then comes the connection's next request. */
async function passOn(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const isLast = served.isDraining || request.httpVersion === '1.0';
  if (isLast) response.setHeader('Connection', 'close');
  const closed = once(response, 'close');
  inviteBody(request, response);
  served.mounted?.handler(request, response);
  await closed;
  if (isLast) ending.add(request.socket);
}

function replyTo(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
): Awaitable<HttpAnswer | undefined> {
  return request.method === 'GET' ? wsdlAnswer(request, served) : soapAnswer(request, response, served);
}

function wsdlAnswer(request: IncomingMessage, served: Served): HttpAnswer {
  const text = /^[^?]*\?wsdl$/i.test(request.url ?? '') ? served.wsdl(request) : undefined;
  if (text === undefined) return refused(served.ports.has(pathOf(request)) ? 405 : 404, request, served);
  return { status: 200, contentType: 'text/xml; charset=utf-8', body: text };
}

/** The answer to a message; undefined where the peer went away before it had sent all of it, or while it waited its turn. */
function soapAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
): Awaitable<HttpAnswer | undefined> {
  const port = served.ports.get(pathOf(request));
  if (port === undefined) return refused(404, request, served);
  // A TransportBinding's policy is met by TLS alone: without it there is nothing to verify, so nothing is read.
  if (port.plan.transport === 'https' && (request.socket as TLSSocket).encrypted !== true)
    return refused(403, request, served);
  const status = refusedMessage(request, port.plan.soap, served.maxBytes);
  if (status !== undefined) return refused(status, request, served);
  inviteBody(request, response);
  return readBody(request, served.maxBytes).then(bytes => {
    if (bytes === 'gone') return undefined;
    if (bytes === 'too-long') return refused(413, request, served);
    return answer(bytes, soapActionOf(request.headers), port, callerOf(request, response, served.trustedProxies));
  });
}

/** The bare status of a request that is refused before it is read as a message, with its line in the log. */
function refused(status: number, request: IncomingMessage | undefined, served: Served): HttpAnswer {
  served.log.warn({ ...portName(request, served), reason: `http-${status}` }, 'request refused');
  return { status, contentType: undefined, body: undefined };
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
 * Ends a connection on which Node's parser could not read a request or waited too long for it. The bytes of the answer are those that Node
 * writes where nobody listens for the error, and as there none come after a part of another answer.
 */
function refuseUnread(error: NodeJS.ErrnoException, socket: Socket, served: Served): void {
  const status = parserStatus(error);
  if (status === undefined) return void socket.destroy();
  const turn = answering.get(socket);
  // Only a request whose end has not come can be the one that is wrong.
  const request = turn?.req.complete === false ? turn.req : undefined;
  // Who ends the connection in the middle of a request went away, and is none for the log.
  endUnread(status, request, socket, error.code === 'HPE_INVALID_EOF_STATE' ? undefined : served);
}

/** Ends a connection with a bare status, where no other answer is or was its end. @param served whose log is told; undefined: none's */
function endUnread(
  status: number,
  request: IncomingMessage | undefined,
  socket: Socket,
  served: Served | undefined,
): void {
  if (ending.has(socket)) return;
  if (!socket.writable) return void socket.destroy();
  ending.add(socket);
  if (served !== undefined) refused(status, request, served);
  const turn = answering.get(socket);
  const isUnderWay = turn?.headersSent === true && !turn.writableFinished;
  if (isUnderWay) return void socket.destroy();
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  readOut(socket);
}

/** Port scans and health checks of balancers fail in the handshake, or break it off: neither is worth a warning. */
function noteHandshake({ code }: NodeJS.ErrnoException, { log }: Served): void {
  if (code !== 'ECONNRESET') log.debug({ reason: 'tls-handshake', code }, 'connection refused');
}

/** The WSDL port for a line of the log. A path that is none of ours is the peer's word and is not written there. */
function portName(request: IncomingMessage | undefined, served: Served): { readonly port?: string } {
  const port = request && served.ports.get(pathOf(request));
  return port === undefined ? {} : { port: port.plan.port };
}

/** The path without a query, and without one slash at its end: two are another path. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?', 1);
  return path.length > 1 && path.endsWith('/') && !path.endsWith('//') ? path.slice(0, -1) : path;
}

/** After a bare status the rest of the connection can't be trusted to be a new request; a fault is the answer to a whole one. */
function isRefusal({ status, body }: HttpAnswer): boolean {
  return status >= 400 && body === undefined;
}

function write(response: ServerResponse, reply: HttpAnswer, isLast: boolean): void {
  const { status, contentType, body, retryAfterS } = reply;
  const text = body ?? '';
  const length = Buffer.byteLength(text);
  const headers: Record<string, string | number> = { 'Content-Length': length };
  if (contentType !== undefined) headers['Content-Type'] = contentType;
  if (retryAfterS !== undefined) headers['Retry-After'] = retryAfterS;
  if (status === 405) headers.Allow = 'POST, GET';
  if (isLast) headers.Connection = 'close';
  // A text of ASCII alone, as most are, is written faster where Node is told so.
  endAnswer(response.writeHead(status, headers), text, isLast, length === text.length ? 'latin1' : 'utf8');
}

/**
 * Stops accepting. A connection in use ends with its next answer (`Connection: close`), so that no request meets a closing socket; one
 * that stays idle is closed after `idleMs`, whatever is left after `allMs`.
 */
export async function closeServer(server: Server, idleMs: number, allMs: number): Promise<void> {
  const timers = [
    setTimeout(() => server.closeIdleConnections(), idleMs),
    setTimeout(() => server.closeAllConnections(), allMs),
  ];
  await new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()));
  for (const timer of timers) clearTimeout(timer);
}
