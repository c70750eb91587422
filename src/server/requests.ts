import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Awaitable } from '../awaitable.ts';
import type { AddressList } from '../users/addresses.ts';
import { callerOf } from './caller.ts';
import { connectionOf, inviteBody } from './connection.ts';
import { endAnswer } from './early-answer.ts';
import { readBody, refusedMessage, soapActionOf } from './http-request.ts';
import type { Log } from './log.ts';
import { answerMessage, type HttpAnswer } from './pipeline.ts';
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
  /** What writes the WSDL of a request's path; undefined where it has none. */
  wsdl(request: IncomingMessage): (() => string) | undefined;
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

/**
 * Serves one HTTP request; never rejects: a peer that goes away is no error of ours.
 *
 * Requests of one connection are served one after the other, and none after an answer that closes it: Node hands out
 * those that came in one piece together, also what was hidden behind a request that is refused (RFC 9112 §9.3.2, §9.6).
 */
export function serveRequest(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const connection = connectionOf(request.socket);
  const { turn: before } = connection;
  const turn =
    before === undefined ? serve(request, response, served) : before.then(() => serve(request, response, served));
  connection.turn = turn;
  return turn;
}

async function serve(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const connection = connectionOf(request.socket);
  connection.answering = response;
  try {
    await served.ready;
    if (connection.isEnding) return;
    const status = refusedHead(request);
    if (status === undefined && isMounted(request, served)) return await passOn(request, response, served);
    const coming =
      status === undefined ? answerRequest(request, response, served) : refuseBare(status, request, served);
    const answer = coming instanceof Promise ? await coming : coming;
    const isLast = served.isDraining || answer === undefined || isRefusal(answer) || request.httpVersion === '1.0';
    if (isLast) connection.isEnding = true;
    if (answer === undefined) response.destroy();
    else write(response, answer, isLast);
  } catch (err) {
    served.log.error({ ...portName(request, served), reason: 'internal', err }, 'request failed');
    connection.isEnding = true;
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
  if (isLast) connectionOf(request.socket).isEnding = true;
}

function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
): Awaitable<HttpAnswer | undefined> {
  return request.method === 'GET' ? answerWsdl(request, served) : answerSoap(request, response, served);
}

/** What writes the WSDL that a request asks for; undefined where it asks for none that there is. */
export function wsdlOf(request: IncomingMessage, served: Served): (() => string) | undefined {
  return /^[^?]*\?wsdl$/i.test(request.url ?? '') ? served.wsdl(request) : undefined;
}

function answerWsdl(request: IncomingMessage, served: Served): HttpAnswer {
  const wsdl = wsdlOf(request, served);
  if (wsdl === undefined) return refuseBare(served.ports.has(pathOf(request)) ? 405 : 404, request, served);
  return { status: 200, contentType: 'text/xml; charset=utf-8', body: wsdl() };
}

/**
 * The answer to a message; undefined where the peer went away before it had sent all of it, or while it waited its
 * turn.
 */
function answerSoap(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
): Awaitable<HttpAnswer | undefined> {
  const port = served.ports.get(pathOf(request));
  if (port === undefined) return refuseBare(404, request, served);
  // A TransportBinding's policy is met by TLS alone: without it there is nothing to verify, so nothing is read.
  if (port.plan.transport === 'https' && (request.socket as TLSSocket).encrypted !== true)
    return refuseBare(403, request, served);
  const status = refusedMessage(request, port.plan.soap, served.maxBytes);
  if (status !== undefined) return refuseBare(status, request, served);
  inviteBody(request, response);
  return readBody(request, served.maxBytes).then(bytes => {
    if (bytes === 'gone') return undefined;
    if (bytes === 'too-long') return refuseBare(413, request, served);
    return answerMessage(
      bytes,
      soapActionOf(request.headers),
      port,
      callerOf(request, response, served.trustedProxies),
    );
  });
}

/** The bare status of a request that is refused before it is read as a message, with its line in the log. */
export function refuseBare(status: number, request: IncomingMessage | undefined, served: Served): HttpAnswer {
  served.log.warn({ ...portName(request, served), reason: `http-${status}` }, 'request refused');
  return { status, contentType: undefined, body: undefined };
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

/**
 * After a bare status the rest of the connection can't be trusted to be a new request; a fault is the answer to a whole
 * one.
 */
function isRefusal({ status, body }: HttpAnswer): boolean {
  return status >= 400 && body === undefined;
}

function write(response: ServerResponse, answer: HttpAnswer, isLast: boolean): void {
  const { status, contentType, body, retryAfterS } = answer;
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
