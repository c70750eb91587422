import type { IncomingMessage } from 'node:http';
import { readBody } from '../server/http-request.ts';
import { parseContentType } from '../soap/content-type.ts';
import { tableKey } from '../table-key.ts';
import { refuseGrant } from './oauth-error.ts';

/** Parameters of a request, none of them empty and none twice. */
export type Form = ReadonlyMap<string, string>;

const maxBytes = 16_384;
const formType = 'application/x-www-form-urlencoded';

/**
 * Reads the parameters of a request (RFC 6749 §3.2) from a body of at most 16 KiB. Where it is longer the rest is left
 * unread.
 * @throws {OAuthError} `invalid_request`
 * @throws {Error} where a body parser has read it before
 */
export async function readForm(request: IncomingMessage): Promise<Form> {
  checkHead(request);
  const bytes = await readBody(request, maxBytes);
  if (bytes === 'too-long') refuseLength();
  if (bytes === 'gone') refuseGrant('invalid_request', 'the body is not whole');
  return parseForm(Buffer.from(bytes).toString('utf8'));
}

/** What the headers say of the body, before it is read. */
function checkHead({ headers, headersDistinct }: IncomingMessage): void {
  const types = headersDistinct['content-type'] ?? [];
  const isTwice = types.length > 1 || (headersDistinct.authorization ?? []).length > 1;
  if (isTwice) refuseGrant('invalid_request', 'a header is there twice');
  if (!isForm(types[0] ?? ''))
    refuseGrant('invalid_request', `the body must be ${formType}`, { status: 415, found: types[0] });
  // No decompression: a compressed request is a bomb until proved otherwise.
  if (headers['content-encoding'] !== undefined)
    refuseGrant('invalid_request', 'the body must not be compressed', {
      status: 415,
      found: headers['content-encoding'],
    });
  if (Number(headers['content-length'] ?? 0) > maxBytes) refuseLength(headers['content-length']);
}

/** The type of a form, with no parameter but a charset, and that UTF-8. */
function isForm(text: string): boolean {
  const { type, parameters } = parseContentType(text) ?? {};
  const charset = parameters?.get('charset')?.toLowerCase();
  return type === formType && (parameters?.size === 0 || (parameters?.size === 1 && charset === 'utf-8'));
}

function refuseLength(found?: string): never {
  return refuseGrant('invalid_request', 'the body is too long', { status: 413, found });
}

/** A parameter without a value counts as absent, one that stands twice is refused. */
function parseForm(text: string): Form {
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const key = tableKey(name);
    if (seen.has(key)) refuseGrant('invalid_request', 'a parameter is there twice');
    seen.add(key);
    if (value !== '' && ourNames.test(name)) form.set(name, value);
  }
  return form;
}

/** Everything that is asked for by name here begins so. */
const ourNames = /^[a-z]/;

/** @throws {OAuthError} `invalid_request` where the parameter is missing */
export function required(form: Form, name: string): string {
  return form.get(name) ?? refuseGrant('invalid_request', `the parameter ${name} is missing`);
}
