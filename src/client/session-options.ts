import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { certificateField, keyMembers } from '../crypto/key-pair.ts';
import { leastMinRsaBits, usualMinRsaBits } from '../crypto/x509.ts';
import {
  anyObject,
  anyText,
  callable,
  type Describes,
  flag,
  list,
  number,
  object,
  oneOf,
  text,
  wholeNumber,
} from '../fields.ts';
import { type GivenDialectName, givenDialects } from '../names.ts';
import type { Plan } from '../policy/plan.ts';
import { type Limits, limitsField } from '../xml/limits.ts';
import type { AddressOrder, RetryMode } from './addresses.ts';

/** Options of {@link secureConversation}. */
export interface SecureConversationOptions {
  /** Name of the WSDL port to call. */
  readonly port: string;
  /**
   * WSDL ports that may be without any security, by name. Default: none. Such a port is called as plain SOAP; one that
   * is not named here is refused without a policy.
   */
  readonly unprotectedPorts?: readonly string[];
  /**
   * Whether names of the other dialect are taken in answers, as CXF's streaming server writes them. Default: false.
   */
  readonly acceptMixedDialects?: boolean;
  /**
   * Dialect of the port, of those that no policy can ask for. `2004-04`; default: that of its policy. Its
   * WS-Addressing is that of the dialect then.
   */
  readonly dialect?: GivenDialectName;
  /** User name, where the policy asks for one. May be empty; default: none. */
  readonly username?: string;
  /** Password. May be empty; default: none. */
  readonly password?: string;
  /**
   * The client's certificate (PEM, or PKCS#12 with its key): it signs, or TLS shows it, as the policy asks. Default:
   * none.
   */
  readonly certificate?: string | Uint8Array;
  /** Its private key (PEM). Default: none. */
  readonly key?: string;
  /** Passphrase of the PKCS#12 file, or of a key that is encrypted. Default: none. */
  readonly passphrase?: string;
  /** The service's certificate (PEM), where the policy encrypts to it. Default: none. */
  readonly serviceCertificate?: string;
  /** Shortest RSA key of certificates, in bits. 1,024 to 4,096; default: 2,048. */
  readonly minRsaBits?: number;
  /** CA certificates to trust for TLS (PEM). Default: Node's own. */
  readonly ca?: string;
  /**
   * Addresses of the port on the farm's nodes. At least one; default: the endpoint that node-soap was given, else the
   * WSDL's.
   */
  readonly addresses?: readonly string[];
  /**
   * Address that conversations are begun, renewed and cancelled at. Default: that of the policy's Issuer, else where
   * calls go.
   */
  readonly issuer?: string;
  /**
   * Which address a call tries first: that which answered last, or each in turn. `first` or `rotate`; default: `first`.
   */
  readonly order?: AddressOrder;
  /**
   * When a call is sent again: only where it cannot have been carried out, after every failure (the operation may then
   * run twice), or never. `connect`, `any` or `none`; default: `connect`.
   */
  readonly retry?: RetryMode;
  /**
   * Whether cookies of the service are kept and given back, where a balancer sends a client to one node by them.
   * Default: false. Each goes back to the origin that set it alone, and ends with the client.
   */
  readonly cookies?: boolean;
  /**
   * Makes the connections to http addresses, such as through a proxy; closing it is left to you. Default: an agent of
   * the client's own.
   */
  readonly httpAgent?: HttpAgent;
  /**
   * Makes the connections to https addresses, such as through a proxy; closing it is left to you. Default: an agent of
   * the client's own. It is told `ca`, `certificate` and `key`.
   */
  readonly httpsAgent?: HttpsAgent;
  /**
   * Most connections to one address at once; further calls wait for one, within their time-out. 1 to 65,535; default:
   * 32. Agents that were handed in have a bound of their own.
   */
  readonly maxSockets?: number;
  /**
   * Longest wait for one whole answer, counted from when its request is sent. 1 to 86,400,000 (1 d); default: 30,000
   * (30 s). A call waits for more than one where it begins a conversation or goes on to another address. Where a
   * service is busy, the wait that it asks for and the attempts that follow are within this time too, counted from the
   * first attempt.
   */
  readonly timeoutMs?: number;
  /** Difference of clocks that is tolerated. 0 to 300,000 (5 min); default: 60,000 (1 min). */
  readonly clockSkewMs?: number;
  /** Limits of an answer. Default: that of each member. */
  readonly limits?: Partial<Limits>;
  /**
   * Sees each exchange as it is on the wire, for diagnosis only: it sees passwords of bootstraps over TLS. Default:
   * none.
   */
  readonly trace?: (exchange: WireExchange) => void;
}

