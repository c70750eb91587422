import type { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import { type IssueRate, issueRateField } from '../conversation/issue-rate.ts';
import { certificateField, keyMembers } from '../crypto/key-pair.ts';
import type { TlsCertificate } from '../crypto/tls-certificates.ts';
import { usualMinRsaBits } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import {
  anyObject,
  callable,
  type Describes,
  failAt,
  flag,
  list,
  number,
  object,
  oneOf,
  type Place,
  record,
  text,
  wholeNumber,
  within,
} from '../fields.ts';
import { type RingSource, ringSource } from '../keyring/ring-source.ts';
import { type LoadedWsdl, wsdlSource } from '../policy/load-wsdl.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { ReplayMode } from '../state/farm-replay.ts';
import type { StateName } from '../state/several-modes.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { storeField } from '../store/store-field.ts';
import { addressOrBlock, trustedProxies } from '../users/addresses.ts';
import type { Authenticate, AuthenticateByToken, AuthenticatedUser } from '../users/authenticate.ts';
import { type LoginLimits, loginLimitsField, loginLimitsMean } from '../users/login-limits.ts';
import { authenticateMeans, type Logins, usersOrLogins } from '../users/logins.ts';
import { type Limits, limitsField } from '../xml/limits.ts';
import { baseAddress, publicAddress } from './address-fields.ts';
import { checkIssuer, type IssuerOptions, issuerField } from './issuer-options.ts';
import { logOptions } from './log.ts';
import { type WithPairs, withPairs } from './own-pairs.ts';
import { type PathNames, pathNames } from './port-addresses.ts';
import {
  clockSkewMs,
  crlFiles,
  lifetimeMs,
  maxRenewals,
  minRsaBits,
  type PortOverrides,
  portOverrides,
  replayMode,
} from './port-overrides.ts';
import type { Mounted } from './requests.ts';
import { acceptStateField, stateField } from './state-options.ts';
import type { EndpointEvent } from './statistics.ts';

/** Options of {@link createEndpoint}. */
export interface EndpointOptions {
  /** WSDL file, or what `loadWsdl` gave; its policies are the description of security. */
  readonly wsdl: string | LoadedWsdl;
  /** node-soap's service object, unchanged: `{ Service: { Port: { Operation(args) {} } } }`. */
  readonly services: object;
  /** Key ring file, which is watched until the endpoint closes; or a ring that is open, for several uses. */
  readonly ring: RingSource;
  /**
   * Users file, a function that checks a user name and password, an object with one of these as `usernameToken`, or
   * logins that several services have in common. Default: none. A port whose policy asks for a UsernameToken needs it.
   */
  readonly authenticate?: string | Authenticate | AuthenticateByToken | Logins;
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
  /**
   * The service's X.509 certificate (PEM), or certificate and key (PKCS#12), where a policy encrypts to it. Default:
   * none.
   */
  readonly certificate?: string | Uint8Array;
  /** Its private key (PEM). Default: none. */
  readonly key?: string;
  /** Passphrase of the PKCS#12 file, or of a key that is encrypted. Default: none. */
  readonly passphrase?: string;
  /**
   * Certificates (PEM) that clients are trusted by: of authorities, and of clients themselves. Default: none. A port
   * whose policy asks for a client's certificate needs it.
   */
  readonly trust?: string;
  /**
   * Files with certificate revocation lists, PEM or DER. At least one; default: none. With any, each authority between
   * a client and the trusted one needs a current list. A file is read again when it has changed.
   */
  readonly crl?: readonly string[];
  /** Shortest RSA key of certificates, in bits. 1,024 to 4,096; default: 2,048. */
  readonly minRsaBits?: number;
  /**
   * Gives the user of a certificate whose chain is good, or undefined where it is nobody's. Default: the certificate's
   * subject as RFC 4514 writes it, without roles.
   */
  readonly userOfCertificate?: UserOfCertificate;
  /** What `listen({ https })` serves with. Default: none. */
  readonly tls?: TlsCertificate;
  /** Addresses that clients may send to (`https://host:port`): every node's and the balancer's. At least one. */
  readonly addresses: readonly string[];
  /**
   * Where clients are sent: what the published WSDL says before each port's path. Default: the one of `addresses` that
   * was asked, else the first. As `https://api.example/soap`: the node serves its ports with that path before their
   * own, and without it. Which was asked is known by its TCP port, or by the word of a proxy of `trustedProxies`.
   */
  readonly publicAddress?: string;
  /**
   * What names the path of each port: its address in the WSDL, or its own name (`/EchoTls13`). `wsdl` or `port`;
   * default: `wsdl`. With `port` the address in the WSDL need not be one.
   */
  readonly paths?: PathNames;
  /**
   * Addresses and blocks of the proxies that end TLS, and may bring over plain HTTP what came to them over it. Default:
   * none. They say so for each request: `X-Forwarded-Proto: https`, or `proto=https` in `Forwarded`.
   */
  readonly tlsOffloadedFrom?: readonly string[];
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
   * Conversations kept in this node's cache; with `none`, all that it has. 1 to 10,000,000; default: 10,000. A state
   * mode of your own keeps what it likes.
   */
  readonly cacheEntries?: number;
  /**
   * Where the state of conversations is kept: in their tokens, in the store, in this node's memory, or by a state mode
   * of your own. Default: `cookie`. `database` needs a store that the nodes share; there and in tokens it is sealed.
   */
  readonly state?: StateName | StateMode;
  /**
   * Modes whose conversations are found, while nodes move from one to another. At least one; default: that in which
   * they begin. Conversations begin in `state`, which must be one of them.
   */
  readonly acceptState?: readonly StateName[];
  /**
   * Without a message for so long a conversation ends, with `database` and `none`. 1,000 (1 s) to 604,800,000 (7 d);
   * default: 1 h with `none`, else the end that no renewal passes. With `database` it may be a minute more.
   */
  readonly idleMs?: number;
  /**
   * What is remembered beside the tokens; a store that is given is not closed. Default: `new URL('memory:')`.
   * Others are `sqlite:FILE`, `redis://HOST:PORT` and `postgres://USER@HOST:PORT/DATABASE`. The conversations that were
   * cancelled are in it; with `database`, all that there are. Several nodes may have one store.
   */
  readonly store?: Store | URL;
  /**
   * Who notices that a message comes again: each node by itself, or the farm, by its store. `local`, `shared` or
   * `lenient`; default: `local`. While the store does not answer, `shared` refuses messages, and `lenient` is `local`.
   */
  readonly replay?: ReplayMode;
  /**
   * How long an operation may take to answer. 1 to 86,400,000 (1 d); default: 300,000 (5 min). Then the caller gets a
   * fault of the Receiver, and what the operation answers later is let go of.
   */
  readonly operationTimeoutMs?: number;
  /**
   * How many conversations one user may begin at this node. Default: that of each member. Each node counts for itself.
   */
  readonly issueRate?: Partial<IssueRate>;
  /** WSDL ports to serve, by name, with what they are told beside their policy. Default: all. */
  readonly ports?: Readonly<Record<string, PortOverrides>>;
  /**
   * WSDL ports that may be without any security, by name. Default: none. Each is served as plain SOAP, to anybody; one
   * that is not named here is refused without a policy.
   */
  readonly unprotectedPorts?: readonly string[];
  /**
   * Whether ports whose policies can't be served are left out, and the others served. Default: false. What was left
   * out, and why, is in `leftOut` of the endpoint and in its log.
   */
  readonly skipUnsupported?: boolean;
  /** Limits of a message. Default: that of each member. */
  readonly limits?: Partial<Limits>;
  /**
   * Who issues in this endpoint's stead: requests for tokens are handed on to it as they are. Default: none. Users,
   * certificate and key are the issuer's then; the endpoint needs none of them.
   */
  readonly issuer?: IssuerOptions;
  /**
   * What `listen()` serves beside the ports, below a path of its own. Default: none. As in `{ path: '/oauth', handler:
   * app }`.
   */
  readonly mounted?: Mounted;
  /** Where the service writes what happens. Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /** Whether each request that is answered is a line of the log, of level `info`. Default: false. */
  readonly accessLog?: boolean;
  /**
   * Called for each conversation that was cancelled here, so that the other nodes can be told. Default: none. The
   * Cancel is answered when it has settled: from then on no node should take the conversation.
   */
  readonly onCancel?: (cancellation: Cancellation) => Promise<void> | void;
  /**
   * Told of each call, refusal, and conversation that begins, is met, renewed or ends, while the answer waits. Default:
   * none.
   */
  readonly onEvent?: (event: EndpointEvent) => void;
}

/** Finds the user of a certificate that is believed; undefined: nobody's. */
export type UserOfCertificate = (
  certificate: X509Certificate,
) => AuthenticatedUser | undefined | Promise<AuthenticatedUser | undefined>;

/** Reads what is given of {@link EndpointOptions}. */
export const endpointOptions = object({
  wsdl: {
    is: wsdlSource,
    required: true,
    means: 'WSDL file, or what `loadWsdl` gave; its policies are the description of security.',
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
  authenticate: { is: usersOrLogins, without: 'none', means: authenticateMeans },
  loginLimits: { is: loginLimitsField, without: 'that of each member', means: loginLimitsMean },
  trustedProxies,
  certificate: {
    is: certificateField,
    without: 'none',
    means: "The service's X.509 certificate (PEM), or certificate and key (PKCS#12), where a policy encrypts to it.",
  },
  ...keyMembers,
  trust: {
    is: text,
    without: 'none',
    means: 'Certificates (PEM) that clients are trusted by: of authorities, and of clients themselves.',
  },
  crl: { is: crlFiles, without: 'none', means: 'Files with certificate revocation lists, PEM or DER.' },
  minRsaBits: { is: minRsaBits, default: usualMinRsaBits, means: 'Shortest RSA key of certificates, in bits.' },
  userOfCertificate: {
    is: callable<UserOfCertificate>(),
    without: "the certificate's subject as RFC 4514 writes it, without roles",
    means: "Gives the user of a certificate whose chain is good, or undefined where it is nobody's.",
  },
  tls: {
    is: object({
      certificate: {
        is: certificateField,
        required: true,
        means: 'Certificate for TLS (PEM), or with its key (PKCS#12).',
      },
      ...keyMembers,
    } satisfies Describes<TlsCertificate>),
    without: 'none',
    means: 'What `listen({ https })` serves with.',
  },
  addresses: {
    is: list(baseAddress, 1),
    required: true,
    means: "Addresses that clients may send to (`https://host:port`): every node's and the balancer's.",
  },
  publicAddress: {
    is: publicAddress,
    without: 'the one of `addresses` that was asked, else the first',
    means: "Where clients are sent: what the published WSDL says before each port's path.",
  },
  paths: {
    is: oneOf(...pathNames),
    default: 'wsdl',
    means: 'What names the path of each port: its address in the WSDL, or its own name (`/EchoTls13`).',
  },
  tlsOffloadedFrom: {
    is: list(addressOrBlock),
    default: [],
    means: 'Addresses and blocks of the proxies that end TLS, and may bring over plain HTTP what came to them over it.',
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
    means: "Conversations kept in this node's cache; with `none`, all that it has.",
  },
  state: {
    is: stateField,
    default: 'cookie',
    means:
      "Where the state of conversations is kept: in their tokens, in the store, in this node's memory, or by a state " +
      'mode of your own.',
  },
  acceptState: {
    is: acceptStateField,
    without: 'that in which they begin',
    means: 'Modes whose conversations are found, while nodes move from one to another.',
  },
  idleMs: {
    is: lifetimeMs,
    without: '1 h with `none`, else the end that no renewal passes',
    means: 'Without a message for so long a conversation ends, with `database` and `none`.',
  },
  store: {
    is: storeField,
    default: new URL('memory:'),
    means: 'What is remembered beside the tokens; a store that is given is not closed.',
  },
  replay: {
    is: replayMode,
    default: 'local',
    means: 'Who notices that a message comes again: each node by itself, or the farm, by its store.',
  },
  operationTimeoutMs: {
    is: number(1, 86_400_000, 'ms'),
    default: 300_000,
    means: 'How long an operation may take to answer.',
  },
  issueRate: { is: issueRateField, default: {}, means: 'How many conversations one user may begin at this node.' },
  ports: {
    is: record(portOverrides),
    without: 'all',
    means: 'WSDL ports to serve, by name, with what they are told beside their policy.',
  },
  unprotectedPorts: {
    is: list(text),
    default: [],
    means: 'WSDL ports that may be without any security, by name.',
  },
  skipUnsupported: {
    is: flag,
    default: false,
    means: "Whether ports whose policies can't be served are left out, and the others served.",
  },
  limits: { is: limitsField, default: {}, means: 'Limits of a message.' },
  issuer: {
    is: issuerField,
    without: 'none',
    means: "Who issues in this endpoint's stead: requests for tokens are handed on to it as they are.",
  },
  mounted: {
    is: object({
      path: { is: text, required: true, means: 'The path, as `/oauth`.' },
      handler: { is: callable(), required: true, means: 'What answers there.' },
    } satisfies Describes<Mounted>),
    without: 'none',
    means: 'What `listen()` serves beside the ports, below a path of its own.',
  },
  ...logOptions,
  onCancel: {
    is: callable(),
    without: 'none',
    means: 'Called for each conversation that was cancelled here, so that the other nodes can be told.',
  },
  onEvent: {
    is: callable<(event: EndpointEvent) => void>(),
    without: 'none',
    means: 'Told of each call, refusal, and conversation that begins, is met, renewed or ends, while the answer waits.',
  },
} satisfies Describes<EndpointOptions>);

/** Options that were read: all that has a default is there, and certificates and keys are PEM. */
export type EndpointSettings = WithPairs<ReturnType<typeof endpointOptions.read>>;

/**
 * Reads options, whose types JavaScript does not know, before anything is read or opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option, `CERTIFICATE_INVALID` for what TLS can't serve
 * with
 */
export function readEndpointOptions(given: EndpointOptions): EndpointSettings {
  const place = { of: 'createEndpoint', path: '' };
  const settings = withPairs(endpointOptions.read(given, place), place);
  const { issuer } = settings;
  if (issuer !== undefined) {
    checkIssuer(issuer, within(place, 'issuer'));
    checkIssuedElsewhere(settings, place);
  }
  checkReplay(settings);
  return settings;
}

/** A farm whose nodes each have a store of their own would take for once what it takes once a node. */
export function checkReplay({ replay, ports = {}, store }: Pick<EndpointSettings, 'replay' | 'ports' | 'store'>): void {
  const isOwn = store instanceof URL && store.protocol === 'memory:';
  const needing = [replay, ...Object.values(ports).map(port => port.replay)].find(mode => mode && mode !== 'local');
  if (!isOwn || needing === undefined) return;
  throw new ConfigurationError('CONFIG_INVALID', `replay: ${needing} needs a store that all nodes have`, {
    hint: 'give one in SQLite, Redis or PostgreSQL, or leave replay local',
  });
}

/**
 * What one process issues and another takes is in the token or in a database.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function checkIssuedElsewhere({ state }: Pick<EndpointSettings, 'state'>, place: Place): void {
  if (state === 'none') failAt(place, 'state none is for a node that issues itself: others would not know its tokens');
}
