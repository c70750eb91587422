import type { Logger } from 'pino';
import { type IssueRate, issueRateField } from '../conversation/issue-rate.ts';
import { checkTlsCertificate, type TlsCertificate } from '../crypto/tls-certificates.ts';
import {
  anyObject,
  callable,
  type Describes,
  type Field,
  failAt,
  list,
  number,
  object,
  record,
  text,
  wholeNumber,
} from '../fields.ts';
import { type RingSource, ringSource } from '../keyring/ring-source.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { trustedProxies } from '../users/addresses.ts';
import type { Authenticate, AuthenticateByToken } from '../users/authenticate.ts';
import { type LoginLimits, loginLimitsField, loginLimitsMean } from '../users/login-limits.ts';
import { authenticateMeans, type Logins, usersOrLogins } from '../users/logins.ts';
import { type Limits, limitsField } from '../xml/limits.ts';
import { logOption } from './log.ts';
import type { Mounted } from './requests.ts';
import { stateField, storeField } from './state-options.ts';

/** A base address: scheme, host and port, as it is written, but for a slash at its end. */
const address: Field<string> = {
  type: 'base address',
  plural: 'base addresses',
  read(value, place) {
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
      return failAt(place, 'must be a base address such as https://node1.example:8443');
    return String(value).replace(/\/$/, '');
  },
};

/** Lives and differences of clocks that the protocol is served with. */
const lifetimeMs = number(1_000, 7 * 86_400_000, 'ms');
const clockSkewMs = number(0, 300_000, 'ms');
const maxRenewals = wholeNumber(1, 65_535);

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
}

/** Options of {@link createEndpoint}. */
export interface EndpointOptions {
  /** WSDL file; its policies are the description of security. */
  readonly wsdl: string;
  /** node-soap's service object, unchanged: `{ Service: { Port: { Operation(args) {} } } }`. */
  readonly services: object;
  /** Key ring file, which is watched until the endpoint closes; or a ring that is open, for several uses. */
  readonly ring: RingSource;
  /**
   * Users file, a function that checks a user name and password, an object with one of these as `usernameToken`, or
   * logins that several services have in common.
   */
  readonly authenticate: string | Authenticate | AuthenticateByToken | Logins;
  /**
   * What keeps costly checks from taking the machine, and passwords from being guessed. Default: that of each member.
   */
  readonly loginLimits?: Partial<LoginLimits>;
  /**
   * Addresses and blocks (`10.0.0.0/8`) of the proxies in front that are believed where a request comes from. Default:
   * none. What such a one says in `Forwarded` or `X-Forwarded-For` is where a request comes from; where it says
   * nothing, no address is limited.
   */
  readonly trustedProxies?: readonly string[];
  /** The service's X.509 certificate (PEM), where a policy encrypts to it. Default: none. */
  readonly certificate?: string;
  /** Its private key (PEM). Default: none. */
  readonly key?: string;
  /** What `listen({ https })` serves with. Default: none. */
  readonly tls?: TlsCertificate;
  /** Addresses that clients may send to (`https://host:port`): every node's and the balancer's. At least one. */
  readonly addresses: readonly string[];
  /** This node's name in answers of `currentContext()`. Default: `node`. */
  readonly node?: string;
  /**
   * Life of a conversation, again from each renewal, never longer than the ring's token life. 1,000 (1 s) to
   * 604,800,000 (7 d); default: 30 min where the policy lets clients renew, else 10 h. A client that asks for a shorter
   * Lifetime is granted it, down to one minute.
   */
  readonly lifetimeMs?: number;
  /**
   * From the bootstrap to the end that no renewal passes, never longer than the ring's token life. 1,000 (1 s) to
   * 604,800,000 (7 d); default: 43,200,000 (12 h). Where it is shorter than `lifetimeMs`, that counts.
   */
  readonly absoluteLifetimeMs?: number;
  /** How often a conversation can be renewed. 1 to 65,535; default: 1,000. */
  readonly maxRenewals?: number;
  /**
   * How long what was renewed is good after the first use of the new Instance. 0 to 3,600,000 (1 h); default: 300,000
   * (5 min). With a state mode of your own that is the mode's affair.
   */
  readonly rolloverMs?: number;
  /** Difference of clocks that is tolerated. 0 to 300,000 (5 min); default: 60,000 (1 min). */
  readonly clockSkewMs?: number;
  /**
   * Conversations kept in this node's cache. 1 to 10,000,000; default: 10,000. A state mode of your own keeps what it
   * likes.
   */
  readonly cacheEntries?: number;
  /**
   * Where the state of conversations is kept: sealed in their tokens, or by a state mode of your own. Default:
   * `cookie`.
   */
  readonly state?: 'cookie' | StateMode;
  /**
   * What is remembered beside the tokens; a store that is given is not closed. Default: `new URL('memory:')`.
   * Others are `sqlite:FILE`, `redis://HOST:PORT` and `postgres://USER@HOST:PORT/DATABASE`. In cookie mode those are the
   * conversations that were cancelled. Several nodes may have one store.
   */
  readonly store?: Store | URL;
  /**
   * How many conversations one user may begin at this node. Default: that of each member. Each node counts for itself.
   */
  readonly issueRate?: Partial<IssueRate>;
  /** WSDL ports to serve, by name, with what they are told beside their policy. Default: all. */
  readonly ports?: Readonly<Record<string, PortOverrides>>;
  /** Limits of a message. Default: that of each member. */
  readonly limits?: Partial<Limits>;
  /**
   * What `listen()` serves beside the ports, below a path of its own. Default: none. As in `{ path: '/oauth', handler:
   * app }`.
   */
  readonly mounted?: Mounted;
  /** Where the service writes what happens. Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /**
   * Called for each conversation that was cancelled here, so that the other nodes can be told. Default: none. The
   * Cancel is answered when it has settled: from then on no node should take the conversation.
   */
  readonly onCancel?: (cancellation: Cancellation) => Promise<void> | void;
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
} satisfies Describes<PortOverrides>);

