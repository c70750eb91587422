import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newFolder } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';

/** A real PostgreSQL on a free TCP port, with a folder of its own. */
export interface PostgresServer {
  readonly port: number;
  readonly url: URL;
  /** Stops answering, with every connection open. */
  hang(): void;
  goOn(): void;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Starts it again with what it had on the disk. */
  restart(...settings: readonly string[]): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Ends what a test has left behind. */
export function endPostgresServers(): void {
  for (const child of running) signalAll(child, 'SIGKILL');
  running.clear();
}

/** Debian puts the programs of the server here; they do not run as root. */
const versions = '/usr/lib/postgresql';
const bin = existsSync(versions) ? join(versions, readdirSync(versions).sort().at(-1) ?? '', 'bin') : '';
const nobody = process.geteuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

const password = 'secret word';

/** Starts a server, whose user is `wssc` with the password `secret word`. @param settings `name=value` */
export async function startPostgres(...settings: readonly string[]): Promise<PostgresServer> {
  const folder = ownFolder();
  const data = join(folder, 'data');
  const file = own(join(folder, 'password'), `${password}\n`);
  const words = ['-D', data, '-U', 'wssc', '-A', 'scram-sha-256', `--pwfile=${file}`, '--no-sync', '-E', 'UTF8'];
  execFileSync(join(bin, 'initdb'), words, { ...nobody, cwd: folder, stdio: 'ignore' });
  return serverIn(folder, settings);
}

/** Starts a standby, which follows a server by streaming and may be read. */
export async function startStandby({ port }: PostgresServer): Promise<PostgresServer> {
  const folder = ownFolder();
  const from = ['-h', '127.0.0.1', '-p', String(port), '-U', 'wssc'];
  execFileSync(join(bin, 'pg_basebackup'), [...from, '-D', join(folder, 'data'), '-R', '--checkpoint=fast'], {
    ...nobody,
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, PGPASSWORD: password },
  });
  return serverIn(folder, []);
}

function ownFolder(): string {
  const folder = newFolder();
  if (nobody.uid !== undefined) chownSync(folder, nobody.uid, nobody.gid);
  return folder;
}

async function serverIn(folder: string, settings: readonly string[]): Promise<PostgresServer> {
  const port = await freePort();
  let child = await start(port, folder, settings);
  return {
    port,
    url: new URL(`postgres://wssc:secret%20word@127.0.0.1:${port}/postgres`),
    hang: () => signalAll(child, 'SIGSTOP'),
    goOn: () => signalAll(child, 'SIGCONT'),
    async kill() {
      signalAll(child, 'SIGKILL');
      await once(child, 'exit');
      running.delete(child);
    },
    async restart(...others) {
      child = await start(port, folder, others.length === 0 ? settings : others);
    },
  };
}

/** Settings of TLS with the certificates of the test run. */
export function tlsSettings(): string[] {
  const folder = newFolder();
  chmodSync(folder, 0o755);
  const [certificate, key] = [join(folder, 'tls.pem'), join(folder, 'tls-key.pem')];
  own(certificate, pem.tls.certificate);
  own(key, pem.tls.key);
  return ['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
}

function own(file: string, text: string): string {
  writeFileSync(file, text, { mode: 0o600 });
  if (nobody.uid !== undefined) chownSync(file, nobody.uid, nobody.gid);
  return file;
}

/** To the server and its own processes, of which each connection has one. */
function signalAll({ pid = 0 }: ChildProcess, signal: NodeJS.Signals): void {
  const children = `/proc/${pid}/task/${pid}/children`;
  const below = existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ').map(Number) : [];
  for (const each of [pid, ...below.filter(found => found > 0)])
    try {
      process.kill(each, signal);
    } catch {
      // It has ended.
    }
}

async function start(port: number, folder: string, settings: readonly string[]): Promise<ChildProcess> {
  const sockets = join(folder, 'sockets');
  if (!existsSync(sockets)) mkdirSync(sockets);
  if (nobody.uid !== undefined) chownSync(sockets, nobody.uid, nobody.gid);
  const own = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${sockets}`, ...settings];
  const words = ['-D', join(folder, 'data'), ...own.flatMap(setting => ['-c', setting])];
  const child = spawn(join(bin, 'postgres'), words, {
    ...nobody,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  for await (const line of createInterface({ input: child.stderr }))
    if (line.includes('ready to accept')) {
      child.stderr.resume();
      return child;
    }
  throw new Error('postgres has ended');
}
