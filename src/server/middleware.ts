import type { IncomingMessage, ServerResponse } from 'node:http';
import { isServed, type Served, serveRequest } from './requests.ts';

/** A handler of express, connect and their like. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The pipeline behind a server of somebody else. */
export interface MountedPipeline {
  readonly handle: Middleware;
  /** Settles when the requests that are under way are answered, at the latest after `ms`. */
  settle(ms: number): Promise<void>;
}

/** Serves those of a server's requests that are for our ports. The server is not ours: what is under way is counted. */
export function mountedPipeline(served: Served): MountedPipeline {
  const underWay = new Set<Promise<void>>();
  return {
    handle: function secureConversationEndpoint(request, response, next) {
      if (!isServed(request, served)) return next();
      const turn = serveRequest(request, response, served).finally(() => underWay.delete(turn));
      underWay.add(turn);
    },
    async settle(ms) {
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise(resolve => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([Promise.all(underWay), tooLong]);
      clearTimeout(timer);
    },
  };
}
