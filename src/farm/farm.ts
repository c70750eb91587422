import { fileURLToPath } from 'node:url';
import { systemRandom } from '../crypto/random.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { type ChosenRing, storeWith } from '../keyring/open-home.ts';
import { describeKeys } from '../keyring/ring.ts';
import { openRingOptionsOf, startRing } from '../keyring/ring-source.ts';
import { oauthPath } from '../oauth/oauth-path.ts';
import { type Admin, type AdminPages, openAdmin } from '../server/admin.ts';
import { boundedLog, standardErrorLog } from '../server/log.ts';
import type { ReplayMode } from '../state/farm-replay.ts';
import { ringTimeline } from '../status/ring-timeline.ts';
import { samplesOf } from '../status/sample.ts';
import { statusPages } from '../status/status-pages.ts';
import type { WatchedNode } from '../status/watch.ts';
import type { ChosenStore } from '../store/store-url.ts';
import {
  type DemoClient,
  type DemoData,
  demoClient,
  demoUser,
  prepareDemoClient,
  prepareDemoData,
} from './demo-data.ts';
import type { FarmDescription, FarmStatus } from './description.ts';
import { farmMetrics, farmReadiness } from './metrics.ts';
import type { FarmLife, FarmState, NodeLog, NodeSettings } from './node-messages.ts';
import type { NodeSlot } from './node-slot.ts';
import { openNodes } from './nodes.ts';
import { type FarmPorts, loopbackHosts, settlePorts } from './ports.ts';
import { checkNotRunning, forgetRunning, noteRunning } from './running.ts';

/** Options of {@link startFarm}. */
export interface FarmOptions {
  /** How many nodes, 1 to 64. */
  readonly nodes: number;
  /**
   * Shared TCP ports and that of the status page; 0 is any free one. Node i listens alone on http + i and https + i.
   */
  readonly http: number;
  readonly https: number;
  readonly admin: number;
  /** Data folder; made on the first run. */
  readonly data: string;
  /** Default: a file in the data folder, made on the first run. */
  readonly ring?: ChosenRing | undefined;
  /** Makes the ring that was given where there is none. */
  readonly initRing: boolean;
  /** Default: where the ring is, in a file of SQLite beside it where that is a file. */
  readonly store?: ChosenStore | undefined;
  /** Life of a conversation; never longer than the ring's token life. */
  readonly life: FarmLife;
  /** Where conversations are kept. */
  readonly state: FarmState;
  readonly replay: ReplayMode;
  /** A node that died is started again after 2 s. */
  readonly restart: boolean;
  /** Each node serves bearer tokens too, at /oauth over TLS. */
  readonly tokens: boolean;
  /** What each node writes to standard error. */
  readonly log: NodeLog;
  /** Told of what happens to the running farm, one sentence each. */
  readonly onEvent: (sentence: string) => void;
}

/** A running farm. */
export interface Farm {
  readonly description: FarmDescription;
  /** The demo user's password. */
  readonly password: string;
  /** Where the nodes keep what they must remember. */
  readonly store: ChosenStore;
  status(): Promise<FarmStatus>;
  /** Lets every node answer what is under way, then ends all of it. */
  drain(): Promise<void>;
  /** Ends all of it at once. */
  kill(): void;
}

/** The example service's WSDL, at the same distance from src/farm and dist/farm. */
const wsdlFile = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));

/**
 * Starts the demonstration farm: node processes behind one shared address, each reachable alone as well, with one key
 * ring and one store, and no other memory in common.
 * @throws {SecureConversationError} `LISTEN_FAILED` for a busy port, `CONFIG_INVALID`, `RING_INVALID`, `USERS_INVALID`
 * or `CERTIFICATE_INVALID` for a file of the data folder that can't be used
 */
export async function startFarm(options: FarmOptions): Promise<Farm> {
  await checkNotRunning(options.data);
  const hosts = loopbackHosts();
  const ports = await settlePorts(options, hosts);
  const data = await prepareDemoData(options.data, Date.now(), systemRandom, options.ring === undefined);
  const ring = options.ring ?? { place: data.ring };
  const store = options.store ?? storeWith(ring);
  const client = options.tokens ? await prepareDemoClient(data, systemRandom) : undefined;
  const closing: (() => void)[] = [];
  const close = () => {
    for (const step of closing.splice(0)) step();
  };
  try {
    return await runFarm({ options, hosts, ports, data, ring, store, client, closing, close });
  } catch (error) {
    close();
    throw error;
  }
}

interface FarmParts {
  readonly options: FarmOptions;
  readonly hosts: readonly string[];
  readonly ports: FarmPorts;
  readonly data: DemoData;
  readonly ring: ChosenRing;
  readonly store: ChosenStore;
  /** Client of the token service, where there is one. */
  readonly client: DemoClient | undefined;
  /** What must be undone when the farm ends. */
  readonly closing: (() => void)[];
  readonly close: () => void;
}

