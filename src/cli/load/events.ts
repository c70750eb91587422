import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../printable.ts';
import type { Hit } from './attack.ts';
import { readStatus, type SeenNode, type SeenRing, type SeenStatus } from './farm-status.ts';

/** Something that happened while the load test ran, and may explain what it measured. */
export interface LoadEvent {
  /** Milliseconds since the attack began. */
  readonly atMs: number;
  readonly text: string;
}

/** Events in the order in which they were noticed. */
export interface Events {
  note(atMs: number, text: string): void;
  all(): readonly LoadEvent[];
}

/** A node that comes and goes makes no end of them. */
const maxEvents = 100;
const maxTextChars = 120;

/** None yet. */
export function eventList(): Events {
  const events: LoadEvent[] = [];
  return {
    note(atMs, text) {
      if (events.length < maxEvents) events.push({ atMs, text: printable(text, maxTextChars) });
    },
    all: () => events,
  };
}

/** Notes when a node does not answer any more, and when it does again, as the calls meet it. */
export function silenceNoted(events: Events, nameOf: (address: string) => string): (hit: Hit) => void {
  const silent = new Set<string>();
  return ({ endedMs, outcome: { failure, address } }) => {
    if (address === undefined) return;
    const node = nameOf(address);
    if (failure?.kind === 'NETWORK') {
      if (!silent.has(node)) events.note(endedMs, `no answer from ${node}`);
      silent.add(node);
    } else if ((failure === undefined || failure.answered) && silent.delete(node))
      events.note(endedMs, `${node} answers again`);
  };
}

/** What has changed in a farm between two looks at its status page. */
export function statusEvents(before: SeenStatus, after: SeenStatus): readonly string[] {
  return [...after.nodes.flatMap(node => nodeEvents(before, node)), ...ringEvents(before.ring, after.ring)];
}

function nodeEvents(before: SeenStatus, { name, process, up }: SeenNode): readonly string[] {
  const last = before.nodes.find(node => node.name === name);
  if (last === undefined) return [`${name} is new`];
  const isRestarted = last.process !== process && last.process !== undefined && process !== undefined;
  if (last.up && !up) return [`${name} is down`];
  if (last.up && up && isRestarted) return [`${name} was started again`];
  return !last.up && up ? [`${name} is up again`] : [];
}

function ringEvents(before: SeenRing | undefined, after: SeenRing | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const activeOf = ({ keys }: SeenRing) => keys.find(({ state }) => state === 'active')?.id4;
  if (activeOf(before) !== activeOf(after)) return [`key rotated: ${activeOf(after) ?? 'none'} is active`];
  return before.generation === after.generation ? [] : [`key ring is of generation ${after.generation}`];
}

const lookMs = 1_000;

/**
 * Looks at a farm's status page once a second, and notes what changes.
 * @param first what it said before the attack; undefined: there is nothing to look at
 * @param elapsedMs time since the attack began
 * @returns ends it
 */
export function watchFarm(
  admin: string | undefined,
  first: SeenStatus | undefined,
  events: Events,
  elapsedMs: () => number,
): () => void {
  const ending = new AbortController();
  const watch = async (status: SeenStatus) => {
    let last = status;
    while (!ending.signal.aborted) {
      await sleep(lookMs, undefined, { signal: ending.signal });
      const now = await readStatus(admin, lookMs);
      if (now === undefined) continue;
      for (const text of statusEvents(last, now)) events.note(elapsedMs(), text);
      last = now;
    }
  };
  // What is no status ends it too: it is a page for people to look at that shows less then.
  if (first !== undefined) void watch(first).catch(() => {});
  return () => ending.abort();
}
