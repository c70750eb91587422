import type { ContextLife } from '../conversation/context-life.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { Context } from '../state/context.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { AuthenticatedUser, CountedCaller } from '../users/authenticate.ts';
import type { Limits } from '../xml/limits.ts';
import type { ContextBearerOptions } from './context-bearer.ts';
import type { Log } from './log.ts';
import type { Service } from './service.ts';
import type { Counters } from './statistics.ts';

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
  /** Does a private operation in its turn. @throws {Overload} where too many wait */
  readonly openKey: <T>(work: () => Promise<T>, caller: CountedCaller) => Promise<T>;
  readonly ownCertificates: readonly OwnCertificate[];
  /** Spends the key of a message, so that no copy of it is served. */
  readonly spend: (key: string) => 'new' | 'seen' | 'full';
  /** Whether a message's key is spent. */
  readonly isSpent: (key: string) => boolean;
  /** Whether a user who has proved who they are may begin one more conversation now; it is counted. */
  readonly mayIssue: (user: string) => boolean;
  /** Tells the other nodes of a conversation that was cancelled here. Settles when they refuse it; never rejects. */
  readonly announce: (cancellation: Cancellation) => Promise<void>;
  /** Makes a bearer token for the user of a conversation. */
  readonly bearerToken: (context: Context, options: ContextBearerOptions) => string;
  readonly node: string;
  readonly clockSkewMs: number;
  readonly limits: Limits;
  readonly log: Log;
  readonly counters: Counters;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** One WSDL port as it is served: its plan and what its messages are checked with. */
export interface ServedPort {
  readonly plan: Plan;
  /** URL path, `/` + port name in the example service. */
  readonly path: string;
  readonly state: StateMode;
  readonly life: () => ContextLife;
  /** Values of wsa:To that are this service: the farm's addresses with the port's path. */
  readonly toAddresses: ReadonlySet<string>;
  readonly operationByAction: ReadonlyMap<string, OperationPlan>;
  readonly parts: PortParts;
}

/**
 * Prepares one port.
 * @param addresses base addresses of the farm (`https://host:port`)
 */
export function servePort(
  plan: Plan,
  addresses: readonly string[],
  rest: Pick<ServedPort, 'state' | 'life' | 'parts'>,
): ServedPort {
  const path = new URL(plan.address).pathname;
  // A port that is its scheme's own may be written or left out.
  const bases = [...addresses.flatMap(base => [base, new URL(base).origin]), new URL(plan.address).origin];
  return {
    plan,
    path,
    toAddresses: new Set(bases.map(base => `${base}${path}`)),
    operationByAction: new Map(plan.operations.map(operation => [operation.inputAction, operation])),
    ...rest,
  };
}
