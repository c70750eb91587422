import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newFolder } from '../../support/data-folder.ts';
import { eventually } from '../../support/eventually.ts';
import { spawn } from '../../support/started.ts';

const running = new Set<ChildProcess>();

/** Ends what a test has left behind. */
export function endBalancers(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

/**
 * Starts HAProxy in front of nodes. It asks each for /readyz, and sends a request again only where no byte of it was
 * sent.
 * @param nodes base addresses
 */
export async function startHaproxy(port: number, nodes: readonly string[]): Promise<void> {
  const servers = nodes.map((node, i) => `  server node${i + 1} ${new URL(node).host} check inter 200 fall 1 rise 1`);
  const file = join(newFolder(), 'haproxy.cfg');
  writeFileSync(
    file,
    `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 30s
  timeout check 1s
  retries 3
  retry-on conn-failure
  option redispatch 1
listen farm
  bind localhost:${port}
  balance roundrobin
  option httpchk GET /readyz
${servers.join('\n')}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  running.add(child);
  await eventually(() => connected(port));
}

async function connected(port: number): Promise<void> {
  const socket = connect(port, 'localhost');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