async function runFarm(parts: FarmParts): Promise<Farm> {
  const { options, hosts, ports, data, closing, close } = parts;
  const ring = await openWritten(parts);
  closing.push(() => void ring.close());
  const nodes = openNodes(nodeSettings(parts), options);
  closing.push(() => nodes.kill());
  await nodes.start();
  const description = describe(parts, nodes.slots);
  const status = async (): Promise<FarmStatus> => ({
    nodes: await Promise.all(nodes.slots.map(slot => slot.report())),
    ring: { generation: ring.ring().generation, keys: describeKeys(ring.ring(), Date.now()) },
  });
  const shown = statusPages({
    nodes: nodes.slots.map(watched),
    ring: nowMs => ringTimeline(ring.ring(), nowMs),
    clock: Date.now,
    periodMs: watchMs,
  });
  closing.push(shown.close);
  const log = boundedLog(standardErrorLog(options.log));
  const sources = {
    readiness: () => farmReadiness(nodes.slots),
    metrics: () => farmMetrics(nodes.slots),
    more: { ...shown.pages, '/status.json': statusJson(status) },
  };
  for (const host of hosts) {
    const admin: Admin = await openAdmin({ host, port: ports.admin }, sources, log);
    closing.push(() => void admin.close());
  }
  noteRunning(data.folder, description);
  closing.push(() => forgetRunning(data.folder));
  return {
    description,
    password: data.password,
    store: parts.store,
    status,
    async drain() {
      await nodes.drain();
      close();
    },
    kill: close,
  };
}

/** Nodes of one machine, whose parent hears when one ends. */
const watchMs = 1_000;

/** A node that is asked by its parent. */
function watched(slot: NodeSlot): WatchedNode {
  return {
    name: slot.settings.name,
    async ask() {
      const samples = samplesOf(await slot.metrics());
      if (samples.length === 0) throw new Error(slot.up ? 'does not answer in time' : 'its process has ended');
      return samples;
    },
  };
}

function statusJson(status: () => Promise<FarmStatus>): AdminPages[string] {
  return async () => ({
    status: 200,
    contentType: 'application/json',
    body: `${JSON.stringify(await status(), undefined, 2)}\n`,
  });
}

/** Opens the ring, which the farm's parent process keeps rotated, and waits for it where there is none yet. */
async function openWritten({ ring: chosen, options }: FarmParts): Promise<RingKeeper> {
  const ring = await startRing(chosen.place, {
    ...openRingOptionsOf(chosen),
    initRing: options.initRing,
    rotate: true,
    onEvent: options.onEvent,
    onError: ({ message, hint }) => options.onEvent(hint === undefined ? message : `${message} (${hint})`),
  });
  await ring.ready;
  return ring;
}

/** What the demo's tokens are for. */
const tokenAudience = 'urn:soap-secure-conversation:echo';

const at = (scheme: 'http' | 'https', port: number) => `${scheme}://localhost:${port}`;

function nodeSettings({ options, hosts, ports, data, ring, store, client }: FarmParts): NodeSettings[] {
  const everyPort = [ports, ...ports.nodes];
  const names = ['localhost', '127.0.0.1', '[::1]'];
  const addresses = everyPort.flatMap(({ http, https }) =>
    names.flatMap(name => [`http://${name}:${http}`, `https://${name}:${https}`]),
  );
  return ports.nodes.map((own, i) => ({
    name: `node${i + 1}`,
    wsdl: wsdlFile,
    ring: { ...ring, place: String(ring.place), isStore: ring.place instanceof URL },
    users: data.users,
    store: store.url && { url: store.url.href, caFile: store.caFile },
    service: data.service,
    tls: data.tls,
    addresses,
    life: options.life,
    state: options.state,
    replay: options.replay,
    log: options.log,
    hosts,
    shared: { http: ports.http, https: ports.https },
    own,
    tokens: client && { clients: client.clients, audience: tokenAudience },
  }));
}

function describe({ ports, data, client }: FarmParts, slots: readonly NodeSlot[]): FarmDescription {
  return {
    wsdl: `${at('https', ports.https)}/?wsdl`,
    admin: at('http', ports.admin),
    shared: { http: at('http', ports.http), https: at('https', ports.https) },
    nodes: slots.map(({ settings: { name, own }, pid }) => ({
      name,
      pid,
      http: at('http', own.http),
      https: at('https', own.https),
    })),
    user: demoUser,
    passwordFile: data.passwordFile,
    ca: data.ca,
    serviceCertificate: data.service.certificate,
    ...(client === undefined ? {} : { tokens: describeTokens(ports, client) }),
  };
}

function describeTokens({ https }: FarmPorts, { secretFile }: DemoClient): NonNullable<FarmDescription['tokens']> {
  return { address: `${at('https', https)}${oauthPath}`, client: demoClient, secretFile, audience: tokenAudience };
}
