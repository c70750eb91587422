import type { IncomingMessage } from 'node:http';
import type { BareRefusal } from './bare-refusal.ts';
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
 * @returns what it is refused with, or undefined where it may be served
 */
export function refusedHead(request: IncomingMessage): BareRefusal | undefined {
  return refusedVersion(request) ?? refusedHeaders(request) ?? refusedHost(request) ?? refusedTarget(request);
}

/**
 * HTTP/1.0 is what nginx and the health checks of HAProxy speak unless told otherwise; Node also reads 0.9 (no version
 * at all) and 2.0.
 */
function refusedVersion({ httpVersion }: IncomingMessage): BareRefusal | undefined {
  if (httpVersion === '1.1' || httpVersion === '1.0') return undefined;
  return { status: httpVersion === '0.9' ? 400 : 505, problem: 'http-version', found: httpVersion };
}

function refusedHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): BareRefusal | undefined {
  if (rawHeaders.length > 2 * maxHeaders)
    return { status: 431, problem: 'too-many-headers', limit: `at most ${maxHeaders} header lines` };
  const twice = ambiguousHeader(rawHeaders);
  if (twice !== undefined) return { status: 400, problem: 'header-twice', header: twice };
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  const refusal = { problem: 'transfer-coding', header: 'transfer-encoding', found: coding } as const;
  // RFC 9112 §6.1: a 1.0 message that has one is framed wrongly; a coding that is not understood is 501, and nothing is
  // undone here.
  if (httpVersion === '1.0') return { ...refusal, status: 400 };
  return coding.toLowerCase() === 'chunked' ? undefined : { ...refusal, status: 501 };
}

/**
 * One of {@link singleHeaders} twice, or with `_` for `-`: a program that hands headers on as variables (CGI) makes one
 * name of both.
 */
function ambiguousHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (name.includes('_') && singleHeaders.has(name.replaceAll('_', '-'))) return name;
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/**
 * RFC 9112 §3.2: 1.1 wants a Host, and a client that sends one an only and a valid one. That of an http address is
 * never empty (RFC 9110 §4.2.1).
 */
function refusedHost({ headers: { host }, httpVersion }: IncomingMessage): BareRefusal | undefined {
  const isGood = host === undefined ? httpVersion === '1.0' : parseHost(host) !== undefined;
  return isGood ? undefined : { status: 400, problem: 'header-value', header: 'host', found: host };
}

/**
 * A target is a path and a query (RFC 9112 §3.2); `*` is for OPTIONS alone, and a fragment is never sent. What stands
 * in one that is none is not said: it may hold a password.
 */
function refusedTarget(request: IncomingMessage): BareRefusal | undefined {
  const { url = '', method } = request;
  const refusal = { status: 400, problem: 'target' } as const;
  if (url.includes('#')) return refusal;
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return undefined;
  const path = pathHere(request);
  if (path === undefined) return refusal;
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
