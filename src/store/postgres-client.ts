import { StoreUnavailable } from '../errors.ts';
import { loopbackNames } from '../loopback-names.ts';
import type { Connectable } from './kept-connection.ts';
import { optionalPackage } from './optional-package.ts';
import { otherSpeech, wholeMessages } from './postgres-messages.ts';

/** What is used of a client of the package `pg`. */
export interface PostgresClient extends Connectable {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  on(event: 'error' | 'end' | 'notification', listener: (error: unknown) => void): unknown;
}

/** A client and its end, as `pg` has it. */
interface PgClient extends Omit<PostgresClient, 'destroy'> {
  readonly connection: { readonly stream: { destroy(): void } };
}

/** A stream of octets, and what of it the parser of `pg` is given. */
interface Octets {
  on(event: 'data' | 'end', listener: (octets: Buffer) => void): unknown;
  destroy(error: Error): unknown;
}

/** The connection of a client, as `pg` has it. */
interface PgConnection {
  attachListeners(stream: Pick<Octets, 'on'>): void;
}

interface PgPackage {
  readonly Client: new (options: object) => PgClient;
  readonly Connection: new (options: object) => PgConnection;
}

export interface PostgresTarget {
  readonly url: URL;
  /** Gives the CA certificates that are trusted for TLS (PEM), for each connection; undefined: Node's own. */
  readonly authorities: () => string | undefined;
}

const connectMs = 2_000;
/**
 * An acknowledgement is for good, whatever the server does where nobody asks. Who can't be reached any more holds no
 * lock for long.
 */
const settings = '-c synchronous_commit=on -c idle_in_transaction_session_timeout=5000';

/**
 * What makes clients of a server. They speak TLS, but to this machine, and where the URL says `?sslmode=disable`.
 * @param statementMs how long the server goes on with a statement; 0: as long as it takes
 * @throws {SecureConversationError} `STORE_INVALID` where the package is missing
 */
export function postgresClients({ url, authorities }: PostgresTarget): (statementMs: number) => PostgresClient {
  const { Client, Connection } = optionalPackage('pg') as PgPackage;
  // The package takes a connection of ours only as one of its class.
  class CheckedConnection extends Connection {
    override attachListeners(stream: Octets): void {
      super.attachListeners(checked(stream));
    }
  }
  const isPlain = url.searchParams.get('sslmode') === 'disable' || loopbackNames.test(url.hostname);
  const common = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    database: decodeURIComponent(url.pathname.slice(1)) || undefined,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: 'wssc',
  };
  const trust = () => {
    const ca = authorities();
    return isPlain && ca === undefined ? false : { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  };
  return statementMs => {
    const ssl = trust();
    const connection = new CheckedConnection({ ssl, keepAlive: common.keepAlive });
    const options = `${settings} -c statement_timeout=${statementMs}`;
    const client = new Client({ ...common, ssl, connection, options });
    return Object.assign(client, { destroy: () => client.connection.stream.destroy() });
  };
}

/** What the parser is given of a stream, which ends where the parser could not go on: it would end the process. */
function checked(stream: Octets): Pick<Octets, 'on'> {
  return {
    on(event, listener) {
      if (event !== 'data') return stream.on(event, listener);
      const take = wholeMessages(listener);
      return stream.on(event, octets => {
        try {
          take(octets);
        } catch (error) {
          stream.destroy(error instanceof StoreUnavailable ? error : otherSpeech(error));
        }
      });
    },
  };
}

/** Why a standby can't be used. */
export const readOnly = 'it can only be read: another server is the master now';

/** What is wrong with the server or with us, by the code of its error (PostgreSQL, appendix A). */
const troubles: Readonly<Record<string, string>> = {
  '28P01': 'user or password is wrong',
  '28000': 'this user may not connect',
  '3D000': 'there is no such database',
  '42501': 'this user may not do what a store needs',
  '25006': readOnly,
  '57014': 'it did not answer in time',
  '57P01': 'it is shutting down',
  '57P03': 'it is starting',
  '53300': 'it has too many connections',
};

/** Why a server can't be used, without a word of its own: what it says may be anything. */
export function postgresTrouble(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.why;
  const code = sqlCodeOf(error);
  return Object.hasOwn(troubles, code) ? (troubles[code] ?? code) : `no connection (${code || 'it was cut'})`;
}

/** The code of an error of PostgreSQL or of the network; '' where it has none. */
export function sqlCodeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : '';
}
