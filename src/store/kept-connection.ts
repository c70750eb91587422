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
  /** Settles when there is one; whoever waits has a time-out of their own. */
  ready(): Promise<C>;
  /** Gives up the one that is there, with all that was asked on it. */
  drop(): void;
  close(): void;
}

/** Who is told of a connection. */
export interface ConnectionEvents {
  readonly onReady: () => void;
  /** What went wrong with it: an error of the client's. */
  readonly onTrouble: (error: unknown) => void;
}

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
  let connected = deferred<C>();
  let isReady = false;
  let retryMs = firstRetryMs;

  const lost = (client: C, error: unknown) => {
    if (client !== current) return;
    current = undefined;
    destroy(client);
    // Who waits for the first one goes on waiting for the next.
    if (isReady) connected = deferred();
    isReady = false;
    if (isClosed) return;
    if (error !== undefined) events.onTrouble(error);
    timer = setTimeout(start, retryMs).unref();
    retryMs = Math.min(2 * retryMs, lastRetryMs);
  };
  const begun = (client: C) => {
    if (client !== current) return;
    isReady = true;
    retryMs = firstRetryMs;
    connected.resolve(client);
    events.onReady();
  };
  const start = () => {
    const client = make();
    current = client;
    client.on('error', error => lost(client, error));
    client.on('end', () => lost(client, new StoreUnavailable('the connection has ended')));
    client
      .connect()
      .then(() => inTime(begin(client)))
      .then(
        () => begun(client),
        error => lost(client, error),
      );
  };
  start();
  return {
    ready: () => connected.promise,
    drop: () => current && lost(current, undefined),
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

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}
