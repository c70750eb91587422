import { type Field, failAt } from '../fields.ts';

function webAddress(value: unknown): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

function isBase({ href, origin }: URL): boolean {
  return href === `${origin}/`;
}

/** A base address: scheme, host and port, as it is written, but for a slash at its end. */
export const baseAddress: Field<string> = {
  type: 'base address',
  plural: 'base addresses',
  read(value, place) {
    const url = webAddress(value);
    if (url === undefined || !isBase(url))
      return failAt(place, 'must be a base address such as https://node1.example:8443');
    return String(value).replace(/\/$/, '');
  },
};

/** The base address of an issuer, which is reached over TLS alone. */
export const issuerAddress: Field<string> = {
  type: 'base address',
  read(value, place) {
    const url = webAddress(value);
    if (url?.protocol !== 'https:' || !isBase(url))
      return failAt(place, 'must be a base address such as https://sts.example:9445');
    return url.origin;
  },
};

/** Where clients are sent: scheme, host and port, and a path that a balancer may have put before ours. */
export const publicAddress: Field<string> = {
  type: 'address',
  plural: 'addresses',
  read(value, place) {
    const url = webAddress(value);
    if (url === undefined || url.href !== `${url.origin}${url.pathname}` || !/^(?:\/[\w.~-]+)*\/?$/.test(url.pathname))
      return failAt(place, 'must be an address such as https://api.example or https://api.example/soap');
    return String(value).replace(/\/$/, '');
  },
};
