import type { ServerResponse } from 'node:http';
import type { AdminPages } from '../server/admin.ts';
import type { Page } from '../server/probes.ts';
import { pageHeaders, type Shown, writePage, writeUpdate } from './page.ts';
import type { RingTimeline } from './ring-timeline.ts';
import { type WatchedNode, watchNodes } from './watch.ts';

/** What a status page is made of. */
export interface StatusSources {
  readonly nodes: readonly WatchedNode[];
  /** Undefined where there is no ring yet. */
  readonly ring: (nowMs: number) => RingTimeline | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From one round of questions to the next, in milliseconds; default: 5 s. */
  readonly periodMs?: number;
}

/** The pages of a status page, for an admin address. */
export interface StatusPages {
  readonly pages: AdminPages;
  /** Asks no more; whoever follows hears nothing more. */
  close(): void;
}

/** Who follows at a time: each is a person with the page before them. */
const maxFollowers = 32;
/** A browser whose feed was cut comes again after so long. */
const comeAgainMs = 3_000;

/** The status page of some nodes: `/` for people, and `/events`, which tells those who look of each round. */
export function statusPages({ nodes, ring, clock, periodMs = 5_000 }: StatusSources): StatusPages {
  const followers = new Set<ServerResponse>();
  const shown = (): Shown => {
    const nowMs = clock();
    return { nodes: watch.states(), ring: ring(nowMs), nowMs, staleMs: 3 * periodMs };
  };
  const told = () => {
    if (followers.size === 0) return;
    const event = eventOf(shown());
    for (const follower of followers) tell(follower, event);
  };
  const watch = watchNodes(nodes, { clock, periodMs, told });
  const follow = (response: ServerResponse) => {
    followers.add(response);
    response.on('close', () => followers.delete(response));
    response.writeHead(200, { ...pageHeaders, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: ${comeAgainMs}\n${eventOf(shown())}`);
  };
  return {
    pages: {
      '/': () => ({ status: 200, contentType: 'text/html; charset=utf-8', body: writePage(shown()), ...headed }),
      '/events': () => (followers.size < maxFollowers ? { follow } : crowded),
    },
    close() {
      watch.close();
      for (const follower of followers) follower.end();
    },
  };
}

const headed = { headers: pageHeaders };
const crowded: Page = { status: 503, contentType: 'text/plain', body: 'too many follow this page\n', ...headed };

/** An event of `text/event-stream`: JSON has no line ends. */
function eventOf(shown: Shown): string {
  return `data: ${JSON.stringify(writeUpdate(shown))}\n\n`;
}

/** One that has not taken the event before gets this one not: nothing piles up for it. */
function tell(follower: ServerResponse, event: string): void {
  if (follower.writableLength === 0) follower.write(event);
}
