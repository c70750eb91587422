import { constants } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import type { PemPair } from '../crypto/pkcs12.ts';
import { ConfigurationError } from '../errors.ts';
import type { BareRefusal } from './bare-refusal.ts';
import { connectionOf } from './connection.ts';
import { readOut } from './early-answer.ts';
import { refuseBare, refuseConnection, type Served, serveRequest } from './requests.ts';

/** Options of one listening socket. */
export interface ListenOptions {
  readonly port: number;
  readonly host: string | undefined;
  /** TLS key and certificate (PEM); undefined: plain HTTP. */
  readonly tls: PemPair | undefined;
  /** The peers that are served, by their certificates; undefined: all are, without any. */
  readonly peers?: TlsPeers;
  /** Whether clients are asked for a certificate in the handshake; default: no. Each port judges it for itself. */
  readonly asksForCertificate?: boolean;
  /** With node:cluster: this process's own socket instead of one shared with the others. */
  readonly exclusive: boolean;
}

/** Peers that TLS asks for a certificate. */
export interface TlsPeers {
  /** CA certificates that vouch for them (PEM). */
  readonly ca: string;
  /** Names of which each must have one (DNS, in subjectAltName); undefined: any that the CA vouches for. */
  readonly names?: readonly string[] | undefined;
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
  /** A peer that takes nothing of its answer for so long gets no more of it. */
  timeout: 30_000,
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
  const { tls, peers } = options;
  // Ours refuses a request without Host, with a line in the log.
  const settings = { ...hardening, insecureHTTPParser: false, requireHostHeader: false, ALPNProtocols: ['http/1.1'] };
  const server = tls
    ? createTlsServer({ ...settings, ...secureContext(tls), ...asking(options) }, listener)
    : createServer(settings, listener);
  Object.assign(server, {
    // Node leaves headers beyond its count out without a word, so that it gets none: their size bounds them, and ours
    // refuses.
    maxHeadersCount: 0,
    maxConnections: hardening.maxConnections,
    maxRequestsPerSocket: hardening.maxRequestsPerSocket,
    timeout: hardening.timeout,
  });
  server.on('timeout', endStill);
  // No listener for `upgrade`: an offer to go on in another protocol may be left alone (RFC 9110 §7.8), and CXF makes
  // one (h2c).
  server.on('checkExpectation', listener);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined).resume();
    endUnread({ status: 405, problem: 'method', found: 'CONNECT' }, request, socket, served);
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    connectionOf(request.socket).waiting.add(request);
    listener(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseUnread(error, socket, served));
  if (peers?.names !== undefined) admitNamed(server, peers.names, served);
  if (peers !== undefined) admitted.set(server, admittedBy(server));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => noteHandshake(error, socket, served));
  await listening(server, options);
  return server;
}

/**
 * What has TLS ask clients for a certificate, and let them in with any or without. A session that is resumed has the
 * client's certificate, and has forgotten those of its issuers.
 */
const askingAnybody = {
  requestCert: true,
  rejectUnauthorized: false,
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

function secureContext({ certificate, key }: PemPair) {
  return { cert: certificate, key, minVersion: 'TLSv1.2' } as const;
}

/** What certificates of peers a server asks for. */
type Asking = Pick<ListenOptions, 'peers' | 'asksForCertificate'>;

/** What has TLS ask for certificates; of the peers that are known by theirs, it lets nobody in without. */
function asking({ peers, asksForCertificate = false }: Asking) {
  if (asksForCertificate) return askingAnybody;
  return peers === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: peers.ca };
}

/** Lets a server's next connections have another certificate; a server without TLS has none. */
export function useTls(server: Server, tls: PemPair, asked: Asking): void {
  if (server instanceof TlsServer) server.setSecureContext({ ...secureContext(tls), ...asking(asked) });
}

/** The connections of peers that a server admits by their certificates. */
interface Admitted {
  readonly sockets: Set<TLSSocket>;
  /** Until then, by a clock that is never set back, one may come that was begun before other peers were known. */
  othersUntilMs: number;
}

const admitted = new WeakMap<Server, Admitted>();
/** Longest handshake: Node's own limit. */
const handshakeMs = 120_000;

