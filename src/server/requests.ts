import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Awaitable } from '../awaitable.ts';
import { inPlace, type LargeMessages } from '../message/large-messages.ts';
import type { AddressList } from '../users/addresses.ts';
import type { AccessLog } from './access-log.ts';
import { type BareRefusal, crowded } from './bare-refusal.ts';
import { addressOf, callerOf, relayedAddressOf, relayedCallerOf } from './caller.ts';
import { type Connection, connectionOf, inviteBody, schemeOf, whenOut } from './connection.ts';
import { endAnswer } from './early-answer.ts';
import { forwardedProto } from './forwarded.ts';
import { isOfVersion, readBody, refusedLength, refusedMessage, soapActionOf } from './http-request.ts';
import { defined, foundText, type Known } from './known.ts';
import type { Log } from './log.ts';
import { mountPathOf } from './mount-path.ts';
import { answerMessage, type HttpAnswer } from './pipeline.ts';
import { type ServedPort, withAddresses } from './port.ts';
import { mountedBelow } from './port-addresses.ts';
import { alivePage, readinessPage } from './probes.ts';
import { refusedHead } from './request-head.ts';
import { pathInLine, pathOf } from './request-path.ts';
import { type Routes, reachable, versionsOf } from './routes.ts';

/** What answers requests below one path: an express application, or any other listener of node:http. */
export interface Mounted {
  /** `/oauth` */
  readonly path: string;
  readonly handler: RequestListener;
}

/** What a listener serves: ports by path, and the WSDL. */
export interface Served {
  readonly ports: Routes<ServedPort>;
  /** What writes the WSDL of a request's path; undefined where it has none. */
  wsdl(request: IncomingMessage): (() => string) | undefined;
  /** How the node is, for its balancer and supervisor. */
  readiness(): { readonly ready: boolean };
  /** What is served beside them, by a listener of its own. */
  readonly mounted?: Mounted | undefined;
  readonly maxBytes: () => number;
  /** Bounds the large messages of all its ports; absent: nothing does. */
  readonly large?: LargeMessages;
  /** The proxies that are believed where a request came from. */
  readonly trustedProxies: AddressList;
  /** The proxies that may bring in plain HTTP what came to them over TLS. */
  readonly tlsOffloadedFrom: AddressList;
  /** Whether its requests come from nodes, each known by its certificate, which say whom they have them from. */
  readonly isRelayed?: true;
  /** Settles when the service behind can be called. */
  readonly ready: Promise<unknown>;
  /** True from the moment on that no new connection is accepted. */
  isDraining: boolean;
  /** True when nothing is served any more, also where the server of a program still accepts. */
  isClosed: boolean;
  /** Counts what is refused before a message is read, by its reason. */
  readonly refused: (reason: string) => void;
  readonly log: Log;
  /** Gets a line for each request that is answered; undefined: there is no such log. */
  readonly accessLog?: AccessLog | undefined;
}

/** Requests that may wait behind one that is served: hardly any client sends a second one before its answer. */
const maxQueued = 16;

/**
 * Serves one HTTP request; never rejects: a peer that goes away is no error of ours.
 *
 * Requests of one connection are served one after the other, each when the answer before it is out, and none after an
 * answer that closes it: Node hands out those that came in one piece together, also what was hidden behind a request
 * that is refused (RFC 9112 §9.3.2, §9.6). A peer that sends requests and reads no answers would have all of them kept
 * here, each a thousand times as long as its request.
 */
export function serveRequest(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const connection = connectionOf(request.socket);
  connection.turn = inTurn(request, response, served, connection);
  return connection.turn;
}

function inTurn(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  connection: Connection,
): Promise<void> {
  const { turn: before } = connection;
  if (before === undefined) return serve(request, response, served);
  if (connection.queued >= maxQueued) {
    endCrowded(request, served, connection);
    return before;
  }
  connection.queued += 1;
  const next = () => {
    connection.queued -= 1;
    return serve(request, response, served);
  };
  return before.then(() => whenOut(connection.answering)?.then(next) ?? next());
}

