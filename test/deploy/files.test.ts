import { chmodSync, cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { drainMs } from '../../src/cli/serve.ts';
import { openAdmin } from '../../src/server/admin.ts';
import { runInProcess } from '../cli/in-process.ts';
import { newData, newFolder, removeFolders } from '../support/data-folder.ts';
import { listen } from '../support/endpoint.ts';
import { keptLog } from '../support/node.ts';
import { configurations, imageOf, shipped, unitOf } from './shipped.ts';

/*
 * Files of deploy/ for systemd, containers and Kubernetes, and for a module of nginx, none of which the tests have:
 * they are read here, and held against what a node does. The command lines in them are tried out.
 */

const unit = unitOf(shipped('wssc.service'));
const image = imageOf(shipped('Dockerfile'));
const compose = parse(shipped('compose.yml'), { merge: true });
const [deployment, service, budget] = parseAllDocuments(shipped('kubernetes.yml'), { version: '1.1' }).map(document => {
  if (document.errors[0] !== undefined) throw document.errors[0];
  return document.toJS();
});
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const node = JSON.parse(shipped('node.json'));

const unitWords = (unit.get('Service.ExecStart') ?? '').split(' ');
const imageWords = ['ENTRYPOINT', 'CMD'].flatMap<string>(name => JSON.parse(image.get(name) ?? ''));

afterAll(removeFolders);

test('each file of deploy/ is run by a test, or read by one that says that it is not', () => {
  const read = ['Dockerfile', 'compose.yml', 'kubernetes.yml', 'node.json', 'wssc.service', 'nginx-passthrough.conf'];
  const held = [...configurations, 'prometheus-alerts.yml', ...read];
  expect(readdirSync('deploy').sort()).toEqual(held.sort());
});

const secrets = ['users.json', 'service.pem', 'service-key.pem', 'tls.pem', 'tls-key.pem', 'kek', 'redis-password'];

/** A folder as the comments of the files say that /opt/service is. */
async function layOut(mode: number): Promise<string> {
  const [folder, data] = [newFolder(), await newData()];
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(data, 'kek'), `${Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64')}\n`);
  writeFileSync(join(data, 'redis-password'), 'a password\n');
  for (const name of secrets) {
    cpSync(join(data, name), join(folder, 'secrets', name));
    chmodSync(join(folder, 'secrets', name), mode);
  }
  cpSync('deploy/node.json', join(folder, 'node.json'));
  cpSync('wsdl/echo.wsdl', join(folder, 'service.wsdl'));
  const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'].map(port => `${port}: { Echo() {}, WhoAmI() {} }`);
  writeFileSync(join(folder, 'service.mjs'), `export default { EchoService: { ${ports.join(', ')} } };\n`);
  return folder;
}

/** Has the secrets as Kubernetes mounts them: each a link by way of a folder that is replaced whole. */
function mount(folder: string): void {
  const mounted = join(folder, 'secrets');
  renameSync(mounted, join(folder, 'held'));
  mkdirSync(mounted);
  renameSync(join(folder, 'held'), join(mounted, '..2026'));
  symlinkSync('..2026', join(mounted, '..data'));
  for (const name of secrets) symlinkSync(`..data/${name}`, join(mounted, name));
}

/** Tries a command line out in a folder that stands for /opt/service and /var/lib/wssc. */
function tryOut([program, ...words]: readonly string[], folder: string) {
  expect(program).toMatch(/node_modules\/\.bin\/wssc$/);
  const here = words.map(word => word.replace(/\/opt\/service|\/var\/lib\/wssc/, folder));
  return runInProcess([...here, '--dry-run'], folder, '');
}

describe.each<[string, readonly string[], number, (folder: string) => void]>([
  ['wssc.service, which no test can start (no systemd)', unitWords, 0o640, () => {}],
  ['Dockerfile as compose.yml has it, which no test can run (no containers)', imageWords, 0o400, () => {}],
  [
    'Dockerfile as kubernetes.yml has it, which no test can run (no cluster)',
    imageWords,
    pod.volumes[0].secret.defaultMode,
    mount,
  ],
])('the command line of %s', (_, words, mode, arrange) => {
  test('starts a node with node.json and secrets of the mode that is said, and not without them', async () => {
    const folder = await layOut(mode);
    arrange(folder);
    const { status, stdout, stderr } = await tryOut(words, folder);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('would listen on http://');
    expect(stdout).toContain('would listen on https://');
    expect(stdout).toContain('clients are sent to https://soap.example/EchoTls13\n');
    for (const name of secrets.filter(each => words.join(' ').includes(each) || shipped('node.json').includes(each))) {
      const file = join(folder, 'secrets', name);
      renameSync(file, `${file}.away`);
      expect(await tryOut(words, folder)).toMatchObject({ status: 1, stdout: '' });
      renameSync(`${file}.away`, file);
    }
  });
});

/** The ports of a command line, by its options. */
function portsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const after = (name: string) => Number(/(\d+)$/.exec(words[words.indexOf(name) + 1] ?? '')?.[1]);
  return { http: after('--http'), https: after('--https'), admin: after('--admin') };
}

