import type { Request, RequestHandler } from 'express';
import express from 'express';
import { refuseGrant } from './oauth-error.ts';

/** Parameters of a request, none of them empty and none twice. */
export type Form = ReadonlyMap<string, string>;

const maxBytes = 16_384;
const formType = 'application/x-www-form-urlencoded';

/** Reads a body of at most 16 KiB as text; it isn't decompressed. */
export const readForm: RequestHandler = express.text({
  type: () => true,
  limit: maxBytes,
  inflate: false,
  defaultCharset: 'utf-8',
});

/**
 * Checks what the headers say of the body, before it is read.
 * @throws {OAuthError} `invalid_request` for another content type or character set, and where a header that matters is there twice
 */
export const checkFormHead: RequestHandler = (request, _response, next) => {
  const types = request.headersDistinct['content-type'] ?? [];
  const isTwice = types.length > 1 || (request.headersDistinct.authorization ?? []).length > 1;
  if (isTwice) refuseGrant('invalid_request', 'a header is there twice');
  const [, charset] = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset="?([\w-]+)"?[ \t]*)?$/i.exec(
    types[0] ?? '',
  ) ?? [undefined, 'none'];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    refuseGrant('invalid_request', `the body must be ${formType}`, { status: 415 });
  next();
};

/**
 * The parameters of a request (RFC 6749 §3.2): one without a value is as good as none, one that is there twice is refused.
 * @throws {OAuthError} `invalid_request`
 */
export function formOf(request: Request): Form {
  // No body at all leaves express with none.
  const text: unknown = request.body ?? '';
  if (typeof text !== 'string') throw new TypeError('mount the token service before any body parser');
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (seen.has(name)) refuseGrant('invalid_request', 'a parameter is there twice');
    seen.add(name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

/** @throws {OAuthError} `invalid_request` where the parameter is missing */
export function required(form: Form, name: string): string {
  return form.get(name) ?? refuseGrant('invalid_request', `the parameter ${name} is missing`);
}
