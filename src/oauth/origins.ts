import cors from 'cors';
import type { RequestHandler } from 'express';
import { where } from '../fields.ts';
import { OAuthError, writeError } from './oauth-error.ts';

/** How long a browser remembers a preflight's answer. */
const preflightS = 600;

/**
 * Lets pages of these origins in and refuses those of any other before anything is done. Requests that no page sent
 * have no Origin and pass. Credentials of the browser's own (cookies) are never asked for.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler[] {
  const allowed = new Set(origins);
  const refuseOthers: RequestHandler = (request, response, next) => {
    const { origin, host } = request.headers;
    if (origin === undefined || allowed.has(origin) || isOwn(origin, host)) next();
    else writeError(response, new OAuthError('invalid_request', 'this origin is not allowed', { status: 403 }));
  };
  const answerAllowed = cors({
    origin: [...origins],
    methods: ['POST'],
    allowedHeaders: ['Authorization', 'Content-Type'],
    maxAge: preflightS,
  });
  return [refuseOthers, answerAllowed];
}

/** A page of this very host; its scheme may differ where a balancer ends TLS. */
function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** An origin of pages, as the browser writes it: one that is written otherwise would never be found. */
export const origin = where<string>(
  { type: 'origin' },
  value => typeof value === 'string' && isOrigin(value),
  'must be an origin as browsers write it: https://shop.example, with the port where it is not the usual one',
);

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}
