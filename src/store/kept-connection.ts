import { StoreUnavailable } from '../errors.ts';
import { inTime } from './guarded-calls.ts';

/** What can be connected once. */
export interface Connectable {
  connect(): Promise<unknown>;
  on(event: 'error' | 'end', listener: (error: unknown) => void): unknown;
  /** Ends the connection at once, with all that was asked on it. */
  destroy(): void;
}

/** A connection that is made again whenever it is lost. */
export interface KeptConnection<C> {
  /**
   * Settles when there is one.
   * @param withinMs longest wait. Default 250.
   * @throws {StoreUnavailable} rejects with it where there is none by then
   */
  ready(withinMs?: number): Promise<C>;
  /** Whether there is one now. */
  isReady(): boolean;
  /** Gives up the one that is there, with all that was asked on it. One that is being made has its own time-out. */
  drop(): void;
  close(): void;
}

/** Who is told of a connection. */
export interface ConnectionEvents {
  readonly onReady: () => void;
  /** What went wrong with it: an error of the client's. */
  readonly onTrouble: (error: unknown) => void;
}

const connectMs = 2_000;
const firstRetryMs = 100;
const lastRetryMs = 1_600;

/**
 * Connects, and keeps connected.
 * @param make a client that is not connected yet
 * @param begin what has to be done on each new connection before it is used
 */
export function keptConnection<C extends Connectable>(
  make: () => C,
  begin: (client: C) => Promise<unknown>,
  events: ConnectionEvents,
): KeptConnection<C> {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: C | undefined;
  let ready: C | undefined;
  const waiting = new Set<(client: C) => void>();
  let retryMs = firstRetryMs;

  const lost = (client: C, error: unknown) => {
    if (client !== current) return;
    current = undefined;
    ready = undefined;
    destroy(client);
    if (isClosed) return;
    if (error !== undefined) events.onTrouble(error);
    timer = setTimeout(start, retryMs).unref();
    retryMs = Math.min(2 * retryMs, lastRetryMs);
  };
  const begun = (client: C) => {
    if (client !== current) return;
    ready = client;
    retryMs = firstRetryMs;
    for (const resolve of waiting) resolve(client);
    waiting.clear();
    events.onReady();
  };
  const start = () => {
    const client = make();
    current = client;
    client.on('error', error => lost(client, error));
    client.on('end', () => lost(client, new StoreUnavailable('the connection has ended')));
    inTime(client.connect(), connectMs)
      .then(() => inTime(begin(client), connectMs))
      .then(
        () => begun(client),
        error => lost(client, error),
      );
  };
  start();
  return {
    ready: withinMs => (ready === undefined ? coming(waiting, withinMs) : Promise.resolve(ready)),
    isReady: () => ready !== undefined,
    drop: () => ready && lost(ready, undefined),
    close() {
      isClosed = true;
      clearTimeout(timer);
      if (current !== undefined) lost(current, undefined);
    },
  };
}

function destroy(client: Connectable): void {
  try {
    client.destroy();
  } catch {
    // It was never open.
  }
}

/** Waits among others for what comes; who has waited long enough leaves nothing behind. */
async function coming<T>(waiting: Set<(value: T) => void>, withinMs: number | undefined): Promise<T> {
  let come: (value: T) => void = () => {};
  const promise = new Promise<T>(resolve => {
    come = resolve;
  });
  waiting.add(come);
  try {
    return await inTime(promise, withinMs);
  } finally {
    waiting.delete(come);
  }
}