/** Options that say which plan a session has. */
type NotOfSession = 'port' | 'unprotectedPorts' | 'acceptMixedDialects' | 'dialect';

/** Options of {@link openSession}: with the port's plan in place of its name. */
export interface SessionOptions extends Omit<SecureConversationOptions, NotOfSession> {
  readonly plan: Plan;
}

/** Longest wait for an answer. */
export const timeoutField = number(1, 86_400_000, 'ms');

const commonOptions = {
  username: { is: anyText, without: 'none', means: 'User name, where the policy asks for one.' },
  password: { is: anyText, without: 'none', means: 'Password.' },
  certificate: {
    is: certificateField,
    without: 'none',
    means: "The client's certificate (PEM, or PKCS#12 with its key): it signs, or TLS shows it, as the policy asks.",
  },
  ...keyMembers,
  serviceCertificate: {
    is: text,
    without: 'none',
    means: "The service's certificate (PEM), where the policy encrypts to it.",
  },
  minRsaBits: {
    is: wholeNumber(leastMinRsaBits, 4_096),
    default: usualMinRsaBits,
    means: 'Shortest RSA key of certificates, in bits.',
  },
  ca: { is: text, without: "Node's own", means: 'CA certificates to trust for TLS (PEM).' },
  addresses: {
    is: list(text, 1),
    without: "the endpoint that node-soap was given, else the WSDL's",
    means: "Addresses of the port on the farm's nodes.",
  },
  issuer: {
    is: text,
    without: "that of the policy's Issuer, else where calls go",
    means: 'Address that conversations are begun, renewed and cancelled at.',
  },
  order: {
    is: oneOf<AddressOrder>('first', 'rotate'),
    default: 'first',
    means: 'Which address a call tries first: that which answered last, or each in turn.',
  },
  retry: {
    is: oneOf<RetryMode>('connect', 'any', 'none'),
    default: 'connect',
    means:
      'When a call is sent again: only where it cannot have been carried out, after every failure (the operation may ' +
      'then run twice), or never.',
  },
  cookies: {
    is: flag,
    default: false,
    means:
      'Whether cookies of the service are kept and given back, where a balancer sends a client to one node by them.',
  },
  httpAgent: {
    is: anyObject<HttpAgent>(),
    without: "an agent of the client's own",
    means: 'Makes the connections to http addresses, such as through a proxy; closing it is left to you.',
  },
  httpsAgent: {
    is: anyObject<HttpsAgent>(),
    without: "an agent of the client's own",
    means: 'Makes the connections to https addresses, such as through a proxy; closing it is left to you.',
  },
  maxSockets: {
    is: wholeNumber(1, 65_535),
    default: 32,
    means: 'Most connections to one address at once; further calls wait for one, within their time-out.',
  },
  timeoutMs: {
    is: timeoutField,
    default: 30_000,
    means: 'Longest wait for one whole answer, counted from when its request is sent.',
  },
  clockSkewMs: { is: number(0, 300_000, 'ms'), default: 60_000, means: 'Difference of clocks that is tolerated.' },
  limits: { is: limitsField, default: {}, means: 'Limits of an answer.' },
  trace: {
    is: callable<(exchange: WireExchange) => void>(),
    without: 'none',
    means: 'Sees each exchange as it is on the wire, for diagnosis only: it sees passwords of bootstraps over TLS.',
  },
} satisfies Describes<Omit<SecureConversationOptions, NotOfSession>>;

/** Members of {@link SecureConversationOptions}. */
export const conversationMembers = {
  port: { is: text, required: true, means: 'Name of the WSDL port to call.' },
  unprotectedPorts: {
    is: list(text),
    default: [],
    means: 'WSDL ports that may be without any security, by name.',
  },
  acceptMixedDialects: {
    is: flag,
    default: false,
    means: "Whether names of the other dialect are taken in answers, as CXF's streaming server writes them.",
  },
  dialect: {
    is: oneOf(...givenDialects),
    without: 'that of its policy',
    means: 'Dialect of the port, of those that no policy can ask for.',
  },
  ...commonOptions,
} satisfies Describes<SecureConversationOptions>;

/** Reads what is given of them. */
export const conversationOptions = object(conversationMembers);

/** Reads what is given of {@link SessionOptions}. */
export const sessionOptions = object({
  plan: { is: anyObject<Plan>(), required: true, means: 'The plan of the WSDL port to call.' },
  ...commonOptions,
} satisfies Describes<SessionOptions>);

/** Options that were read: all that has a default is there. */
export type SessionSettings = ReturnType<typeof sessionOptions.read>;

/** One HTTP exchange as it was on the wire. */
export interface WireExchange {
  readonly address: string;
  readonly request: string;
  readonly status: number;
  readonly response: string;
}
