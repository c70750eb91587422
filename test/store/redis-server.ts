import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newFolder } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';

/** A real Redis on a free TCP port, with a folder of its own. */
export interface RedisServer {
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
export function endRedisServers(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

/** What a store needs, so that nothing is lost that was acknowledged. */
export const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];

/** Starts a server. @param settings as its command line has them; of several of one name the last counts */
export async function startRedis(...settings: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  const folder = newFolder();
  let child = await start(port, folder, settings);
  return {
    port,
    url: new URL(`redis://127.0.0.1:${port}`),
    hang: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      running.delete(child);
    },
    async restart(...others) {
      child = await start(port, folder, others.length === 0 ? settings : others);
    },
  };
}

/** Settings of TLS with the certificates of the test run, on `port`; without TLS it does not listen. */
export function tlsSettings(port: number): string[] {
  const folder = newFolder();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return [
    ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', file('tls.pem', pem.tls.certificate), '--tls-key-file', file('tls-key.pem', pem.tls.key)],
    ...['--tls-ca-cert-file', file('ca.pem', pem.ca.certificate)],
  ];
}

async function start(port: number, folder: string, settings: readonly string[]): Promise<ChildProcess> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = spawn('redis-server', [...own, ...durable, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes('Ready to accept connections')) {
      child.stdout.resume();
      return child;
    }
  throw new Error('redis-server has ended');
}
