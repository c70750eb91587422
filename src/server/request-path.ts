import type { IncomingMessage } from 'node:http';
import { foundText } from './known.ts';

/** The path without a query, and without one slash at its end: two are another path. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const [path = ''] = url.split('?', 1);
  return path.length > 1 && path.endsWith('/') && !path.endsWith('//') ? path.slice(0, -1) : path;
}

/**
 * The path of a request for a line of the log, in the peer's words: without its query, which may hold a secret, as what
 * is no path may, and without what two slashes make look like the user of an address.
 */
export function pathInLine(request: Pick<IncomingMessage, 'url'>): { readonly path?: string } {
  const [path = ''] = pathOf(request).split('#', 1);
  return path.startsWith('/') ? { path: foundText(path) } : {};
}
