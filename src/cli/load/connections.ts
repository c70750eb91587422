import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Socket } from 'node:net';

/** The connections of all conversations of a load test. */
export interface Connections {
  readonly httpAgent: Agent;
  readonly httpsAgent: TlsAgent;
  /** Ends all connections; whoever asks for one from now on gets none. */
  end(): void;
}

/** As long as the client keeps one of its own: less than a server does (65 s). */
const keptIdleMs = 30_000;

/**
 * Connections that any conversation takes and leaves to the next.
 * @param maxSockets most to one address at once
 */
export function sharedConnections({ ca, maxSockets }: { readonly ca?: string; maxSockets: number }): Connections {
  const settings = { keepAlive: true, timeout: keptIdleMs, maxSockets, scheduling: 'lifo' } as const;
  const httpAgent = new Agent(settings);
  const httpsAgent = new TlsAgent({ ...settings, ...(ca === undefined ? {} : { ca }) });
  return {
    httpAgent,
    httpsAgent,
    end() {
      for (const agent of [httpAgent, httpsAgent]) {
        Object.assign(agent, { createConnection: noConnection });
        agent.destroy();
      }
    },
  };
}

/** Fails once the request that it is for listens. */
function noConnection(): Socket {
  const socket = new Socket();
  setImmediate(() => socket.destroy(new Error('the load test has ended')));
  return socket;
}
