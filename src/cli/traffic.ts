import type { FarmStatus } from '../farm/description.ts';
import { print } from './terminal.ts';

const periodMs = 1_000;

/** Prints a line a second while there is traffic, as long as the process lives. */
export function printTraffic(status: () => Promise<FarmStatus>): void {
  let before: FarmStatus | undefined;
  let dueMs = Date.now();
  const look = async () => {
    const now = await status();
    const line = before && trafficLine(before, now, dueMs);
    if (line !== undefined) print(line);
    before = now;
    dueMs = nextDueMs(dueMs, Date.now());
    setTimeout(() => void look(), dueMs - Date.now()).unref();
  };
  void look();
}

/**
 * When to look again: whole seconds after the last time that was due, so that waiting for an answer does not add up;
 * missed ones are left out.
 */
export function nextDueMs(dueMs: number, nowMs: number): number {
  return dueMs + periodMs * Math.max(1, Math.floor((nowMs - dueMs) / periodMs) + 1);
}

/**
 * What each node did between two looks; undefined where that is nothing.
 * @param atMs time of the second look, UTC in the line
 */
export function trafficLine(before: FarmStatus, now: FarmStatus, atMs: number): string | undefined {
  const parts = now.nodes.map((node, i) => {
    const last = before.nodes[i];
    const since = last !== undefined && last.pid === node.pid ? last : undefined;
    const calls = node.calls - (since?.calls ?? 0);
    const conversations = begunOrMet(node) - (since === undefined ? 0 : begunOrMet(since));
    return { calls, conversations, text: `${node.name} ${calls} calls, ${conversations} conversations` };
  });
  const busy = parts.some(({ calls, conversations }) => calls > 0 || conversations > 0);
  return busy
    ? `${new Date(atMs).toISOString().slice(11, 19)}  ${parts.map(({ text }) => text).join('  |  ')}`
    : undefined;
}

/** Conversations that a node has issued, and those of others that it did not know. */
function begunOrMet({ issued, opened }: FarmStatus['nodes'][number]): number {
  return issued + opened.seal + opened.store;
}
