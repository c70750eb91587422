import { leastMinRsaBits } from '../crypto/x509.ts';
import { type Describes, flag, list, number, object, oneOf, text, wholeNumber } from '../fields.ts';
import { type GivenDialectName, givenDialects } from '../names.ts';
import { type ReplayMode, replayModes } from '../state/farm-replay.ts';
import { publicAddress } from './address-fields.ts';

/** Lives and differences of clocks that the protocol is served with. */
export const lifetimeMs = number(1_000, 7 * 86_400_000, 'ms');
export const clockSkewMs = number(0, 300_000, 'ms');
export const maxRenewals = wholeNumber(1, 65_535);
export const replayMode = oneOf(...replayModes);
export const crlFiles = list<string, string>({ ...text, type: 'path' }, 1);
export const minRsaBits = wholeNumber(leastMinRsaBits, 4_096);

/** What a WSDL port may be told beside its policy. */
export interface PortOverrides {
  /** Life of the conversations of this port. 1,000 (1 s) to 604,800,000 (7 d); default: that of all ports. */
  readonly lifetimeMs?: number;
  /**
   * From the bootstrap to the end that no renewal passes. 1,000 (1 s) to 604,800,000 (7 d); default: that of all ports.
   */
  readonly absoluteLifetimeMs?: number;
  /** How often a conversation of this port can be renewed. 1 to 65,535; default: that of all ports. */
  readonly maxRenewals?: number;
  /**
   * Difference of clocks that is tolerated in messages to this port. 0 to 300,000 (5 min); default: that of all ports.
   */
  readonly clockSkewMs?: number;
  /**
   * Who notices that a message to this port comes again. `local`, `shared` or `lenient`; default: that of all ports.
   */
  readonly replay?: ReplayMode;
  /** Where clients of this port are sent, before its own path. Default: that of all ports. */
  readonly publicAddress?: string;
  /**
   * Whether names of the other dialect are taken in messages to this port, as CXF's streaming client writes them.
   * Default: false.
   */
  readonly acceptMixedDialects?: boolean;
  /**
   * Dialect of this port, of those that no policy can ask for. `2004-04`; default: that of its policy. Its
   * WS-Addressing is that of the dialect then.
   */
  readonly dialect?: GivenDialectName;
  /** Certificates (PEM) that clients of this port are trusted by. Default: that of all ports. */
  readonly trust?: string;
  /** Files with certificate revocation lists, PEM or DER. At least one; default: that of all ports. */
  readonly crl?: readonly string[];
  /** Shortest RSA key of a client's certificate. 1,024 to 4,096; default: that of all ports. */
  readonly minRsaBits?: number;
}

/** Reads what is given of {@link PortOverrides}. */
export const portOverrides = object({
  lifetimeMs: { is: lifetimeMs, without: 'that of all ports', means: 'Life of the conversations of this port.' },
  absoluteLifetimeMs: {
    is: lifetimeMs,
    without: 'that of all ports',
    means: 'From the bootstrap to the end that no renewal passes.',
  },
  maxRenewals: {
    is: maxRenewals,
    without: 'that of all ports',
    means: 'How often a conversation of this port can be renewed.',
  },
  clockSkewMs: {
    is: clockSkewMs,
    without: 'that of all ports',
    means: 'Difference of clocks that is tolerated in messages to this port.',
  },
  replay: {
    is: replayMode,
    without: 'that of all ports',
    means: 'Who notices that a message to this port comes again.',
  },
  publicAddress: {
    is: publicAddress,
    without: 'that of all ports',
    means: 'Where clients of this port are sent, before its own path.',
  },
  acceptMixedDialects: {
    is: flag,
    default: false,
    means:
      'Whether names of the other dialect are taken in messages to this port, as ' +
      "CXF's streaming client writes them.",
  },
  dialect: {
    is: oneOf(...givenDialects),
    without: 'that of its policy',
    means: 'Dialect of this port, of those that no policy can ask for.',
  },
  trust: {
    is: text,
    without: 'that of all ports',
    means: 'Certificates (PEM) that clients of this port are trusted by.',
  },
  crl: { is: crlFiles, without: 'that of all ports', means: 'Files with certificate revocation lists, PEM or DER.' },
  minRsaBits: {
    is: minRsaBits,
    without: 'that of all ports',
    means: "Shortest RSA key of a client's certificate.",
  },
} satisfies Describes<PortOverrides>);
