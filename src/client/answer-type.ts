import { Refusal } from '../errors.ts';
import { soapVersions } from '../names.ts';
import { printable } from '../printable.ts';
import { parseContentType } from '../soap/content-type.ts';
import { NetworkError } from './network-error.ts';
import type { HttpResponse } from './transport.ts';

/** A fault may come in another version of SOAP than was asked in, so each one's type is taken. */
const messageTypes: ReadonlySet<string> = new Set(Object.values(soapVersions).map(({ contentType }) => contentType));

/** Of a type in an error. */
const maxTypeChars = 64;

/**
 * Checks that what came over HTTP says that it is a message (SOAP 1.1 §6, SOAP 1.2 Part 2 §7.1.4). What says something
 * else is the word of a balancer, a proxy or a web server: no answer of the service, whatever stands in it. Where no
 * type is said, it is read as a message (RFC 9110 §8.3).
 * @throws {NetworkError} with the status, for what is no message
 * @throws {Refusal} `malformed` for attachments and for another charset than UTF-8
 */
export function checkAnswerType(address: string, { status, bytes, contentType }: HttpResponse): void {
  if (bytes.length === 0) throw noMessage(address, status, 'without a message');
  if (contentType === undefined) return;
  const parsed = parseContentType(contentType);
  if (parsed?.type === 'multipart/related')
    throw unread('answer-attachments', 'the answer has attachments (MTOM or SwA), which are not offered', {
      hint: 'let the service send its answers without them',
    });
  if (parsed === undefined || !messageTypes.has(parsed.type))
    throw noMessage(address, status, `with ${printable(contentType, maxTypeChars)}, which is no SOAP message`);
  const charset = parsed.parameters.get('charset') ?? 'utf-8';
  if (charset.toLowerCase() !== 'utf-8')
    throw unread('answer-charset', `the answer is in ${printable(charset, maxTypeChars)}: only UTF-8 is read`, {
      hint: 'let the service write UTF-8',
    });
}

/** What 413 is about; whoever says it says no more (RFC 9110 §15.5.14). */
export function checkTaken(address: string, { status, bytes }: HttpResponse, sentBytes: number): void {
  if (status !== 413 || bytes.length !== 0) return;
  throw noMessage(address, status, `to a message of ${sentBytes.toLocaleString('en-US')} bytes`);
}

/** Over TLS, 503 is the word of who was asked that the message was handed to nobody; all else may have been done. */
function noMessage(address: string, status: number, said: string): NetworkError {
  const isTurnedAway = status === 503 && new URL(address).protocol === 'https:';
  return new NetworkError(address, new Error(`HTTP ${status} ${said}`), !isTurnedAway, status);
}

function unread(reason: string, message: string, { hint }: { readonly hint: string }): Refusal {
  return new Refusal('malformed', reason, undefined, { message, hint });
}
