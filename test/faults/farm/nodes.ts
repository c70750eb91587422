import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type RandomSource, systemRandom } from '../../../src/crypto/random.ts';
import type { RingPolicy, RingRecords } from '../../../src/keyring/record.ts';
import { writeRingFile } from '../../../src/keyring/ring-file.ts';
import { createRing } from '../../../src/keyring/rotate.ts';
import { addUser } from '../../../src/users/users-file.ts';
import { mainProgram } from '../../farm/running-farm.ts';
import { newFolder } from '../../support/data-folder.ts';
import { freePort } from '../../support/endpoint.ts';
import { type PortName, user } from '../../support/node.ts';
import { pem } from '../../support/pem.ts';
import { spawn } from '../../support/started.ts';

/** One place of a farm, over the processes that serve there one after the other. */
export interface FaultNode {
  readonly name: string;
  /** Address of a WSDL port at this node. */
  address(port: PortName): string;
  /** Its base address, as of `/readyz`. */
  readonly http: string;
  readonly isUp: boolean;
  /** What all its processes have written to standard error and standard output. */
  readonly lines: readonly string[];
  /** Starts a process and waits until it listens. @param more in place of what the node was made with */
  start(more?: Partial<NodeStart>): Promise<void>;
  /** Ends the process as a crash does. */
  kill(): Promise<void>;
  /** Ends it as a supervisor does (SIGTERM). @returns the exit code */
  stop(): Promise<number | null>;
  /** Stops it where it is, with all connections open, and lets it go on. */
  hang(): void;
  goOn(): void;
}

/** How the process of a node is started. */
export interface NodeStart {
  /** `wssc` of this release, or of another one. */
  readonly program: string;
  /** More words for `wssc serve`: `['--store', 'redis://…']`. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Nodes that share a ring, and what was configured for them; no parent tells them anything. */
export interface FaultFarm {
  readonly nodes: readonly FaultNode[];
  readonly folder: string;
  /** Addresses of a WSDL port at all nodes. */
  addresses(port: PortName): readonly string[];
  /** Texts of the Echo calls that were carried out, by any node, each as often as it was. */
  noted(): readonly string[];
  start(): Promise<void>;
}

export interface FaultFarmOptions extends Partial<NodeStart> {
  /** How many nodes. Default 3. */
  readonly count?: number;
  /** Members of the configuration of `wssc serve`, in place of the usual ones. */
  readonly config?: object;
  /** Times of the key ring, so that they may be short. */
  readonly policy?: Partial<RingPolicy>;
  /** How long ago the ring was made. Default 0. */
  readonly ringAgeMs?: number;
  /** More base addresses that clients may send to, as a balancer's. */
  readonly balancers?: readonly string[];
}

const running = new Set<ChildProcess>();

/** Ends what a test has left behind. */
export function endNodes(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

const notedService = fileURLToPath(new URL('../noted-service.mjs', import.meta.url));
const wsdl = fileURLToPath(new URL('../../../wsdl/echo.wsdl', import.meta.url));

/** Prepares the folder and the places of a farm of `wssc serve`; nothing is started yet. */
export async function faultFarm(options: FaultFarmOptions = {}): Promise<FaultFarm> {
  const { count = 3, config = {}, policy = {}, ringAgeMs = 0, balancers = [], ...start } = options;
  const places: Place[] = [];
  for (let i = 0; i < count; i += 1) places.push({ http: await freePort(), https: await freePort() });
  const addresses = places.flatMap(({ http, https }) => [`http://localhost:${http}`, `https://localhost:${https}`]);
  const folder = await farmFolder({ addresses: [...addresses, ...balancers], ...config }, (nowMs, random) =>
    createRing({ nowMs: nowMs - ringAgeMs, random, policy }),
  );
  const noted = join(folder, 'noted');
  writeFileSync(noted, '');
  const usual: NodeStart = {
    program: mainProgram,
    words: [],
    ...start,
    environment: { NOTED: noted, ...start.environment },
  };
  const nodes = places.map((place, i) => faultNode(`node${i + 1}`, place, folder, usual));
  return {
    nodes,
    folder,
    addresses: port => nodes.map(node => node.address(port)),
    noted: () => readFileSync(noted, 'utf8').split('\n').filter(Boolean).map(textOf),
    async start() {
      await Promise.all(nodes.map(node => node.start()));
    },
  };
}

function textOf(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}

async function farmFolder(
  config: object,
  makeRing: (nowMs: number, random: RandomSource) => RingRecords,
): Promise<string> {
  const folder = newFolder();
  const file = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  for (const name of ['service', 'tls'] as const) {
    file(`${name}.pem`, pem[name].certificate);
    file(`${name}-key.pem`, pem[name].key);
  }
  writeRingFile(join(folder, 'ring.json'), makeRing(Date.now(), systemRandom));
  const { username: name, password } = user;
  await addUser(join(folder, 'users.json'), { name, password, roles: ['reader'] }, systemRandom);
  const usual = {
    ...{ wsdl, service: notedService, users: 'users.json', ring: 'ring.json' },
    ...{ certificate: 'service.pem', key: 'service-key.pem' },
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
    issueRate: { perSecond: 10_000, burst: 100_000 },
  };
  file('node.json', JSON.stringify({ ...usual, ...config }));
  return folder;
}

/** TCP ports. */
interface Place {
  readonly http: number;
  readonly https: number;
}

function faultNode(name: string, place: Place, folder: string, usual: NodeStart): FaultNode {
  const lines: string[] = [];
  let child: ChildProcess | undefined;
  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    const ending = child;
    if (ending === undefined || !running.has(ending)) return null;
    const exit = once(ending, 'exit');
    ending.kill(signal);
    const [code] = await exit;
    return code;
  };
  const http = `http://localhost:${place.http}`;
  return {
    name,
    http,
    lines,
    get isUp() {
      return child !== undefined && running.has(child);
    },
    address: port => (port === 'EchoSymmetric' ? `${http}/${port}` : `https://localhost:${place.https}/${port}`),
    async start(more = {}) {
      const { program, words, environment } = { ...usual, ...more };
      const own = ['serve', '--config', join(folder, 'node.json')];
      const ports = ['--http', String(place.http), '--https', String(place.https)];
      const started = spawn(process.execPath, [program, ...own, ...ports, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...usual.environment, ...environment },
      });
      child = started;
      running.add(started);
      started.once('exit', () => running.delete(started));
      createInterface({ input: started.stderr }).on('line', line => lines.push(line));
      await listening(started, lines);
    },
    kill: async () => void (await ended('SIGKILL')),
    stop: () => ended('SIGTERM'),
    hang: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
  };
}

/** Settles when it has said that it listens on both. */
function listening(child: ChildProcess, lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new TypeError('no output'));
    createInterface({ input: child.stdout }).on('line', line => {
      lines.push(line);
      if (line.startsWith('listening on https:')) resolve();
    });
    child.once('exit', code =>
      reject(new Error(`the node ended with exit code ${code}: ${lines.slice(-3).join('; ')}`)),
    );
  });
}
