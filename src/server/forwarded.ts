import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress } from '../users/addresses.ts';
import { trimSpace } from '../xml/characters.ts';
import { type Host, isSameHost, parseHost } from './host.ts';

/** What proxies say of a request on its way: `Forwarded` (RFC 7239), or the older `X-Forwarded-` headers. */

/** What one proxy says in `Forwarded`. */
export interface ForwardedElement {
  /** `for`: where the request came from, as it is written. */
  readonly from: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/**
 * One parameter of `Forwarded` with what ends it: quoted or, as many write it, an address with colons and brackets
 * without quotes.
 */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"([^"\\]*)"|([\w!#$%&'*+.^`|~:[\]-]+))[ \t]*([;,]|$)/y;

/** The elements of `Forwarded` (RFC 7239 §4), the last proxy's word last; undefined where it can't be read. */
export function parseForwarded(text: string): readonly ForwardedElement[] | undefined {
  const elements: ForwardedElement[] = [];
  let said = new Map<string, string>();
  let end = ',';
  for (let at = 0; at < text.length || end !== ''; at = pair.lastIndex) {
    pair.lastIndex = at;
    const found = pair.exec(text);
    if (found === null) return undefined;
    const [, name = '', quoted, token = ''] = found;
    said.set(name.toLowerCase(), quoted ?? token);
    end = found[4] ?? '';
    if (end === ';') continue;
    elements.push(elementOf(said));
    said = new Map();
  }
  return elements;
}

function elementOf(said: ReadonlyMap<string, string>): ForwardedElement {
  return { from: said.get('for'), proto: said.get('proto')?.toLowerCase(), host: said.get('host') };
}

/** An address with or without a port, an IPv6 one in brackets where it has one; undefined for anything else. */
export function nodeAddress(text: string | undefined): string | undefined {
  const bare = trimSpace(text ?? '');
  const [, inBrackets, dotted] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d{1,5})?$/i.exec(bare) ?? [];
  const address = plainAddress(inBrackets ?? dotted ?? bare);
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The scheme that a client spoke, as the proxy says that is next to us. Where its two ways to say it differ, one of
 * them came through from the client, and it says nothing.
 */
export function forwardedProto(headers: IncomingHttpHeaders): 'http' | 'https' | undefined {
  const said = [lastForwarded(headers)?.proto, lastOf(headers['x-forwarded-proto'])?.toLowerCase()];
  const [proto, ...others] = said.filter(one => one !== undefined);
  const isOne = others.every(other => other === proto);
  return isOne && (proto === 'http' || proto === 'https') ? proto : undefined;
}

/** Whether the proxy next to us says that a client was sent to this address. */
export function isForwardedTo(address: URL, headers: IncomingHttpHeaders): boolean {
  const scheme = forwardedProto(headers);
  const [host, own] = [forwardedHost(headers), parseHost(address.host)];
  if (scheme === undefined || `${scheme}:` !== address.protocol) return false;
  return host !== undefined && own !== undefined && isSameHost(host, own, scheme);
}

function forwardedHost(headers: IncomingHttpHeaders): Host | undefined {
  const text = lastForwarded(headers)?.host ?? lastOf(headers['x-forwarded-host']);
  const host = text === undefined ? undefined : parseHost(text);
  const port = lastOf(headers['x-forwarded-port']);
  return host?.port === '' && port !== undefined && /^\d{1,5}$/.test(port) ? { ...host, port } : host;
}

function lastForwarded({ forwarded }: IncomingHttpHeaders): ForwardedElement | undefined {
  return forwarded === undefined ? undefined : parseForwarded(forwarded)?.at(-1);
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : trimSpace(String(header).split(',').at(-1) ?? '');
}