function admittedBy(server: Server): Admitted {
  const own: Admitted = { sockets: new Set(), othersUntilMs: 0 };
  server.on('secureConnection', (socket: TLSSocket) => {
    own.sockets.add(socket);
    connectionOf(socket).isOutdated = performance.now() < own.othersUntilMs;
    socket.on('close', () => own.sockets.delete(socket));
  });
  return own;
}

/**
 * Knows peers by other certificates. Connections that those before have let in end: with the next answer, or now where
 * none is due.
 */
export function usePeers(server: Server, tls: PemPair, peers: TlsPeers): void {
  useTls(server, tls, { peers });
  const own = admitted.get(server);
  if (own === undefined) return;
  own.othersUntilMs = performance.now() + handshakeMs;
  for (const socket of own.sockets) connectionOf(socket).isOutdated = true;
  server.closeIdleConnections();
}

/** Ends connections of peers without one of the names, before anything of them is read. */
function admitNamed(server: Server, names: readonly string[], served: Served): void {
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    if (names.some(name => certificate?.checkHost(name, { subject: 'never', wildcards: false }) !== undefined)) return;
    served.refused('tls-peer-name');
    const line = { reason: 'tls-peer-name', subject: certificate?.subject, peer: socket.remoteAddress };
    served.log.warn(line, 'connection refused');
    socket.destroy();
  });
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
  const problem = status === 408 ? 'time-out' : 'parser';
  const refusal = { status, problem, found: error.code } as const;
  endUnread(refusal, request, socket, error.code === 'HPE_INVALID_EOF_STATE' ? undefined : served);
}

/**
 * Ends a connection with a bare status, where no other answer is or was its end.
 * @param served whose log is told; undefined: none's
 */
function endUnread(
  refusal: BareRefusal,
  request: IncomingMessage | undefined,
  socket: Socket,
  served: Served | undefined,
): void {
  const connection = connectionOf(socket);
  if (connection.isEnding) return;
  if (!socket.writable) return void socket.destroy();
  connection.isEnding = true;
  if (served !== undefined && request !== undefined) refuseBare(refusal, request, served);
  else if (served !== undefined) refuseConnection(refusal, {}, socket.remoteAddress, served);
  const { answering: turn } = connection;
  const isUnderWay = turn?.headersSent === true && !turn.writableFinished;
  if (isUnderWay) return void socket.destroy();
  const { status } = refusal;
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  readOut(socket);
}

/**
 * Ends a connection on which nothing came or went for its time: idle between two requests, or with an answer that is
 * not taken. While an operation makes its answer, it may be still.
 */
function endStill(socket: Socket): void {
  const { answering } = connectionOf(socket);
  const isMaking = answering !== undefined && !answering.writableEnded && socket.writableLength === 0;
  if (isMaking) socket.setTimeout(hardening.timeout);
  else socket.destroy();
}

/** Port scans and health checks of balancers fail in the handshake, or break it off: neither is worth a warning. */
function noteHandshake({ code }: NodeJS.ErrnoException, { remoteAddress }: Socket, { log, refused }: Served): void {
  if (code === 'ECONNRESET') return;
  refused('tls-handshake');
  log.debug({ reason: 'tls-handshake', code, peer: remoteAddress }, 'connection refused');
}

/**
 * What a balancer takes at most to notice that a node accepts nothing more: two looks, a second apart, and what a busy
 * machine adds. Until then it may send on a connection that it kept, and can't send again what met a closing socket.
 */
const noticedMs = 3_000;

/**
 * Stops accepting. A connection in use ends with its next answer (`Connection: close`), so that no request meets a
 * closing socket; one that stays idle is closed after 3 s, or half of `allMs`, whatever is left after `allMs`.
 */
export async function closeServer(server: Server, allMs: number): Promise<void> {
  const idleMs = Math.min(allMs / 2, noticedMs);
  const timers = [
    // Behind what has come in the meantime: a connection whose request waits to be read is none that is idle.
    setTimeout(() => setImmediate(() => server.closeIdleConnections()), idleMs),
    setTimeout(() => server.closeAllConnections(), allMs),
  ];
  // And so are connections that wait to be accepted.
  await new Promise(resolve => setImmediate(resolve));
  // Not that of node:http: it closes idle connections at once, and a request that is on its way would meet a closing
  // socket.
  await new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()));
  for (const timer of timers) clearTimeout(timer);
}
