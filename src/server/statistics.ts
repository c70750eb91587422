import type { FaultClass } from '../errors.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import type { OpenedFrom } from '../state/context.ts';
import { type Durations, durationTally } from './durations.ts';

/** Counters of one endpoint since it was created. */
export interface Statistics {
  /** Calls that reached the service. */
  readonly calls: number;
  /** Conversations found in this node's memory, opened from their sealed state, and read from the store. */
  readonly opened: { readonly cache: number; readonly seal: number; readonly store: number };
  readonly issued: number;
  readonly renewed: number;
  readonly cancelled: number;
  /** Messages of ports with `lenient` replays that were taken although the store did not answer. */
  readonly unclaimed: number;
  /** Requests for tokens that the issuer has answered, at a node that issues nothing itself. */
  readonly relayed: number;
  /** Messages that had come before, here or at another node. */
  readonly replays: number;
  /** Refused messages by fault class. */
  readonly faults: Readonly<Record<string, number>>;
  /** Refused messages, requests and connections by reason, as the log has it. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Calls by operation: one of each operation of each port. */
  readonly operations: readonly OperationStatistics[];
  /** Password checks that wait for their turn now. */
  readonly passwordQueue: number;
}

/** Calls of one operation. */
export interface OperationStatistics {
  readonly port: string;
  readonly operation: string;
  /** Those that the operation answered; of a one-way operation, those that it began. */
  readonly answered: number;
  /** Those that the operation ended with a fault. */
  readonly failed: number;
  /** How long they took, each from its whole message to its whole answer. */
  readonly durations: Durations;
}

/** What happens to a conversation: begun, renewed, ended, or met again in memory, in its token or in the store. */
export const conversationEvents = ['issued', 'renewed', 'cancelled', 'cached', 'opened', 'read'] as const;
export type ConversationEvent = (typeof conversationEvents)[number];

/** What `onEvent` is told of. Nothing in it is a peer's word. */
export type EndpointEvent =
  | {
      readonly kind: 'call';
      readonly port: string;
      readonly operation: string;
      /** Whether the operation ended it with a fault. */
      readonly isFault: boolean;
      /** From the whole message to the whole answer. */
      readonly durationMs: number;
    }
  | { readonly kind: 'conversation'; readonly event: ConversationEvent }
  | {
      readonly kind: 'refusal';
      /** As the log has it. */
      readonly reason: string;
      /** Undefined where no message was read. */
      readonly fault: FaultClass | undefined;
    };

/** Where the endpoint counts. */
export interface Counters {
  /** A call has reached the service. @param openedFrom where its conversation was found; undefined: it has none */
  call(openedFrom: OpenedFrom | undefined): void;
  /** A call has been answered. */
  answered(plan: Pick<Plan, 'port'>, operation: OperationPlan, isFault: boolean, durationMs: number): void;
  issued(): void;
  renewed(): void;
  cancelled(): void;
  unclaimed(): void;
  relayed(): void;
  /** @param fault undefined where no message was read */
  refused(reason: string, fault?: FaultClass): void;
  snapshot(): Statistics;
}

/** What counters are made for. */
export interface Counted {
  /** The ports that are served: each of their operations is counted from the start. */
  readonly plans: readonly Plan[];
  /** How many password checks wait. */
  readonly passwordQueue: () => number;
  /** Told of each thing that is counted; it never throws. */
  readonly onEvent: ((event: EndpointEvent) => void) | undefined;
}

/**
 * Reasons that are told apart. There are fewer of them in this package; what programs throw as refusals of their own
 * could be any text.
 */
const maxReasons = 500;
const otherReasons = 'other';

const replayReasons = ['replay', 'replay-elsewhere'] as const;
const metAs = { issued: 'cached', cache: 'cached', seal: 'opened', store: 'read' } as const;

/** Fresh counters, all zero. */
export function counters({ plans, passwordQueue, onEvent }: Counted): Counters {
  const met = { cached: 0, opened: 0, read: 0 };
  const faults: Record<string, number> = Object.create(null);
  const reasons = new Map<string, number>();
  const operations = operationTallies(plans);
  let calls = 0;
  let issued = 0;
  let renewed = 0;
  let cancelled = 0;
  let unclaimed = 0;
  let relayed = 0;
  const tell = (event: ConversationEvent) => onEvent?.({ kind: 'conversation', event });
  return {
    call(openedFrom) {
      calls += 1;
      if (openedFrom === undefined) return;
      const event = metAs[openedFrom];
      met[event] += 1;
      tell(event);
    },
    answered({ port }, operation, isFault, durationMs) {
      operations.add(operation, isFault, durationMs);
      onEvent?.({ kind: 'call', port, operation: operation.name, isFault, durationMs });
    },
    issued() {
      issued += 1;
      tell('issued');
    },
    renewed() {
      renewed += 1;
      tell('renewed');
    },
    cancelled() {
      cancelled += 1;
      tell('cancelled');
    },
    unclaimed() {
      unclaimed += 1;
    },
    relayed() {
      relayed += 1;
    },
    refused(reason, fault) {
      if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
      const name = reasons.has(reason) || reasons.size < maxReasons ? reason : otherReasons;
      reasons.set(name, (reasons.get(name) ?? 0) + 1);
      onEvent?.({ kind: 'refusal', reason: name, fault });
    },
    snapshot: () => ({
      calls,
      opened: { cache: met.cached, seal: met.opened, store: met.read },
      issued,
      renewed,
      cancelled,
      unclaimed,
      relayed,
      replays: replayReasons.reduce((sum, reason) => sum + (reasons.get(reason) ?? 0), 0),
      faults: { ...faults },
      refusals: Object.fromEntries(reasons),
      operations: operations.snapshot(),
      passwordQueue: passwordQueue(),
    }),
  };
}

function operationTallies(plans: readonly Plan[]) {
  const fresh = (port: string, { name }: OperationPlan) => ({
    port,
    operation: name,
    answered: 0,
    failed: 0,
    durations: durationTally(),
  });
  // Alternatives of one port have the same operations.
  const counted = new Map<string, ReturnType<typeof fresh>>();
  const tallies = new Map<OperationPlan, ReturnType<typeof fresh>>();
  for (const { audience, port, operations } of plans) {
    for (const plan of operations) {
      const key = `${audience} ${plan.name}`;
      const tally = counted.get(key) ?? fresh(port, plan);
      counted.set(key, tally);
      tallies.set(plan, tally);
    }
  }
  return {
    add(operation: OperationPlan, isFault: boolean, durationMs: number) {
      const tally = tallies.get(operation);
      if (tally === undefined) return;
      if (isFault) tally.failed += 1;
      else tally.answered += 1;
      tally.durations.add(durationMs);
    },
    snapshot: (): OperationStatistics[] =>
      [...counted.values()].map(tally => ({ ...tally, durations: tally.durations.snapshot() })),
  };
}
