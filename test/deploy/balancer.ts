import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newFolder } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';
import { type Configuration, shipped } from './shipped.ts';

/** TCP ports of a node, or of a balancer. */
export interface TcpPorts {
  readonly http: number;
  readonly https: number;
}

const running = new Set<ChildProcess>();

/** Ends what a test has left behind. */
export async function endBalancers(): Promise<void> {
  for (const child of running) {
    // nginx ends its workers with it; HAProxy has one process.
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  running.clear();
}

export async function freePorts(): Promise<TcpPorts> {
  return { http: await freePort(), https: await freePort() };
}

/** Starts the real balancer of a configuration before three nodes of this machine. */
export async function startBalancer(
  name: Configuration,
  { http, https }: TcpPorts,
  nodes: readonly TcpPorts[],
): Promise<void> {
  const folder = newFolder();
  const own = (file: string, text: string) => {
    writeFileSync(join(folder, file), text, { mode: 0o600 });
    return join(folder, file);
  };
  const files = {
    chain: own('service.pem', `${pem.tls.certificate}\n${pem.tls.key}`),
    key: own('service-key.pem', pem.tls.key),
    ca: own('ca.pem', pem.ca.certificate),
  };
  const text = nodes
    .reduce(
      (config, ports, i) =>
        config
          .replaceAll(`node${i + 1}.example:8080`, `127.0.0.1:${ports.http}`)
          .replaceAll(`node${i + 1}.example:8443`, `127.0.0.1:${ports.https}`),
      shipped(name),
    )
    .replaceAll(/node\d?\.example/g, 'localhost')
    .replace('bind :8080', `bind 127.0.0.1:${http}`)
    .replace('bind :8443', `bind 127.0.0.1:${https}`)
    .replace('listen 8080', `listen 127.0.0.1:${http}`)
    .replace('listen 8443', `listen 127.0.0.1:${https}`)
    .replaceAll(/\/etc\/\w+\/service\.pem/g, files.chain)
    .replaceAll(/\/etc\/\w+\/service-key\.pem/g, files.key)
    .replaceAll(/\/etc\/\w+\/ca\.pem/g, files.ca);
  const child = name.startsWith('nginx')
    ? spawnNginx(folder, own('site.conf', text))
    : spawn('haproxy', ['-db', '-f', own('haproxy.cfg', text)], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  await listening(child, [http, https]);
}

/** A site of nginx in a server of its own, which leaves the machine's alone. */
function spawnNginx(folder: string, site: string): ChildProcess {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => {
    mkdirSync(join(folder, kind));
    return `${kind}_temp_path ${join(folder, kind)};`;
  });
  const user = process.geteuid?.() === 0 ? 'user root;' : '';
  const main = join(folder, 'nginx.conf');
  writeFileSync(
    main,
    `${user} pid ${join(folder, 'pid')}; error_log stderr; events {}
     http { access_log off; ${temporary.join(' ')} include ${site}; }`,
  );
  return spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', main, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function listening(child: ChildProcess, ports: readonly number[]): Promise<void> {
  let said = '';
  child.stderr?.on('data', text => (said += text));
  for (const port of ports) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`the balancer has ended: ${said}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
