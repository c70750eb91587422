import type { IncomingMessage } from 'node:http';

/** What may stand in an address as it is: no character that means something in a path, a set or XML. */
const plainPath = /^(?:\/[\w.~-]+)*$/;

/**
 * The path that express, connect or middie has taken off the request's before they handed it on, as `/soap` where the
 * middleware is mounted there; '' where none was.
 */
export function mountPathOf(request: IncomingMessage & { readonly originalUrl?: string }): string {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const [whole = ''] = (request.originalUrl ?? '').split('?', 1);
  const rest = whole.endsWith(path) ? path : '';
  const mount = rest === whole ? '' : whole.slice(0, whole.length - rest.length);
  return plainPath.test(mount) ? mount : '';
}