/** Ends a connection with more requests than may wait; none of those that wait is served. */
function endCrowded(request: IncomingMessage, served: Served, connection: Connection): void {
  if (connection.isEnding) return;
  connection.isEnding = true;
  served.refused('requests-waiting');
  served.log.warn({ reason: 'requests-waiting', peer: peerOf(request, served) }, 'connection closed');
  request.socket.destroy();
}

async function serve(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const connection = connectionOf(request.socket);
  connection.answering = response;
  const known: Known = {};
  const note = served.accessLog?.(request, peerOf(request, served));
  try {
    await served.ready;
    if (connection.isEnding) return;
    const refusal = served.isClosed ? closed : refusedHead(request);
    if (refusal === undefined && isMounted(request, served)) return await passOn(request, response, served);
    const coming =
      refusal === undefined ? answerRequest(request, response, served, known) : refuseBare(refusal, request, served);
    const answer = coming instanceof Promise ? await coming : coming;
    if (note !== undefined && probeOf(request, served) === undefined) note(answer, known);
    const isOver = served.isDraining || connection.isOutdated || request.httpVersion === '1.0';
    const isLast = isOver || answer === undefined || answer.isLast || isRefusal(answer);
    if (isLast) connection.isEnding = true;
    if (answer === undefined) response.destroy();
    else write(response, answer, isLast);
  } catch (err) {
    const line = { ...portName(request, served), reason: 'internal', peer: peerOf(request, served), err };
    served.log.error(line, 'request failed');
    connection.isEnding = true;
    response.destroy();
  }
}

const closed: BareRefusal = { status: 503, problem: 'closed' };

/** The address that a request came from. */
function peerOf(request: IncomingMessage, { trustedProxies, isRelayed }: Served): string {
  return isRelayed ? relayedAddressOf(request) : addressOf(request, trustedProxies);
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
  known: Known,
): Awaitable<HttpAnswer | undefined> {
  const { method } = request;
  if (method === 'POST') return answerSoap(request, response, served, known);
  const probe = probeOf(request, served);
  if (probe !== undefined) return probe(served);
  return method === 'GET' ? answerWsdl(request, served) : answerSoap(request, response, served, known);
}

type Probe = (served: Served) => HttpAnswer;

/** What balancers and supervisors ask, often and for ever: they leave nothing in the log. */
const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ['/healthz', alivePage],
  ['/readyz', ({ readiness }) => readinessPage(readiness())],
]);

/** The probe that a request is; a port of the WSDL at its path comes first. */
function probeOf(request: IncomingMessage, { ports }: Served): Probe | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  const path = pathOf(request);
  return ports.has(path) ? undefined : probes.get(path);
}

/** Whether a request is for a port, or for a WSDL. */
export function isServed(request: IncomingMessage, served: Served): boolean {
  return served.ports.has(pathOf(request)) || wsdlOf(request, served) !== undefined;
}

/** What writes the WSDL that a request asks for; undefined where it asks for none that there is. */
function wsdlOf(request: IncomingMessage, served: Served): (() => string) | undefined {
  return /^[^?]*\?wsdl$/i.test(request.url ?? '') ? served.wsdl(request) : undefined;
}

function answerWsdl(request: IncomingMessage, served: Served): HttpAnswer {
  const wsdl = wsdlOf(request, served);
  if (wsdl === undefined) {
    const isPort = served.ports.has(pathOf(request));
    return refuseBare(isPort ? { status: 405, problem: 'method', found: 'GET' } : noPath, request, served);
  }
  return { status: 200, contentType: 'text/xml; charset=utf-8', body: wsdl() };
}

const noPath: BareRefusal = { status: 404, problem: 'path' };

/**
 * The answer to a message; undefined where the peer went away before it had sent all of it, or while it waited its
 * turn.
 */
