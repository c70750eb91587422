/** One document of a WSDL, fetched over HTTP: from where, how long, and how much of it. */
import { type RequestOptions as HttpOptions, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions as TlsOptions } from 'node:https';
import { ConfigurationError } from '../errors.ts';
import { octetsOf } from '../octets.ts';
import { type DocumentText, documentText } from './document.ts';

/** What is fetched at most for one WSDL. Times in milliseconds. */
export const fetchLimits = { documentBytes: 1_048_576, documents: 64, redirects: 5, ms: 30_000 } as const;

/** How documents are fetched. */
export interface Fetching {
  /** Trusted CA certificates (PEM); undefined: Node's own. */
  readonly ca: string | undefined;
  /** Whether plain http is taken from other machines than this one. */
  readonly allowHttp: boolean;
  /** Ends all fetches of one WSDL. */
  readonly signal: AbortSignal;
}

const redirections: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Why an address may not be fetched; undefined where it may.
 * @param from the address of the document that refers to it; undefined: a file, or the caller
 */
export function whyNotFetched(address: URL, from: URL | undefined, { allowHttp }: Pick<Fetching, 'allowHttp'>) {
  if (address.protocol !== 'https:' && address.protocol !== 'http:')
    return 'a document that was fetched can only lead to addresses of http and https';
  if (address.username !== '' || address.password !== '') return 'the address holds a user name or a password';
  if (isLoopback(address) && from !== undefined && !isLoopback(from))
    return 'a document of another machine may not lead to this one';
  if (address.protocol === 'http:' && !isLoopback(address) && !allowHttp)
    return 'over plain http anybody on the way could change what is protected';
  return undefined;
}

/** Whether an address is one of this machine by its name. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:.*\.)?localhost$|^127(?:\.\d+){3}$|^\[::1\]$/.test(hostname);
}

/**
 * Fetches a document.
 * @returns its text, and the address that it came from in the end
 * @throws {SecureConversationError} `WSDL_INVALID` naming the address, and what came instead; rejects with it
 */
export async function fetchDocument(address: URL, fetching: Fetching): Promise<DocumentText> {
  let at = address;
  for (let redirects = 0; redirects <= fetchLimits.redirects; redirects += 1) {
    const next = await get(at, fetching);
    if (!(next instanceof URL)) return next;
    checkRedirect(at, next, fetching);
    at = next;
  }
  return fail(address, `more than ${fetchLimits.redirects} redirects`);
}

/** A redirect stays at its host, and within TLS. */
function checkRedirect(from: URL, to: URL, fetching: Fetching): void {
  if (to.hostname !== from.hostname) fail(from, `redirects to another host, ${to.origin}`);
  if (from.protocol === 'https:' && to.protocol !== 'https:') fail(from, 'redirects from https to http');
  const reason = whyNotFetched(to, from, fetching);
  if (reason !== undefined) fail(from, `redirects to ${to.origin}: ${reason}`);
}

/** @returns the document, or where it is said to be */
function get(address: URL, { ca, signal }: Fetching): Promise<DocumentText | URL> {
  const options = { signal, ...(ca === undefined ? {} : { ca }) };
  return getOnce(address, options, response => answered(address, response)).catch((cause: unknown) => {
    if (cause instanceof ConfigurationError) throw cause;
    return fail(address, signal.aborted ? `not within ${fetchLimits.ms / 1_000} s` : reasonOf(cause), cause);
  });
}

/**
 * Asks an address with a GET that holds nothing but its path, on a connection of its own. No redirect is followed, and
 * an answer that goes on in another protocol (101) is refused: where nobody listens for that, Node ends the request
 * without a word.
 * @param read what its answer is read by; what is left of it then is not taken
 * @throws {Error} Node's, where nothing answers; rejects with it
 */
export function getOnce<T>(
  address: URL,
  options: HttpOptions & TlsOptions,
  read: (response: IncomingMessage) => Promise<T>,
): Promise<T> {
  const request = address.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const answer = (response: IncomingMessage) => read(response).finally(() => response.destroy());
    request(address, { agent: false, ...options }, response => answer(response).then(resolve, reject))
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy();
        reject(new Error('HTTP 101'));
      })
      .end();
  });
}

async function answered(address: URL, response: IncomingMessage): Promise<DocumentText | URL> {
  const { statusCode: status = 0, headers } = response;
  if (redirections.includes(status)) return redirectTarget(address, headers.location);
  if (status !== 200) return fail(address, `HTTP ${status}`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return fail(address, 'compressed');
  const bytes = await octetsOf(response, fetchLimits.documentBytes);
  if (bytes === undefined) return fail(address, 'larger than 1 MiB');
  return documentText(address.href, bytes);
}

function redirectTarget(address: URL, location: string | undefined): URL {
  if (location !== undefined && URL.canParse(location, address.href)) return new URL(location, address.href);
  return fail(address, 'redirects to no address');
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return `does not answer (${code ?? message})`;
}

function fail(address: URL, problem: string, cause?: unknown): never {
  throw new ConfigurationError('WSDL_INVALID', `${address.href}: ${problem}`, cause === undefined ? {} : { cause });
}
