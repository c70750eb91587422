import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { SoapVersion } from '../names.ts';
import { gatherOctets } from '../octets.ts';
import { parseContentType } from '../soap/content-type.ts';
import { tooLong } from '../xml/passed-limit.ts';
import type { BareRefusal } from './bare-refusal.ts';

/**
 * Checks the HTTP side of a message before its body is read.
 * @param soaps the versions that are spoken at its path
 * @returns what it is refused with, or undefined where the body may be read
 */
export function refusedMessage(
  request: IncomingMessage,
  soaps: readonly SoapVersion[],
  maxBytes: number,
): BareRefusal | undefined {
  const { headers } = request;
  if (request.method !== 'POST') return { status: 405, problem: 'method', found: request.method };
  // RFC 9110 §10.1.1: 100-continue is the only expectation there is.
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return { status: 417, problem: 'header-value', header: 'expect', found: headers.expect };
  // No decompression: a compressed request is a bomb until proved otherwise.
  if (headers['content-encoding'] !== undefined)
    return { status: 415, problem: 'compressed', header: 'content-encoding', found: headers['content-encoding'] };
  const refusal = refusedMedia(headers, soaps) ?? refusedAction(headers);
  if (refusal !== undefined) return refusal;
  return Number(headers['content-length'] ?? 0) > maxBytes
    ? refusedLength(maxBytes, headers['content-length'])
    : undefined;
}

/** What a body of more than `maxBytes` is refused with. @param found its length, where that is known */
export function refusedLength(maxBytes: number, found?: string): BareRefusal {
  const { problem, hint } = tooLong(maxBytes);
  return { status: 413, problem: 'size', found, limit: `the message ${problem}`, hint };
}

/** Undefined where nothing is said of it, as of what comes in chunks. */
function declaredBytes({ 'content-length': length }: IncomingHttpHeaders): number | undefined {
  return Number(length) || undefined;
}

/** What MTOM (XOP) and SOAP with Attachments are sent as. */
const attachments = {
  problem: 'attachments',
  hint:
    'attachments (MTOM, XOP, SwA) are not taken: have the client write binary content into the message, as base64 ' +
    '(messageEncoding Text in WCF, no mtom-enabled in CXF)',
} as const;

/** Each SOAP version has a media type of its own (SOAP 1.1 §6; SOAP 1.2 Part 2 §7.1.4). */
function refusedMedia(headers: IncomingHttpHeaders, soaps: readonly SoapVersion[]): BareRefusal | undefined {
  const text = headers['content-type'];
  const place = { header: 'content-type', found: text } as const;
  if (text === undefined) return { ...place, status: 415, problem: 'content-type-missing' };
  const parsed = parseContentType(text);
  if (parsed === undefined) return { ...place, status: 400, problem: 'header-value' };
  if (!soaps.some(({ contentType }) => contentType === parsed.type))
    return {
      ...place,
      status: 415,
      ...(parsed.type === 'multipart/related' ? attachments : { problem: 'media-type' }),
    };
  const charset = parsed.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  return charset === 'utf-8' ? undefined : { ...place, status: 415, problem: 'charset' };
}

/** Whether a message says that it is of a version of SOAP. */
export function isOfVersion({ headers }: IncomingMessage, { contentType }: SoapVersion): boolean {
  return parseContentType(headers['content-type'] ?? '')?.type === contentType;
}

/** SOAPAction: in quotes (SOAP 1.1 §6.1.1), as not all senders write it, or without any. */
const quotedAction = /^(?:"([^"]*)"|([^"]*))$/;

const headerAction = ({ soapaction }: IncomingHttpHeaders) =>
  typeof soapaction === 'string' ? quotedAction.exec(soapaction) : undefined;

const typeAction = (headers: IncomingHttpHeaders) =>
  parseContentType(headers['content-type'] ?? '')?.parameters.get('action');

/**
 * SOAPAction must be one, and not name another action than the `action` parameter: a balancer that routes by the one
 * must not be told another one.
 */
function refusedAction(headers: IncomingHttpHeaders): BareRefusal | undefined {
  const header = headerAction(headers);
  if (header === undefined) return undefined;
  const place = { status: 400, header: 'soapaction', found: String(headers.soapaction) } as const;
  if (header === null) return { ...place, problem: 'header-value' };
  const [named, type] = [header[1] ?? header[2], typeAction(headers)];
  return named && type && named !== type ? { ...place, problem: 'action-differs' } : undefined;
}

/**
 * The action that HTTP names: the SOAPAction header, which many send with SOAP 1.2 too, or the `action` parameter of
 * the media type that has one.
 */
export function soapActionOf(headers: IncomingHttpHeaders, { actionIn }: SoapVersion): string | undefined {
  const header = headerAction(headers);
  const named = header?.[1] || header?.[2];
  return actionIn === 'SOAPAction' ? named : named || typeAction(headers);
}

/**
 * Reads a request body of at most `maxBytes`.
 * @returns `too-long` where it is longer or comes in too many pieces, and the rest is left unread; `gone` where the
 * peer went away before its end
 * @throws {Error} where somebody has read it before
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | 'too-long' | 'gone'> {
  return new Promise((resolve, reject) => {
    // Nothing would come any more, and the peer would wait for ever.
    if (request.readableEnded) reject(new Error('the body was read already: mount the middleware before body parsers'));
    else if (request.destroyed) resolve('gone');
    const octets = gatherOctets(maxBytes, declaredBytes(request.headers));
    request.on('data', function keep(chunk: Buffer) {
      if (octets.add(chunk)) return;
      request.off('data', keep).pause();
      resolve('too-long');
    });
    request.on('end', () => resolve(octets.whole()));
    request.on('error', () => resolve('gone'));
    request.on('aborted', () => resolve('gone'));
  });
}