/** Reads what is given of {@link EndpointOptions}. */
export const endpointOptions = object({
  wsdl: {
    is: { ...text, type: 'path' },
    required: true,
    means: 'WSDL file; its policies are the description of security.',
  },
  services: {
    is: anyObject(),
    required: true,
    means: "node-soap's service object, unchanged: `{ Service: { Port: { Operation(args) {} } } }`.",
  },
  ring: {
    is: ringSource,
    required: true,
    means: 'Key ring file, which is watched until the endpoint closes; or a ring that is open, for several uses.',
  },
  authenticate: { is: usersOrLogins, required: true, means: authenticateMeans },
  loginLimits: { is: loginLimitsField, without: 'that of each member', means: loginLimitsMean },
  trustedProxies,
  certificate: {
    is: text,
    without: 'none',
    means: "The service's X.509 certificate (PEM), where a policy encrypts to it.",
  },
  key: { is: text, without: 'none', means: 'Its private key (PEM).' },
  tls: {
    is: object({
      certificate: { is: text, required: true, means: 'Certificate for TLS (PEM).' },
      key: { is: text, required: true, means: 'Its private key (PEM).' },
    } satisfies Describes<TlsCertificate>),
    without: 'none',
    means: 'What `listen({ https })` serves with.',
  },
  addresses: {
    is: list(address, 1),
    required: true,
    means: "Addresses that clients may send to (`https://host:port`): every node's and the balancer's.",
  },
  node: { is: text, default: 'node', means: "This node's name in answers of `currentContext()`." },
  lifetimeMs: {
    is: lifetimeMs,
    without: '30 min where the policy lets clients renew, else 10 h',
    means: "Life of a conversation, again from each renewal, never longer than the ring's token life.",
  },
  absoluteLifetimeMs: {
    is: lifetimeMs,
    default: 43_200_000,
    means: "From the bootstrap to the end that no renewal passes, never longer than the ring's token life.",
  },
  maxRenewals: { is: maxRenewals, default: 1_000, means: 'How often a conversation can be renewed.' },
  rolloverMs: {
    is: number(0, 3_600_000, 'ms'),
    default: 300_000,
    means: 'How long what was renewed is good after the first use of the new Instance.',
  },
  clockSkewMs: { is: clockSkewMs, default: 60_000, means: 'Difference of clocks that is tolerated.' },
  cacheEntries: {
    is: wholeNumber(1, 10_000_000),
    default: 10_000,
    means: "Conversations kept in this node's cache.",
  },
  state: {
    is: stateField,
    default: 'cookie',
    means: 'Where the state of conversations is kept: sealed in their tokens, or by a state mode of your own.',
  },
  store: {
    is: storeField,
    default: new URL('memory:'),
    means: 'What is remembered beside the tokens; a store that is given is not closed.',
  },
  issueRate: { is: issueRateField, default: {}, means: 'How many conversations one user may begin at this node.' },
  ports: {
    is: record(portOverrides),
    without: 'all',
    means: 'WSDL ports to serve, by name, with what they are told beside their policy.',
  },
  limits: { is: limitsField, default: {}, means: 'Limits of a message.' },
  mounted: {
    is: object({
      path: { is: text, required: true, means: 'The path, as `/oauth`.' },
      handler: { is: callable(), required: true, means: 'What answers there.' },
    } satisfies Describes<Mounted>),
    without: 'none',
    means: 'What `listen()` serves beside the ports, below a path of its own.',
  },
  log: logOption,
  onCancel: {
    is: callable(),
    without: 'none',
    means: 'Called for each conversation that was cancelled here, so that the other nodes can be told.',
  },
} satisfies Describes<EndpointOptions>);

/** Options that were read: all that has a default is there. */
export type EndpointSettings = ReturnType<typeof endpointOptions.read>;

/**
 * Reads options, whose types JavaScript does not know, before anything is read or opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option, `CERTIFICATE_INVALID` for what TLS can't serve
 * with
 */
export function readEndpointOptions(given: EndpointOptions): EndpointSettings {
  const place = { of: 'createEndpoint', path: '' };
  const settings = endpointOptions.read(given, place);
  const { certificate, key, tls } = settings;
  if ((certificate === undefined) !== (key === undefined)) failAt(place, 'certificate and key belong together');
  if (tls !== undefined) checkTlsCertificate(tls, { certificate: 'tls.certificate', key: 'tls.key' });
  return settings;
}