function answerSoap(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  known: Known,
): Awaitable<HttpAnswer | undefined> {
  const there = served.ports.get(pathOf(request));
  if (there === undefined) return refuseBare(noPath, request, served);
  // Without the TLS that a policy wants there is nothing to verify, so nothing is read.
  const ports = reachable(there, isOverTls(request, served));
  if (ports.length === 0) return refuseBare({ status: 403, problem: 'tls-missing' }, request, served);
  const refusal = refusedMessage(request, versionsOf(ports), served.maxBytes());
  if (refusal !== undefined) return refuseBare(refusal, request, served);
  const port = ports.find(({ plan }) => isOfVersion(request, plan.soap));
  if (port === undefined) return refuseBare({ status: 415, problem: 'media-type' }, request, served);
  inviteBody(request, response);
  return readBody(request, served.maxBytes()).then(bytes => {
    if (bytes === 'gone') return undefined;
    if (bytes === 'too-long') return refuseBare(refusedLength(served.maxBytes()), request, served);
    return inPlace(bytes.length, served.large, place => {
      if (request.socket.destroyed) return undefined;
      if (place === undefined) return { ...refuseBare(crowded, request, served), retryAfterS: 1 };
      const caller = served.isRelayed
        ? relayedCallerOf(request, response)
        : callerOf(request, response, served.trustedProxies);
      const soapAction = soapActionOf(request.headers, port.plan.soap);
      return answerMessage(bytes, soapAction, mounted(port, mountPathOf(request)), caller, place, known);
    });
  });
}

function mounted(port: ServedPort, mountPath: string): ServedPort {
  return mountPath === '' ? port : withAddresses(port, addresses => mountedBelow(addresses, mountPath));
}

/**
 * Whether a request came over TLS, to here or to a proxy that may say so. The proxy must say it each time: one that
 * also listens without TLS would bring passwords that were sent in clear.
 */
function isOverTls({ socket, headers }: IncomingMessage, { tlsOffloadedFrom }: Served): boolean {
  if (schemeOf(socket) === 'https') return true;
  return tlsOffloadedFrom(socket.remoteAddress ?? '') && forwardedProto(headers) === 'https';
}

/** The bare status of a request that is refused before it is read as a message, with its line in the log. */
export function refuseBare(refusal: BareRefusal, request: IncomingMessage, served: Served): HttpAnswer {
  refuseConnection(refusal, { ...portName(request, served), ...pathInLine(request) }, peerOf(request, served), served);
  return { status: refusal.status, contentType: undefined, body: undefined };
}

/** The line of the log, and the count, of what is refused with a bare status. @param place what is known of where */
export function refuseConnection(
  { status, found, ...wrong }: BareRefusal,
  place: object,
  peer: string | undefined,
  served: Served,
): void {
  const reason = `http-${status}`;
  served.refused(reason);
  const line = { ...place, reason, ...wrong, found: found === undefined ? undefined : foundText(found), peer };
  served.log.warn(defined(line), 'request refused');
}

/** The WSDL ports at a request's path, for a line of the log. */
function portName(request: IncomingMessage, served: Served): { readonly port?: string } {
  const ports = served.ports.get(pathOf(request));
  return ports === undefined ? {} : { port: ports.map(({ plan }) => plan.port).join(', ') };
}

/**
 * After a bare status the rest of the connection can't be trusted to be a new request; a fault is the answer to a whole
 * one.
 */
function isRefusal({ status, body }: HttpAnswer): boolean {
  return status >= 400 && body === undefined;
}

function write(response: ServerResponse, answer: HttpAnswer, isLast: boolean): void {
  const { status, contentType, body, isOctets = false, retryAfterS, asksForPassword = false } = answer;
  const text = body ?? '';
  const length = isOctets ? text.length : Buffer.byteLength(text);
  const headers: Record<string, string | number> = { 'Content-Length': length };
  if (contentType !== undefined) headers['Content-Type'] = contentType;
  if (retryAfterS !== undefined) headers['Retry-After'] = retryAfterS;
  // RFC 7617 §2.1: names and passwords are UTF-8.
  if (asksForPassword) headers['WWW-Authenticate'] = 'Basic realm="service", charset="UTF-8"';
  if (status === 405) headers.Allow = 'POST, GET';
  if (isLast) headers.Connection = 'close';
  // A text of ASCII alone, as most are, is written faster where Node is told so.
  endAnswer(response.writeHead(status, headers), text, isLast, length === text.length ? 'latin1' : 'utf8');
}
