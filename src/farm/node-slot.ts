import cluster, { type Worker } from 'node:cluster';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import type { Statistics } from '../server/statistics.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { NodeMetrics, NodeSettings, ToNode, ToParent } from './node-messages.ts';
import { openReplies } from './replies.ts';

/**
 * What is known of one node. The counters are those of its present process, or the last ones known where it is down.
 */
export interface NodeReport extends Statistics {
  readonly name: string;
  readonly pid: number;
  readonly up: boolean;
}

/** One node of the farm, over the processes that serve as it one after the other. */
export interface NodeSlot {
  readonly settings: NodeSettings;
  readonly pid: number;
  readonly up: boolean;
  /**
   * Starts a process and waits until it listens.
   * @param cancelled what it must be told first; asked for when it can hear
   * @throws {SecureConversationError} what the node could not do
   */
  start(cancelled: () => readonly Cancellation[]): Promise<void>;
  tell(message: ToNode): void;
  /**
   * Tells of a conversation that was cancelled on another node. Settles when this one refuses it, at once where it is
   * not up.
   */
  tellCancelled(entry: Cancellation): Promise<void>;
  report(): Promise<NodeReport>;
  /** Its metrics now; none where it is not up, or does not answer in time. */
  metrics(): Promise<NodeMetrics>;
  /** Settles when its process has ended and its last report is in. */
  ended(): Promise<unknown>;
  kill(): void;
}

/** Whom a slot tells of what happens to it. */
export interface SlotEvents {
  /** Settles when the others have been told. */
  readonly onCancelled: (entry: Cancellation) => Promise<void>;
  /** Its process ended, whatever the reason. */
  readonly onEnd: () => void;
}

/** Longest wait for a node's reply. */
const replyMs = 1_000;

/** The counters of a node of which nothing is known yet. */
export const noStatistics: Statistics = {
  calls: 0,
  opened: { cache: 0, seal: 0, store: 0 },
  issued: 0,
  renewed: 0,
  cancelled: 0,
  unclaimed: 0,
  relayed: 0,
  replays: 0,
  faults: {},
  refusals: {},
  operations: [],
  passwordQueue: 0,
};

/** Prepares a node; nothing is started yet. */
export function nodeSlot(settings: NodeSettings, events: SlotEvents): NodeSlot {
  let worker: Worker | undefined;
  let up = false;
  let pid = 0;
  let statistics = noStatistics;
  /** Who waits for metrics, by the serial number of the question. */
  const askers = new Map<number, (metrics: NodeMetrics) => void>();
  let ended: Promise<unknown> = Promise.resolve();
  const replies = openReplies(replyMs);

  const heard: { readonly [K in ToParent['kind']]?: (message: Extract<ToParent, { kind: K }>) => void } = {
    cancelled: ({ serial, entry }) => void events.onCancelled(entry).then(() => tell({ kind: 'told', serial })),
    heard: ({ serial }) => replies.came(serial),
    report: message => {
      statistics = message.statistics;
      replies.came(message.serial);
    },
    metrics: message => {
      askers.get(message.serial)?.(message.metrics);
      replies.came(message.serial);
    },
  };

  const tell = (message: ToNode) => {
    // A worker that is just dying is no error: its end is heard of separately.
    if (worker?.isConnected()) worker.send(message, () => {});
  };

  const fork = (): Worker => {
    const forked = cluster.fork();
    worker = forked;
    pid = forked.process.pid ?? 0;
    statistics = noStatistics;
    forked.on('error', () => {});
    // What it said last may be heard after its end, but before the channel is closed.
    ended = Promise.all([heardOf(forked, 'exit'), heardOf(forked, 'disconnect')]);
    forked.on('message', (message: ToParent) =>
      (heard[message.kind] as ((message: ToParent) => void) | undefined)?.(message),
    );
    forked.once('exit', () => {
      up = false;
      events.onEnd();
    });
    return forked;
  };

  return {
    settings,
    get pid() {
      return pid;
    },
    get up() {
      return up;
    },
    tell,
    async start(cancelled) {
      const forked = fork();
      await listening(forked, () => tell({ kind: 'start', settings, cancelled: cancelled() }));
      up = true;
    },
    async tellCancelled(entry) {
      const told = replies.to(serial => tell({ kind: 'cancelled', serial, entry }));
      if (up) await told;
    },
    async report() {
      if (up) await replies.to(serial => tell({ kind: 'report', serial }));
      return { name: settings.name, pid, up, ...statistics };
    },
    async metrics() {
      let metrics: NodeMetrics = [];
      let asked = 0;
      const ask = (serial: number) => {
        asked = serial;
        askers.set(serial, given => {
          metrics = given;
        });
        tell({ kind: 'metrics', serial });
      };
      if (up) await replies.to(ask);
      askers.delete(asked);
      return metrics;
    },
    ended: () => ended,
    kill: () => worker?.process.kill('SIGKILL'),
  };
}

function listening(worker: Worker, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: ToParent) => {
      if (message.kind === 'loaded') begin();
      if (message.kind === 'ready') resolve();
      if (message.kind === 'failed') reject(failure(message));
    });
    worker.once('exit', (code, signal) =>
      reject(
        new ConfigurationError('LISTEN_FAILED', `a node ended before it listened (${signal ?? `exit code ${code}`})`),
      ),
    );
  });
}

function heardOf(worker: Worker, event: 'exit' | 'disconnect'): Promise<void> {
  return new Promise(resolve => worker.once(event, () => resolve()));
}

function failure({ code, message, hint }: Extract<ToParent, { kind: 'failed' }>): SecureConversationError {
  return new SecureConversationError(code, message, hint === undefined ? {} : { hint });
}