test('all name the same ports, which those of the balancers are among', () => {
  const ports = portsOf(imageWords);
  expect(portsOf(unitWords)).toEqual(ports);
  expect(image.get('EXPOSE')).toBe(`${ports.http} ${ports.https} ${ports.admin}`);
  for (const { name, containerPort } of container.ports) expect(containerPort).toBe(ports[name]);
  for (const { port, targetPort } of service.spec.ports) expect([port, targetPort]).toEqual([443, 'https']);
  for (const name of [...configurations, 'nginx-passthrough.conf']) {
    const named = [...shipped(name).matchAll(/node\d\.example:(\d+)/g)].map(([, port]) => Number(port));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter(port => port !== ports.http && port !== ports.https)).toEqual([]);
  }
});

test('probes and checks ask for what a node answers', async () => {
  const { httpGet: ready } = container.readinessProbe;
  const { httpGet: alive } = container.livenessProbe;
  expect([ready, alive]).toEqual([
    { path: '/readyz', port: 'admin' },
    { path: '/healthz', port: 'admin' },
  ]);
  const listening = await listen();
  const { readiness } = listening.endpoint;
  const admin = await openAdmin({ host: '127.0.0.1', port: 0 }, { readiness, metrics: async () => '' }, keptLog().log);
  const checks = configurations.flatMap(name => /option httpchk GET (\S+)/.exec(shipped(name))?.[1] ?? []);
  expect(checks).toHaveLength(2);
  const asked = [ready.path, alive.path].map(path => `http://127.0.0.1:${admin.port}${path}`);
  for (const url of [...asked, ...checks.map(path => `http://localhost:${listening.http}${path}`)])
    expect((await fetch(url)).status, url).toBe(200);
  await admin.close();
  await listening.close();
});

test('each leaves a node more time to end than it takes', () => {
  const { command } = container.lifecycle.preStop.exec;
  const [program, seconds] = command;
  expect(program).toBe('sleep');
  const drainS = drainMs / 1_000;
  expect(Number(unit.get('Service.TimeoutStopSec'))).toBeGreaterThan(drainS);
  for (const name of ['node1', 'node2', 'node3'])
    expect(Number.parseInt(compose.services[name].stop_grace_period, 10)).toBeGreaterThan(drainS);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainS + Number(seconds));
});

test('the image and its pods run as a user that is not root, who can read the secrets by their group', () => {
  const user = pod.securityContext;
  expect(image.get('USER')).toBe(`${user.runAsUser}:${user.runAsGroup}`);
  expect(user).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: user.runAsGroup });
  expect(pod.volumes[0].secret.defaultMode).toBe(0o440);
  expect(image.get('RUN')).toBe('npm ci --omit=dev');
  expect(image.get('FROM')).toBe('node:22-slim');
});

test('what is mounted and copied is where the command line and node.json look for it', () => {
  const workdir = image.get('WORKDIR');
  expect(unit.get('Service.WorkingDirectory')).toBe(workdir);
  expect(container.volumeMounts).toEqual([{ name: 'secrets', mountPath: `${workdir}/secrets`, readOnly: true }]);
  expect(compose.services.node1.volumes).toEqual([`./secrets:${workdir}/secrets:ro`]);
  expect(image.get('COPY')?.split(/\s+/)).toEqual(expect.arrayContaining(['node.json', node.service, node.wsdl]));
  expect(Object.keys(compose.services)).toContain(new URL(node.ring).hostname);
  const balancer = compose.services.balancer;
  const config = shipped('haproxy-passthrough.cfg');
  const mounted = balancer.volumes.map((volume: string) => volume.split(':')[1]);
  expect(mounted.filter((file: string) => !file.endsWith('/haproxy.cfg') && !config.includes(file))).toEqual([]);
  for (const published of balancer.ports) expect(config).toContain(`bind :${published.split(':')[1]}\n`);
});

test("Redis of compose.yml keeps what it acknowledged, by Redis's own words", () => {
  const words: readonly string[] = compose.services.redis.command;
  const after = (name: string) => words[words.indexOf(name) + 1];
  expect([after('--appendonly'), after('--appendfsync'), after('--maxmemory-policy')]).toEqual([
    ...['yes', 'always', 'noeviction'],
  ]);
});

test('Kubernetes keeps nodes that serve while it replaces others', () => {
  const { app } = deployment.spec.template.metadata.labels;
  for (const selector of [
    deployment.spec.selector.matchLabels,
    service.spec.selector,
    budget.spec.selector.matchLabels,
  ])
    expect(selector).toEqual({ app });
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  expect(budget.spec.minAvailable).toBeLessThan(deployment.spec.replicas);
});

test('nginx-passthrough.conf, which no test can run (no module stream), looks into no message', () => {
  const text = shipped('nginx-passthrough.conf').replaceAll(/^#.*\n/gm, '');
  const known = ['stream', 'upstream', 'server', 'listen', 'least_conn', 'proxy_pass', 'proxy_connect_timeout'];
  const words = [...text.matchAll(/^ *(\w+)[^\n]*[;{]$/gm)].map(([, word = '']) => word);
  expect(words.filter(word => ![...known, 'proxy_timeout'].includes(word))).toEqual([]);
  expect(text.split('{')).toHaveLength(text.split('}').length);
});
