import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SecureConversationError } from '../errors.ts';
import { readBody, refusedHead, soapActionOf } from './http-request.ts';
import { answer, type HttpAnswer } from './pipeline.ts';
import type { ServedPort } from './port.ts';

/** What a listener serves: ports by path, and the WSDL. */
export interface Served {
  readonly ports: ReadonlyMap<string, ServedPort>;
  /** The WSDL for a request, or undefined where the path has none. */
  wsdl(request: IncomingMessage): string | undefined;
  readonly maxBytes: number;
  /** Settles when the service behind can be called. */
  readonly ready: Promise<unknown>;
  /** True from the moment on that no new connection is accepted. */
  isDraining: boolean;
}

/** Options of one listening socket. */
export interface ListenOptions {
  readonly port: number;
  readonly host: string | undefined;
  /** TLS key and certificate (PEM); undefined: plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
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
  const settings = { ...hardening, insecureHTTPParser: false };
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
  server.on('checkExpectation', (_request, response: ServerResponse) =>
    response.writeHead(417, { Connection: 'close', 'Content-Length': 0 }).end(),
  );
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

/** Connections that end with an answer which was given. */
const ending = new WeakSet<Socket>();

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
  if (ending.has(request.socket)) return;
  try {
    await served.ready;
    const reply = request.method === 'GET' ? wsdlAnswer(request, served) : await soapAnswer(request, served);
    const isLast = served.isDraining || isRefusal(reply);
    if (isLast) ending.add(request.socket);
    write(response, reply, isLast);
  } catch {
    ending.add(request.socket);
    response.destroy();
  }
}

function wsdlAnswer(request: IncomingMessage, served: Served): HttpAnswer {
  const text = /^[^?]*\?wsdl$/i.test(request.url ?? '') ? served.wsdl(request) : undefined;
  return text === undefined
    ? { status: served.ports.has(pathOf(request)) ? 405 : 404, contentType: undefined, body: undefined }
    : { status: 200, contentType: 'text/xml; charset=utf-8', body: text };
}

async function soapAnswer(request: IncomingMessage, served: Served): Promise<HttpAnswer> {
  const bare = (status: number): HttpAnswer => ({ status, contentType: undefined, body: undefined });
  const port = served.ports.get(pathOf(request));
  if (port === undefined) return bare(404);
  // A TransportBinding's policy is met by TLS alone: without it there is nothing to verify, so nothing is read.
  if (port.plan.transport === 'https' && (request.socket as TLSSocket).encrypted !== true) return bare(403);
  const refused = refusedHead(request, served.maxBytes);
  if (refused !== undefined) return refused;
  const bytes = await readBody(request, served.maxBytes);
  return bytes === undefined ? bare(413) : answer(bytes, soapActionOf(request.headers), port);
}

/** The path without a query; an absolute-form target to another host is no path of ours (RFC 9112 §3.2.2). */
export function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

/** After a 4xx the rest of the connection can't be trusted to be a new request. */
function isRefusal({ status }: HttpAnswer): boolean {
  return status >= 400 && status < 500;
}

function write(response: ServerResponse, { status, contentType, body }: HttpAnswer, isLast: boolean): void {
  const headers: Record<string, string | number> = { 'Content-Length': Buffer.byteLength(body ?? '') };
  if (contentType !== undefined) headers['Content-Type'] = contentType;
  if (status === 405) headers.Allow = 'POST, GET';
  if (isLast) headers.Connection = 'close';
  response.writeHead(status, headers).end(body);
}
