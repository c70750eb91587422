import type { Logger } from 'pino';
import type { IssueRate } from '../conversation/issue-rate.ts';
import { checkTlsCertificate, type TlsCertificate } from '../crypto/tls-certificates.ts';
import {
  address,
  anyObject,
  callable,
  type Field,
  failAt,
  filledList,
  list,
  number,
  object,
  record,
  text,
} from '../fields.ts';
import { type RingSource, ringSource } from '../keyring/ring-source.ts';
import type { Cancellation } from '../state/cancel-list.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { addressOrBlock } from '../users/addresses.ts';
import type { Authenticate, AuthenticateByToken } from '../users/authenticate.ts';
import { type LoginLimits, loginLimitsField } from '../users/login-limits.ts';
import { type Logins, usersOrLogins } from '../users/logins.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import type { Mounted } from './requests.ts';
import { stateField, storeField } from './state-options.ts';

/** What a WSDL port may be told beside its policy. */
export interface PortOverrides {
  /** Life of the conversations of this port. */
  readonly lifetimeMs?: number;
  /** Difference of clocks that is tolerated in messages to this port. */
  readonly clockSkewMs?: number;
}

/** Options of {@link createEndpoint}. */
export interface EndpointOptions {
  /** WSDL file; its policies are the description of security. */
  readonly wsdl: string;
  /** node-soap's service object, unchanged: `{ Service: { Port: { Operation(args) {} } } }`. */
  readonly services: object;
  /**
   * Key ring file, which is watched until the endpoint closes; or a ring that is open, for several uses in one process.
   */
  readonly ring: RingSource;
  /**
   * Users file, a function that checks a user name and password, one of the two by the kind of token
   * (`{ usernameToken }`), or logins that several services have in common (`openLogins`).
   */
  readonly authenticate: string | Authenticate | AuthenticateByToken | Logins;
  /** What keeps costly checks from taking the machine, and passwords from being guessed. */
  readonly loginLimits?: Partial<LoginLimits>;
  /**
   * Addresses and blocks (`10.0.0.0/8`) of the proxies and balancers in front. What such a one says in `Forwarded` or
   * `X-Forwarded-For` is where a request comes from; where it says nothing, no address is limited. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /** The service's X.509 certificate and private key (PEM), where a policy encrypts to it. */
  readonly certificate?: string;
  readonly key?: string;
  /** TLS certificate and key (PEM) for `listen({ https })`. */
  readonly tls?: TlsCertificate;
  /** Base addresses that clients may send to (`https://host:port`), at least one: every node's and the balancer's. */
  readonly addresses: readonly string[];
  /** This node's name in answers of `currentContext()`. Default `node`. */
  readonly node?: string;
  /** Life of a conversation; default 10 h, 1 s to 7 days, never more than the ring's token life. */
  readonly lifetimeMs?: number;
  /** Difference of clocks that is tolerated; default 60 s, at most 300 s. */
  readonly clockSkewMs?: number;
  /** Contexts kept in this node's cache; default 10,000. With a state mode of your own it keeps what it likes. */
  readonly cacheEntries?: number;
  /**
   * Where the state of conversations is kept: `cookie`, sealed in their tokens, or a state mode of your own. Default
   * `cookie`.
   */
  readonly state?: 'cookie' | StateMode;
  /**
   * What is remembered beside the tokens, in cookie mode the conversations that were cancelled: a store, which several
   * nodes may have in common, or the URL of one. A store that is given here is not closed. Default `new
   * URL('memory:')`, in this process's memory.
   */
  readonly store?: Store | URL;
  /**
   * How many conversations one user may begin at this node: so many a second, and so many at once after a while without
   * any. Default 100 and 1,000. Each node counts for itself.
   */
  readonly issueRate?: Partial<IssueRate>;
  /** WSDL ports to serve (default: all), with what they are told beside their policy. */
  readonly ports?: Readonly<Record<string, PortOverrides>>;
  readonly limits?: Partial<Limits>;
  /** What `listen()` serves beside the ports, below a path of its own: `{ path: '/oauth', handler: app }`. */
  readonly mounted?: Mounted;
  /** Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /**
   * Called for each conversation that was cancelled here, so that the other nodes can be told. The Cancel is answered
   * when it has settled: from then on no node should take the conversation.
   */
  readonly onCancel?: (cancellation: Cancellation) => Promise<void> | void;
}

const lifetimeMs = number(1_000, 7 * 86_400_000, false);
const clockSkewMs = number(0, 300_000, false);
const limit = number(1, 1 << 30);
const issueRate = object({
  perSecond: number(0.001, 1_000_000, false),
  burst: number(1, 1_000_000),
} satisfies FieldsOf<IssueRate>);

const fields = {
  wsdl: text,
  services: anyObject,
  ring: ringSource,
  authenticate: usersOrLogins,
  loginLimits: loginLimitsField,
  trustedProxies: list(addressOrBlock),
  certificate: text,
  key: text,
  tls: object({ certificate: text, key: text }, 'certificate', 'key'),
  addresses: filledList(address),
  node: text,
  lifetimeMs,
  clockSkewMs,
  cacheEntries: number(1, 10_000_000),
  state: stateField,
  store: storeField,
  issueRate,
  ports: record(object({ lifetimeMs, clockSkewMs } satisfies FieldsOf<PortOverrides>)),
  limits: object(Object.fromEntries(Object.keys(defaultLimits).map(name => [name, limit]))),
  mounted: object({ path: text, handler: callable } satisfies FieldsOf<Mounted>, 'path', 'handler'),
  log: anyObject,
  onCancel: callable,
} satisfies FieldsOf<EndpointOptions>;

type FieldsOf<Options> = Readonly<Record<keyof Options, Field<unknown>>>;

const options = object(fields, 'wsdl', 'services', 'ring', 'authenticate', 'addresses');

/**
 * Checks options, whose types JavaScript does not know, before anything is read or opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option, `CERTIFICATE_INVALID` for what TLS can't serve
 * with
 */
export function checkEndpointOptions(given: EndpointOptions): void {
  const place = { of: 'createEndpoint', path: '' };
  options(given, place);
  const { certificate, key, tls } = given;
  if ((certificate === undefined) !== (key === undefined)) failAt(place, 'certificate and key belong together');
  if (tls !== undefined) checkTlsCertificate(tls, { certificate: 'tls.certificate', key: 'tls.key' });
}
