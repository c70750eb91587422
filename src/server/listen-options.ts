import { type Describes, flag, object, text, wholeNumber } from '../fields.ts';

/** Options of `listen()` of an endpoint. */
export interface ListenOptions {
  /** Port for plain HTTP; 0 is any free one. 0 to 65,535; default: none. */
  readonly http?: number;
  /** Port for TLS, for which the endpoint needs `tls`; 0 is any free one. 0 to 65,535; default: none. */
  readonly https?: number;
  /** Address or name of this machine to listen at. Default: all addresses. */
  readonly host?: string;
  /** With node:cluster, a socket of this process alone. Default: false. */
  readonly exclusive?: boolean;
}

const tcpPort = wholeNumber(0, 65_535);

/** Reads what is given of {@link ListenOptions}. */
export const listenOptions = object({
  http: { is: tcpPort, without: 'none', means: 'Port for plain HTTP; 0 is any free one.' },
  https: {
    is: tcpPort,
    without: 'none',
    means: 'Port for TLS, for which the endpoint needs `tls`; 0 is any free one.',
  },
  host: { is: text, without: 'all addresses', means: 'Address or name of this machine to listen at.' },
  exclusive: {
    is: flag,
    default: false,
    means: 'With node:cluster, a socket of this process alone.',
  },
} satisfies Describes<ListenOptions>);
