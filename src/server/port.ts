import type { ContextLife } from '../conversation/context-life.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { Trust } from '../crypto/trust.ts';
import type { Certificate, OwnCertificate } from '../crypto/x509.ts';
import { actionOf, mayAnswerBeRequest } from '../policy/dispatch.ts';
import { type ConversationPlan, hasConversation, type OperationPlan, type Plan } from '../policy/plan.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { ReplayClaim } from '../state/farm-replay.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { AuthenticatedUser, CountedCaller } from '../users/authenticate.ts';
import type { Limits } from '../xml/limits.ts';
import type { BearerContext, ContextBearerOptions } from './context-bearer.ts';
import type { Log } from './log.ts';
import { type Outside, type PortAddresses, portAddresses } from './port-addresses.ts';
import type { Relay } from './relay.ts';
import type { Service } from './service.ts';
import type { Counters } from './statistics.ts';
import type { UnprovenFailures } from './unproven.ts';

/** What all ports of one endpoint share. */
export interface PortParts {
  readonly service: Service;
  /**
   * Checks a user name and password in its turn.
   * @throws {Overload} where too many wait, or too many from there were wrong
   */
  readonly authenticate: (
    username: string,
    password: string,
    caller: CountedCaller,
  ) => Promise<AuthenticatedUser | undefined>;
  /** The user whom a certificate that is believed is of; undefined: nobody. */
  readonly userOfCertificate: (certificate: Certificate) => Promise<AuthenticatedUser | undefined>;
  /** Does a private operation in its turn. @throws {Overload} where too many wait */
  readonly openKey: <T>(work: () => Promise<T>, caller: CountedCaller) => Promise<T>;
  readonly ownCertificates: readonly OwnCertificate[];
  /** Spends the key of a message, so that no copy of it is served. */
  readonly spend: (key: string) => 'new' | 'seen' | 'full';
  /** What is held against addresses whose messages were decrypted before they failed. */
  readonly unproven: UnprovenFailures;
  /** Claims a message for this node, where the farm is to take it once. */
  readonly claim: ReplayClaim;
  /** Whether a message's key is spent. */
  readonly isSpent: (key: string) => boolean;
  /** Whether a user who has proved who they are may begin one more conversation now; it is counted. */
  readonly mayIssue: (user: string) => boolean;
  /** Tells the other nodes of a conversation that was cancelled here. Settles when they refuse it; never rejects. */
  readonly announce: (cancellation: Cancellation) => Promise<void>;
  /** Who issues in this node's stead; undefined: it issues itself. */
  readonly relay?: Relay | undefined;
  /** Makes a bearer token for the user of a conversation. */
  readonly bearerToken: (of: BearerContext, options: ContextBearerOptions) => string;
  readonly node: string;
  readonly clockSkewMs: number;
  readonly limits: () => Limits;
  readonly log: Log;
  readonly counters: Counters;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
}

/** One WSDL port as it is served: its plan and what its messages are checked with. */
export interface ServedPort {
  readonly plan: Plan;
  /** Further alternatives of its policy, in their order, none of which has others; absent: there are none. */
  readonly others?: readonly ServedPort[];
  readonly addresses: PortAddresses;
  readonly state: StateMode;
  /** What certificates of clients are held against; undefined where none is believed. */
  readonly trust: Trust | undefined;
  readonly life: () => ContextLife;
  /** The operations that an action names: several where their Bodies alone tell them apart. */
  readonly operationsByAction: ReadonlyMap<string | undefined, readonly OperationPlan[]>;
  /** Whether its answers are spent, too: one that comes back to it could be a request. */
  readonly spendsAnswers: boolean;
  readonly parts: PortParts;
}

/** A port that is called in a conversation. */
export type ConversationPort = ServedPort & { readonly plan: ConversationPlan };

export function isInConversation(port: ServedPort): port is ConversationPort {
  return hasConversation(port.plan);
}

/** All alternatives of a port. */
export function alternativesOf(port: ServedPort): readonly [ServedPort, ...ServedPort[]] {
  return [port, ...(port.others ?? [])];
}

/** A port at other addresses, with all its alternatives. */
export function withAddresses(port: ServedPort, change: (addresses: PortAddresses) => PortAddresses): ServedPort {
  const { others } = port;
  const changed = { ...port, addresses: change(port.addresses) };
  return others === undefined ? changed : { ...changed, others: others.map(other => withAddresses(other, change)) };
}

/** One port of its alternatives. */
export function oneOf([first, ...others]: readonly [ServedPort, ...ServedPort[]]): ServedPort {
  return others.length === 0 ? first : { ...first, others };
}

/**
 * Prepares one alternative of a port.
 * @param outside where clients send to
 * @throws {SecureConversationError} `CONFIG_INVALID` for a public address that the port can't have
 */
export function servePort(
  plan: Plan,
  outside: Outside,
  rest: Pick<ServedPort, 'state' | 'trust' | 'life' | 'parts'>,
): ServedPort {
  return {
    plan,
    addresses: portAddresses(plan, outside),
    operationsByAction: byAction(plan),
    spendsAnswers: mayAnswerBeRequest(plan),
    ...rest,
  };
}

function byAction(plan: Plan): ServedPort['operationsByAction'] {
  const found = new Map<string | undefined, readonly OperationPlan[]>();
  for (const operation of plan.operations) {
    const action = actionOf(plan, operation);
    found.set(action, [...(found.get(action) ?? []), operation]);
  }
  return found;
}
