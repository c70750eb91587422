import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { SoapVersion } from '../names.ts';
import { parseContentType } from './content-type.ts';

/**
 * Checks the HTTP side of a message to a port before its body is read.
 * @returns the status to answer with, or undefined where the body may be read
 */
export function refusedMessage(request: IncomingMessage, soap: SoapVersion, maxBytes: number): number | undefined {
  const { headers } = request;
  if (request.method !== 'POST') return 405;
  // RFC 9110 §10.1.1: 100-continue is the only expectation there is.
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 417;
  // No decompression: a compressed request is a bomb until proved otherwise.
  if (headers['content-encoding'] !== undefined) return 415;
  const status = refusedMedia(headers, soap) ?? refusedAction(headers);
  if (status !== undefined) return status;
  return Number(headers['content-length'] ?? 0) > maxBytes ? 413 : undefined;
}

/** Each SOAP version has a media type of its own (SOAP 1.1 §6; SOAP 1.2 Part 2 §7.1.4). */
function refusedMedia(headers: IncomingHttpHeaders, soap: SoapVersion): number | undefined {
  const text = headers['content-type'];
  if (text === undefined) return 415;
  const parsed = parseContentType(text);
  if (parsed === undefined) return 400;
  const charset = parsed.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  return parsed.type === soap.contentType && charset === 'utf-8' ? undefined : 415;
}

/** SOAPAction: in quotes (SOAP 1.1 §6.1.1), as not all senders write it, or without any. */
const quotedAction = /^(?:"([^"]*)"|([^"]*))$/;

const headerAction = ({ soapaction }: IncomingHttpHeaders) =>
  typeof soapaction === 'string' ? quotedAction.exec(soapaction) : undefined;

const typeAction = (headers: IncomingHttpHeaders) =>
  parseContentType(headers['content-type'] ?? '')?.parameters.get('action');

/**
 * SOAPAction must be one, and not name another action than the `action` parameter: whoever routes by the one must not
 * be told another one.
 */
function refusedAction(headers: IncomingHttpHeaders): number | undefined {
  const header = headerAction(headers);
  if (header === undefined) return undefined;
  if (header === null) return 400;
  const [named, type] = [header[1] ?? header[2], typeAction(headers)];
  return named && type && named !== type ? 400 : undefined;
}

/**
 * The action that HTTP names: the SOAPAction header (SOAP 1.1) or the `action` parameter of Content-Type (SOAP 1.2).
 */
export function soapActionOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headerAction(headers);
  return header?.[1] || header?.[2] || typeAction(headers);
}

/**
 * Reads a request body of at most `maxBytes`.
 * @returns `too-long` where it is longer, and the rest is left unread; `gone` where the peer went away before its end
 * @throws {Error} where somebody has read it before
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | 'too-long' | 'gone'> {
  return new Promise((resolve, reject) => {
    // Nothing would come any more, and the peer would wait for ever.
    if (request.readableEnded) reject(new Error('the body was read already: mount the middleware before body parsers'));
    else if (request.destroyed) resolve('gone');
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', function keep(chunk: Buffer) {
      bytes += chunk.length;
      if (bytes <= maxBytes) return void chunks.push(chunk);
      request.off('data', keep).pause();
      chunks.length = 0;
      resolve('too-long');
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', () => resolve('gone'));
    request.on('aborted', () => resolve('gone'));
  });
}
