import type { ServerResponse } from 'node:http';
import type { AdminPages } from '../server/admin.ts';
import type { Page } from '../server/probes.ts';
import { pageHeaders, type Shown, writePage, writeUpdate } from './page.ts';
import type { RingTimeline } from './ring-timeline.ts';
import { writeStatus } from './status-json.ts';
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
/** Events that a follower gets, an hour of them: one that is still there comes again by itself. */
const maxEvents = 720;
/** Rounds in which one takes nothing of what was written for it: then nobody is there. */
const maxUntaken = 6;
/** A browser whose feed was cut comes again after so long. */
const comeAgainMs = 3_000;

/** What is known of one who follows. */
interface Follower {
  /** Events that it still gets. */
  left: number;
  /** Rounds one after the other in which it had not taken the event before. */
  untaken: number;
}

/**
 * The status page of some nodes: `/` for people, `/events`, which tells those who look of each round, and
 * `/status.json` for programs.
 */
export function statusPages({ nodes, ring, clock, periodMs = 5_000 }: StatusSources): StatusPages {
  const followers = new Map<ServerResponse, Follower>();
  const shown = (): Shown => {
    const nowMs = clock();
    return { nodes: watch.states(), ring: ring(nowMs), nowMs, staleMs: 3 * periodMs };
  };
  const told = () => {
    if (followers.size === 0) return;
    const event = eventOf(shown());
    for (const [response, follower] of followers) tell(response, follower, event);
  };
  const watch = watchNodes(nodes, { clock, periodMs, told, isFollowed: () => followers.size > 0 });
  const follow = (response: ServerResponse) => {
    followers.set(response, { left: maxEvents, untaken: 0 });
    response.on('close', () => followers.delete(response));
    response.writeHead(200, { ...pageHeaders, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: ${comeAgainMs}\n${eventOf(shown())}`);
  };
  const looked = (write: () => Pick<Page, 'contentType' | 'body'>) => async (): Promise<Page> => {
    await watch.look();
    return { status: 200, ...write(), ...headed };
  };
  return {
    pages: {
      '/': looked(() => ({ contentType: 'text/html; charset=utf-8', body: writePage(shown()) })),
      '/status.json': looked(() => ({ contentType: 'application/json', body: writeStatus(shown()) })),
      '/events': async () => {
        if (followers.size >= maxFollowers) return crowded;
        await watch.look();
        return followers.size < maxFollowers ? { follow } : crowded;
      },
    },
    close() {
      watch.close();
      for (const response of followers.keys()) response.end();
    },
  };
}

const headed = { headers: pageHeaders };
const crowded: Page = { status: 503, contentType: 'text/plain', body: 'too many follow this page\n', ...headed };

/** An event of `text/event-stream`: JSON has no line ends. */
function eventOf(shown: Shown): string {
  return `data: ${JSON.stringify(writeUpdate(shown))}\n\n`;
}

/** One that has not taken the event before gets this one not: nothing piles up for it, nor does it stay for ever. */
function tell(response: ServerResponse, follower: Follower, event: string): void {
  if (response.writableLength > 0) {
    follower.untaken += 1;
    if (follower.untaken === maxUntaken) response.destroy();
    return;
  }
  follower.untaken = 0;
  response.write(event);
  follower.left -= 1;
  if (follower.left === 0) response.end();
}
