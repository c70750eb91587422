import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Cancellation } from '../state/cancellation.ts';
import { cancellations } from './cancellations.ts';
import type { NodeSettings } from './node-messages.ts';
import { type NodeSlot, nodeSlot } from './node-slot.ts';

/** Options of {@link openNodes}. */
export interface NodesOptions {
  /** A node that died is started again after 2 s. */
  readonly restart: boolean;
  /** Told of what happens to the nodes, one sentence each. */
  readonly onEvent: (sentence: string) => void;
}

/** The nodes as a whole: started together, started again one by one, told of each other's cancellations. */
export interface Nodes {
  readonly slots: readonly NodeSlot[];
  /** @throws {SecureConversationError} what one of them could not do */
  start(): Promise<void>;
  /** Lets each answer what is under way, and waits for their end. */
  drain(): Promise<void>;
  kill(): void;
}

const restartMs = 2_000;
const drainMs = 10_000;
const nodeProgram = fileURLToPath(new URL('./node-process.js', import.meta.url));

/** Prepares the nodes; nothing is started yet. */
export function openNodes(settings: readonly NodeSettings[], options: NodesOptions): Nodes {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: nodeProgram, args: [] });
  const cancelled = cancellations();
  const begin = (slot: NodeSlot) => slot.start(() => cancelled.live(Date.now()));
  const restarter = openRestarter(begin, options);
  const tellOthers = async (from: NodeSlot, entry: Cancellation) => {
    cancelled.add(entry);
    await Promise.all(slots.filter(slot => slot !== from).map(slot => slot.tellCancelled(entry)));
  };
  const slots: readonly NodeSlot[] = settings.map(node => {
    const slot: NodeSlot = nodeSlot(node, {
      onCancelled: entry => tellOthers(slot, entry),
      onEnd: () => restarter.ended(slot),
    });
    return slot;
  });
  return {
    slots,
    async start() {
      await Promise.all(slots.map(begin));
      restarter.watch();
      for (const slot of slots) if (!slot.up) restarter.ended(slot);
    },
    async drain() {
      restarter.stop();
      await drainAll(slots);
      for (const { name, calls } of await Promise.all(slots.map(slot => slot.report())))
        options.onEvent(`${name} answered ${calls} calls`);
    },
    kill() {
      restarter.stop();
      for (const slot of slots) slot.kill();
    },
  };
}

async function drainAll(slots: readonly NodeSlot[]): Promise<void> {
  for (const slot of slots) {
    if (slot.up) slot.tell({ kind: 'drain', graceMs: drainMs });
    else slot.kill();
  }
  const late = setTimeout(() => {
    for (const slot of slots) slot.kill();
  }, drainMs + 1_000);
  await Promise.all(slots.map(slot => slot.ended()));
  clearTimeout(late);
}

/** Starts nodes again that have ended, from `watch()` to `stop()`. */
function openRestarter(begin: (slot: NodeSlot) => Promise<void>, { restart, onEvent }: NodesOptions) {
  const timers = new Set<NodeJS.Timeout>();
  let watching = false;
  const again = (slot: NodeSlot) => {
    begin(slot).then(
      () => onEvent(`${slot.settings.name} is up again`),
      (error: Error) => {
        if (watching) onEvent(`${slot.settings.name}: ${error.message}`);
        slot.kill();
      },
    );
  };
  return {
    watch() {
      watching = true;
    },
    ended(slot: NodeSlot) {
      if (!watching) return;
      onEvent(`${slot.settings.name} ended${restart ? `, starts again in ${restartMs / 1_000} s` : ''}`);
      if (!restart) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        again(slot);
      }, restartMs);
      timers.add(timer);
    },
    stop() {
      watching = false;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
