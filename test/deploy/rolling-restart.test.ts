import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { serviceFolder } from '../store/serve-nodes.ts';
import { removeFolders } from '../support/data-folder.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';
import { endBalancers, freePorts, startBalancer, type TcpPorts } from './balancer.ts';

/* `wssc load` through a real HAProxy, while the nodes behind it are restarted one after the other, as in an update. */

const running = new Set<ChildProcess>();

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  await endBalancers();
  removeFolders();
});

function wssc(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [mainProgram, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  return child;
}

/** Starts a node, and waits until it listens. */
async function startNode(folder: string, { http, https }: TcpPorts): Promise<ChildProcess> {
  const node = wssc(['serve', '--config', join(folder, 'node.json'), '--http', `${http}`, '--https', `${https}`]);
  if (node.stdout === null) throw new TypeError('no output');
  for await (const line of createInterface({ input: node.stdout })) if (line.startsWith('listening on https:')) break;
  return node;
}

/** Ends a node as an update does, and starts it again. */
async function restarted(node: ChildProcess, folder: string, ports: TcpPorts): Promise<ChildProcess> {
  node.kill('SIGTERM');
  const [code] = await once(node, 'exit');
  expect(code).toBe(0);
  running.delete(node);
  return startNode(folder, ports);
}

/** A load test by way of the balancer, and what it says in the end. */
function startLoad(folder: string, balancer: TcpPorts, port: string, scheme: keyof TcpPorts) {
  const base = `${scheme}://localhost:${balancer[scheme]}`;
  const load = wssc([
    ...['load', '--wsdl', `${base}/${port}?wsdl`, '--port', port, '--nodes', base, '--user', user.username],
    ...['--password-stdin', '--ca', join(folder, 'ca.pem'), '--service-certificate', join(folder, 'service.pem')],
    ...['--duration', '30s', '--conversations', '4', '--concurrency', '2', '--json'],
  ]);
  load.stdin?.end(`${user.password}\n`);
  let said = '';
  load.stdout?.on('data', text => (said += text));
  const report = once(load, 'close').then(() => JSON.parse(said));
  return { isRunning: () => load.exitCode === null, report };
}

test('a rolling restart behind HAProxy loses no call, with TLS or without', async () => {
  const balancer = await freePorts();
  const folder = await serviceFolder({
    addresses: [`http://localhost:${balancer.http}`, `https://localhost:${balancer.https}`],
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
    ports: { EchoSymmetric: {}, EchoTls13: {} },
  });
  writeFileSync(join(folder, 'ca.pem'), pem.ca.certificate);
  const places = [await freePorts(), await freePorts(), await freePorts()];
  const nodes = await Promise.all(places.map(ports => startNode(folder, ports)));
  await startBalancer('haproxy-source.cfg', balancer, places);
  let restarts = 0;
  // Loads one after the other, until each node was restarted under one.
  while (restarts < nodes.length) {
    const loads = [
      startLoad(folder, balancer, 'EchoSymmetric', 'http'),
      startLoad(folder, balancer, 'EchoTls13', 'https'),
    ];
    for (; loads.every(load => load.isRunning()); restarts += 1) {
      const i = restarts % nodes.length;
      nodes[i] = await restarted(nodes[i] as ChildProcess, folder, places[i] as TcpPorts);
    }
    for (const { calls, failed, errors } of await Promise.all(loads.map(({ report }) => report))) {
      expect({ failed, errors }).toEqual({ failed: 0, errors: {} });
      expect(calls).toBeGreaterThan(50);
    }
  }
});
