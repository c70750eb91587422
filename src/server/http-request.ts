import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

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

const soapTypes: ReadonlySet<string> = new Set(['application/soap+xml', 'text/xml']);

/** HTTP/1.1 wants a Host in each request (RFC 9112 §3.2). */
export function lacksHost({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.host === undefined;
}

/**
 * Checks the HTTP side of a POST before its body is read (facts: Node accepts a second Host and Content-Type and joins SOAPActions).
 * @returns the status to answer with, or undefined where the body may be read
 */
export function refusedHead(request: IncomingMessage, maxBytes: number): number | undefined {
  const { headers } = request;
  if (request.method !== 'POST') return 405;
  if (request.rawHeaders.length > 2 * maxHeaders) return 431;
  if (duplicateHeader(request.rawHeaders)) return 400;
  // RFC 9110 §10.1.1: 100-continue is the only expectation there is.
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 417;
  // No decompression: a compressed request is a bomb until proved otherwise.
  if (headers['content-encoding'] !== undefined) return 415;
  if (!acceptedContentType(headers)) return 415;
  if (twoActions(headers)) return 400;
  if (Number(headers['content-length'] ?? 0) > maxBytes) return 413;
  return undefined;
}

function duplicateHeader(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function acceptedContentType(headers: IncomingHttpHeaders): boolean {
  const { type, parameters } = contentType(headers);
  const charset = parameters.get('charset')?.toLowerCase();
  return soapTypes.has(type) && (charset === undefined || charset === 'utf-8');
}

/** One parameter of a Content-Type, its value as a token or quoted (RFC 9110 §5.6.6). */
const parameter = /;[ \t]*([!#$%&'*+.^`|~\w-]+)=(?:"([^"\\]*)"|([^\s;",]*))[ \t]*/g;

interface ContentType {
  readonly text: string;
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** It is asked for several times in a request, and the next request seldom has another. */
let lastContentType: ContentType | undefined;

function contentType(headers: IncomingHttpHeaders): ContentType {
  const text = headers['content-type'] ?? '';
  if (text !== lastContentType?.text) lastContentType = parseContentType(text);
  return lastContentType;
}

/** Media type and parameters of Content-Type (RFC 9110 §8.3.1). */
function parseContentType(text: string): ContentType {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, token] of text.matchAll(parameter))
    parameters.set(name.toLowerCase(), quoted ?? token ?? '');
  return { text, type: text.replace(/;.*$/s, '').trim().toLowerCase(), parameters };
}

const headerAction = ({ soapaction }: IncomingHttpHeaders) =>
  typeof soapaction === 'string' ? soapaction.trim().replace(/^"(.*)"$/, '$1') : undefined;

/** Whether SOAPAction and the `action` parameter name two actions: whoever routes by the one must not be told another one. */
function twoActions(headers: IncomingHttpHeaders): boolean {
  const [header, type] = [headerAction(headers), contentType(headers).parameters.get('action')];
  return Boolean(header) && Boolean(type) && header !== type;
}

/** The action that HTTP names: the SOAPAction header (SOAP 1.1) or the `action` parameter of Content-Type (SOAP 1.2). */
export function soapActionOf(headers: IncomingHttpHeaders): string | undefined {
  return headerAction(headers) ?? contentType(headers).parameters.get('action');
}

/**
 * Reads a request body of at most `maxBytes`.
 * @returns `too-long` where it is longer, and the rest is not read; `gone` where the peer went away before its end
 * @throws {Error} where somebody has read it before
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | 'too-long' | 'gone'> {
  return new Promise((resolve, reject) => {
    // Nothing would come any more, and the peer would wait for ever.
    if (request.readableEnded) reject(new Error('the body was read already: mount the middleware before body parsers'));
    else if (request.destroyed) resolve('gone');
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        resolve('too-long');
      } else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', () => resolve('gone'));
    request.on('aborted', () => resolve('gone'));
  });
}
