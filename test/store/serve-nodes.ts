import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { postgresStore } from '../../src/store/postgres.ts';
import { redisStore } from '../../src/store/redis.ts';
import type { Store } from '../../src/store/store.ts';
import { addUser } from '../../src/users/users-file.ts';
import { mainProgram } from '../farm/running-farm.ts';
import { send } from '../oauth/http.ts';
import { awakeMs } from '../support/awake.ts';
import { newFolder } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { type Conversation, call, cancel } from '../support/initiator.ts';
import { type PortName, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';

export interface NodeAnswer {
  readonly status: number;
  readonly body: string;
}

/** A process of `wssc`, started by itself: it is told nothing but what it reads. */
export interface ServeNode {
  /** What it said on standard output before it listened. */
  readonly said: readonly string[];
  /** Its address for plain HTTP. */
  readonly base: string;
  /** Settles when it answers what it has not to ask for. */
  isAwake(): Promise<unknown>;
  /** What it has logged. */
  log(): string;
  /** Sends a message to EchoSymmetric, or to another port of a node that listens with TLS. */
  post(message: string, port?: PortName): Promise<NodeAnswer>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
const opened = new Set<Store>();

/** Ends what a test has left behind. */
export function endNodes(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  for (const store of opened) store.close();
  opened.clear();
}

const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));
const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));

/** A folder with all that the nodes of one service read. */
export async function serviceFolder(more: object = {}): Promise<string> {
  const folder = newFolder();
  const options = { mode: 0o600 };
  writeFileSync(join(folder, 'service.pem'), pem.service.certificate, options);
  writeFileSync(join(folder, 'service-key.pem'), pem.service.key, options);
  writeFileSync(join(folder, 'tls.pem'), pem.tls.certificate, options);
  writeFileSync(join(folder, 'tls-key.pem'), pem.tls.key, options);
  writeRingFile(join(folder, 'ring.json'), createRing({ nowMs: Date.now(), random: systemRandom }));
  const { username: name, password } = user;
  await addUser(join(folder, 'users.json'), { name, password, roles: [] }, systemRandom);
  const config = {
    ...{ wsdl, service, users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
    ...{ addresses: ['http://localhost:8080'], ports: { EchoSymmetric: {} }, ...more },
  };
  writeFileSync(join(folder, 'node.json'), JSON.stringify(config), options);
  return folder;
}

/** Starts a node of the service of a folder. */
export function startNode(folder: string, ...words: readonly string[]): Promise<ServeNode> {
  return startProgram(['serve', '--config', join(folder, 'node.json'), ...words]);
}

/** Starts a program that clients send to, at any free port of its own. @param given its words, but for that port */
export async function startProgram(given: readonly string[]): Promise<ServeNode> {
  const words = [...given, '--http', '0'];
  const program = [mainProgram, ...words];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const said: string[] = [];
  const bases: string[] = [];
  let log = '';
  child.stderr.setEncoding('utf8').on('data', text => (log += text));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, base] = /^listening on (\S+)$/.exec(line) ?? [];
    if (base === undefined) said.push(line);
    else bases.push(base);
    if (bases.length === (words.includes('--https') ? 2 : 1)) break;
  }
  const [http, https] = bases;
  if (http === undefined) throw new Error(`the node ended: ${said.join('; ')} ${log}`);
  return {
    said,
    base: http,
    isAwake: () => fetch(`${http}/readyz`).then(answer => answer.text()),
    log: () => log,
    post(message, port = 'EchoSymmetric') {
      const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
      const base = port === 'EchoSymmetric' ? http : https;
      return send(`${base}/${port}`, { method: 'POST', headers, body: message, ca: pem.ca.certificate });
    },
    async kill() {
      running.delete(child);
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** What a node answers as soon as its store does: until then it refuses all that it can't know. */
export async function settledAnswer(node: ServeNode, message: () => string, port?: PortName): Promise<NodeAnswer> {
  for (;;) {
    const answer = await node.post(message(), port);
    if (!answer.body.includes('Receiver')) return answer;
    await setTimeout(50);
  }
}

/** Ends a conversation at a node, also where its store was late with the answer and had done it nevertheless. */
export async function cancelled(node: ServeNode, conversation: Conversation): Promise<void> {
  const { status, body } = await settledAnswer(node, () => cancel(conversation));
  if (status !== 200) expect(body).toContain('BadContextToken');
}

/**
 * Settles when each of the nodes refuses a conversation that has ended: within a second.
 * @param words of the command line, which name the nodes' store
 */
export async function refusedWithinASecond(
  nodes: readonly ServeNode[],
  conversation: Conversation,
  words: readonly string[],
): Promise<void> {
  const refusedByAll = async () => {
    for (const node of nodes)
      await eventually(async () => expect((await node.post(call(conversation))).body).toContain('BadContextToken'));
  };
  const parts = [...nodes.map(node => node.isAwake), ...awakeStore(words)];
  expect(await awakeMs(refusedByAll, ...parts)).toBeLessThan(1_000);
}

/** What asks the server of a store whether it is awake. */
function awakeStore([, url = 'sqlite:', , passwordFile]: readonly string[]): readonly (() => Promise<unknown>)[] {
  const way = new URL(url);
  if (way.protocol === 'sqlite:') return [];
  if (passwordFile !== undefined) way.password = readFileSync(passwordFile, 'utf8');
  const make = way.protocol === 'redis:' ? redisStore : postgresStore;
  const store = make(way, { clock: Date.now, onEvent: () => {}, answerMs: 60_000 });
  opened.add(store);
  return [async () => store.has('awake/1')];
}

/** A store, and what makes an empty one of its kind and gives the words of the command line that name it. */
export type NamedStore = readonly [name: string, words: () => readonly string[] | Promise<readonly string[]>];

/** The stores that nodes may have in common, of each kind. */
export const emptyStores: readonly NamedStore[] = [
  ['SQLite', sqliteWords],
  ['Redis', redisWords],
  ['PostgreSQL', postgresWords],
];

/** A file of its own. @returns the words of the command line that name it as the store */
export function sqliteWords(): readonly string[] {
  return ['--store', `sqlite:${join(newFolder(), 'store.sqlite')}`];
}

/** Starts a Redis. @returns the words of the command line that name it as the store */
export async function redisWords(): Promise<readonly string[]> {
  return ['--store', (await startRedis()).url.href];
}

/** Starts a PostgreSQL. @returns the words of the command line that name it as the store */
export async function postgresWords(): Promise<readonly string[]> {
  const { url } = await startPostgres();
  const file = join(newFolder(), 'password');
  writeFileSync(file, decodeURIComponent(url.password), { mode: 0o600 });
  url.password = '';
  return ['--store', url.href, '--store-password-file', file];
}
