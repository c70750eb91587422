import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type AddressList, plainAddress } from '../users/addresses.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import { peerCertificates, type Requester } from './client-certificates.ts';
import { nodeAddress, parseForwarded } from './forwarded.ts';

/** Where a request came from, as far as it can be known. */
export type Origin = Pick<CountedCaller, 'address' | 'isLimited'>;

/**
 * Whom a request came from. Both are found out when they are asked for: most messages need neither.
 * @param trusted the proxies that are believed
 * @param peer address of the connection
 */
export function callerOf(
  request: IncomingMessage,
  response: ServerResponse,
  trusted: AddressList,
  peer = peerAddress(request),
): Requester {
  return foundLater(request, response, {
    origin: headers => originOf(peer, headers, trusted),
    certificates: () => peerCertificates(request.socket as TLSSocket),
  });
}

/** The address of {@link callerOf} alone, for a line of the log. */
export function addressOf(request: IncomingMessage, trusted: AddressList, peer = peerAddress(request)): string {
  return originOf(peer, request.headers, trusted).address;
}

/** The address of {@link relayedCallerOf} alone. */
export function relayedAddressOf(request: IncomingMessage): string {
  return relayedOrigin(peerAddress(request), request.headers).address;
}

function peerAddress({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}

/**
 * Whom a request came from that a node has handed on. The node is known by its certificate, and believed; it says
 * nothing of a certificate that it was shown.
 */
export function relayedCallerOf(request: IncomingMessage, response: ServerResponse): Requester {
  const peer = peerAddress(request);
  return foundLater(request, response, {
    origin: headers => relayedOrigin(peer, headers),
    certificates: () => [],
  });
}

/** How a caller is found out. */
interface Finding {
  origin(headers: IncomingHttpHeaders): Origin;
  certificates(): readonly Uint8Array[];
}

function foundLater(request: IncomingMessage, response: ServerResponse, find: Finding): Requester {
  let origin: Origin | undefined;
  let signal: AbortSignal | undefined;
  const found = () => {
    origin ??= find.origin(request.headers);
    return origin;
  };
  return {
    get address() {
      return found().address;
    },
    get isLimited() {
      return found().isLimited;
    },
    get signal() {
      signal ??= closing(request, response);
      return signal;
    },
    get certificates() {
      return find.certificates();
    },
    request,
  };
}

/** A signal that aborts when the connection closes before the answer is out. */
function closing({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (socket.destroyed) abort();
  socket.once('close', abort);
  response.once('finish', () => socket.off('close', abort));
  return controller.signal;
}

/**
 * The address that a request came from: that of the connection, unless it is a trusted proxy's. Then it is the
 * right-most address of `Forwarded` (RFC 7239) or `X-Forwarded-For` that is no trusted proxy's: what stands left of it
 * is its own word. Where the two differ, one of them came through from the client; then, and where they can't be read,
 * the proxy's address is the caller's, and is limited.
 */
export function originOf(peer: string, headers: IncomingHttpHeaders, trusted: AddressList): Origin {
  const own = plainAddress(peer);
  if (!trusted(peer)) return { address: own, isLimited: true };
  const lists = [headers.forwarded, headers['x-forwarded-for']].map((value, i) =>
    value === undefined ? undefined : readers[i]?.(String(value)),
  );
  const said = lists.filter(list => list !== undefined).map(list => stranger(list, trusted));
  const [first] = said;
  // TLS that is passed through leaves no room for a header: the proxy's address stands for everybody.
  if (first === undefined || said.every(one => one === 'none')) return { address: own, isLimited: false };
  const isKnown = said.every(one => one === first) && first !== 'unknown';
  return { address: isKnown ? first : own, isLimited: true };
}

/**
 * The origin that a node says in `Forwarded`: one address, or `unknown` for somebody behind a proxy that says nothing.
 * Where it says something else, its own address stands for all that come from it, and is limited.
 */
export function relayedOrigin(peer: string, { forwarded }: IncomingHttpHeaders): Origin {
  const [node, ...more] = forwarded === undefined ? [] : forwardedFor(forwarded);
  const address = nodeAddress(node);
  if (address !== undefined && more.length === 0) return { address, isLimited: true };
  return { address: plainAddress(peer), isLimited: forwarded !== 'for=unknown' };
}

/** The nodes of a header as they are written, the last proxy's word last; undefined for one that can't be read. */
type Nodes = readonly (string | undefined)[];

/** Proxies that are looked through: a header of many more is nobody's chain, and each address costs some time. */
const maxProxies = 32;

/** The right-most address that is no trusted proxy's; `none` where all are. */
function stranger(nodes: Nodes, trusted: AddressList): string {
  const last = nodes.slice(-maxProxies).map(nodeAddress);
  const found = last.findLast(address => address === undefined || !trusted(address));
  if (found !== undefined) return found;
  return last.includes(undefined) || nodes.length > maxProxies ? 'unknown' : 'none';
}

const readers: readonly ((text: string) => Nodes)[] = [forwardedFor, xForwardedFor];

function xForwardedFor(text: string): Nodes {
  return text.split(',');
}

/** The `for` of each element (RFC 7239 §4, §5.2). */
function forwardedFor(text: string): Nodes {
  return parseForwarded(text)?.map(({ from }) => from) ?? [undefined];
}
