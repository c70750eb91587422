import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { type AddressList, plainAddress } from '../users/addresses.ts';
import type { CountedCaller } from '../users/authenticate.ts';

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
  peer = request.socket.remoteAddress ?? '',
): CountedCaller {
  let origin: Origin | undefined;
  let signal: AbortSignal | undefined;
  const found = () => {
    origin ??= originOf(peer, request.headers, trusted);
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

/** The addresses of a header, the last proxy's word last; undefined for one that can't be read. */
type Nodes = readonly (string | undefined)[];

/** Proxies that are looked through: a header of many more is nobody's chain. */
const maxProxies = 32;

/** The right-most address that is no trusted proxy's; `none` where all are. */
function stranger(nodes: Nodes, trusted: AddressList): string {
  const last = nodes.slice(-maxProxies);
  const found = last.findLast(node => node === undefined || !trusted(node));
  if (found !== undefined) return found;
  return last.includes(undefined) || nodes.length > maxProxies ? 'unknown' : 'none';
}

const readers: readonly ((text: string) => Nodes)[] = [forwardedFor, xForwardedFor];

function xForwardedFor(text: string): Nodes {
  return text.split(',').map(nodeAddress);
}

/**
 * One parameter of `Forwarded` with what ends it: quoted or, as many write it, an address with colons and brackets
 * without quotes.
 */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"([^"\\]*)"|([\w!#$%&'*+.^`|~:[\]-]+))[ \t]*([;,]|$)/y;

/** The `for` of each element (RFC 7239 §4, §5.2). */
function forwardedFor(text: string): Nodes {
  const nodes: (string | undefined)[] = [];
  let node: string | undefined;
  let end = ',';
  for (let at = 0; at < text.length || end !== ''; at = pair.lastIndex) {
    pair.lastIndex = at;
    const found = pair.exec(text);
    if (found === null) return [undefined];
    const [, name = '', quoted, token = ''] = found;
    if (name.toLowerCase() === 'for') node = nodeAddress(quoted ?? token);
    end = found[4] ?? '';
    if (end === ';') continue;
    nodes.push(node);
    node = undefined;
  }
  return nodes;
}

/** An address with or without a port, an IPv6 one in brackets where it has one. */
function nodeAddress(text: string): string | undefined {
  const bare = text.trim();
  const [, inBrackets, dotted] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d{1,5})?$/i.exec(bare) ?? [];
  const address = plainAddress(inBrackets ?? dotted ?? bare);
  return isIP(address) === 0 ? undefined : address;
}
