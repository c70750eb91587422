import type { IncomingMessage } from 'node:http';
import { schemeOf } from './connection.ts';
import { isSameHost, parseHost } from './host.ts';

/** Headers that a balancer and a node must not read differently: present twice is refused, whatever they say. */
const singleHeaders: ReadonlySet<string> = new Set([
  'host',
  'soapaction',
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
]);

const maxHeaders = 64;

/**
 * Checks what every request must have in its head, whatever it is for, so that nobody on the way reads another request
 * in it: version, headers, end, host and target. An absolute-form target (RFC 9112 §3.2.2) is put into origin form, for
 * the program that reads it after this.
 * @returns the status to answer with, or undefined where it may be served
 */
export function refusedHead(request: IncomingMessage): number | undefined {
  return refusedVersion(request) ?? refusedHeaders(request) ?? refusedHost(request) ?? refusedTarget(request);
}

/**
 * HTTP/1.0 is what nginx and the health checks of HAProxy speak unless told otherwise; Node also reads 0.9 (no version
 * at all) and 2.0.
 */
function refusedVersion({ httpVersion }: IncomingMessage): number | undefined {
  if (httpVersion === '1.1' || httpVersion === '1.0') return undefined;
  return httpVersion === '0.9' ? 400 : 505;
}

function refusedHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): number | undefined {
  if (rawHeaders.length > 2 * maxHeaders) return 431;
  if (isAmbiguous(rawHeaders)) return 400;
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  // RFC 9112 §6.1: a 1.0 message that has one is framed wrongly; a coding that is not understood is 501, and nothing is
  // undone here.
  if (httpVersion === '1.0') return 400;
  return coding.toLowerCase() === 'chunked' ? undefined : 501;
}

/**
 * One of {@link singleHeaders} twice, or with `_` for `-`: a program that hands headers on as variables (CGI) makes one
 * name of both.
 */
function isAmbiguous(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (name.includes('_') && singleHeaders.has(name.replaceAll('_', '-'))) return true;
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

/**
 * RFC 9112 §3.2: 1.1 wants a Host, and a client that sends one an only and a valid one. That of an http address is
 * never empty (RFC 9110 §4.2.1).
 */
function refusedHost({ headers: { host }, httpVersion }: IncomingMessage): number | undefined {
  const isGood = host === undefined ? httpVersion === '1.0' : parseHost(host) !== undefined;
  return isGood ? undefined : 400;
}

/** A target is a path and a query (RFC 9112 §3.2); `*` is for OPTIONS alone, and a fragment is never sent. */
function refusedTarget(request: IncomingMessage): number | undefined {
  const { url = '', method } = request;
  if (url.includes('#')) return 400;
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return undefined;
  const path = pathHere(request);
  if (path === undefined) return 400;
  request.url = path;
  return undefined;
}

const absoluteForm = /^(https?):\/\/([^/?]*)(.*)$/is;

/**
 * Path and query of an absolute-form target; undefined where its scheme is not the connection's (RFC 9110 §7.4), or its
 * host not Host's.
 */
function pathHere({ url = '', headers, socket }: IncomingMessage): string | undefined {
  const [, scheme = '', authority = '', path = ''] = absoluteForm.exec(url) ?? [];
  const spoken = schemeOf(socket);
  const named = parseHost(authority);
  if (scheme.toLowerCase() !== spoken || named === undefined) return undefined;
  const host = headers.host === undefined ? named : parseHost(headers.host);
  if (host === undefined || !isSameHost(named, host, spoken)) return undefined;
  return path.startsWith('/') ? path : `/${path}`;
}
