import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import { inTime } from './guarded-calls.ts';
import { optionalPackage } from './optional-package.ts';

/** What is used of a client of the package `redis`. */
export interface RedisClient {
  connect(): Promise<unknown>;
  on(event: 'error' | 'end', listener: (error: unknown) => void): unknown;
  sendCommand(words: readonly (string | Buffer)[]): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  withTypeMapping(mapping: object): RedisClient;
  destroy(): void;
}

interface RedisPackage {
  createClient(options: object): RedisClient;
  readonly RESP_TYPES: { readonly BLOB_STRING: number };
}

/** A connection that is made again whenever it is lost. */
export interface KeptConnection {
  /** Settles when there is one; whoever waits has a time-out of their own. */
  ready(): Promise<RedisClient>;
  /** Gives up the one that is there, with all that was asked on it. */
  drop(): void;
  close(): void;
}

export interface RedisTarget {
  readonly url: URL;
  /** CA certificates that are trusted for TLS (PEM). Default: Node's own. */
  readonly ca: string | undefined;
}

/** Who is told of a connection. */
export interface ConnectionEvents {
  readonly onReady: () => void;
  /** @param why there is none, as a part of a sentence */
  readonly onTrouble: (why: string) => void;
}

const connectMs = 2_000;
const firstRetryMs = 100;
const lastRetryMs = 1_600;
/** Commands that wait on one connection: more are refused, so that no queue grows without bounds. */
const maxQueued = 10_000;

/**
 * Connects, and keeps connected.
 * @param begin what has to be done on each new connection before it is used
 * @throws {SecureConversationError} `STORE_INVALID` where the package is missing
 */
export function keptConnection(
  target: RedisTarget,
  begin: (client: RedisClient) => Promise<unknown>,
  events: ConnectionEvents,
): KeptConnection {
  const { createClient, RESP_TYPES } = optionalPackage('redis') as RedisPackage;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: RedisClient | undefined;
  let connected = deferred<RedisClient>();
  let isReady = false;
  let retryMs = firstRetryMs;

  const lost = (client: RedisClient, error: unknown) => {
    if (client !== current) return;
    current = undefined;
    destroy(client);
    // Who waits for the first one goes on waiting for the next.
    if (isReady) connected = deferred();
    isReady = false;
    if (isClosed) return;
    if (error !== undefined) events.onTrouble(troubleOf(error));
    timer = setTimeout(start, retryMs).unref();
    retryMs = Math.min(2 * retryMs, lastRetryMs);
  };
  const begun = (client: RedisClient, made: RedisClient) => {
    if (client !== current) return;
    isReady = true;
    retryMs = firstRetryMs;
    connected.resolve(made);
    events.onReady();
  };
  const start = () => {
    const client = clientOf(createClient, target);
    current = client;
    client.on('error', error => lost(client, error));
    client.on('end', () => lost(client, new StoreUnavailable('the connection has ended')));
    const made = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    client
      .connect()
      .then(() => inTime(begin(made)))
      .then(
        () => begun(client, made),
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

function clientOf(createClient: RedisPackage['createClient'], target: RedisTarget): RedisClient {
  try {
    return createClient(optionsOf(target));
  } catch {
    // Its own error may quote the password.
    throw new ConfigurationError('STORE_INVALID', 'the URL of a store in Redis can not be used', {
      hint: 'give redis://host:port or rediss://host:port, and /NUMBER of the database where it is not 0',
    });
  }
}

/** One whose server gives no sign of life is made anew by us, not by the client: it would send again what was asked. */
function optionsOf({ url, ca }: RedisTarget): object {
  return {
    url: url.href,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueued,
    disableClientInfo: true,
    socket: {
      connectTimeout: connectMs,
      reconnectStrategy: false,
      ...(url.protocol === 'rediss:' ? { tls: true, ...(ca === undefined ? {} : { ca }) } : {}),
    },
  };
}

function destroy(client: RedisClient): void {
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

/** Answers that say what is wrong with the server or with us, by the word that they begin with. */
const troubles: Readonly<Record<string, string>> = {
  WRONGPASS: 'user or password is wrong',
  NOAUTH: 'it wants a password',
  NOPERM: 'this user may not do what a store needs',
  READONLY: 'it can only be read: another server is the master now',
  LOADING: 'it is reading its data',
  MASTERDOWN: 'its master is down',
  MISCONF: 'it can not write its data to the disk',
  BUSY: 'it is busy with a script',
};

/** Why a server can't be used, without a word of its own: what it says may be anything. */
export function troubleOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.why;
  const [word = ''] = /^[A-Z]{2,16}\b/.exec(error instanceof Error ? error.message : '') ?? [];
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const known = Object.hasOwn(troubles, word) ? troubles[word] : undefined;
  return known ?? `no connection (${typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'it was cut'})`;
}
