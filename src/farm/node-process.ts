/** The process of one node: started by the farm's parent, which tells it what to do by messages. */
import cluster from 'node:cluster';
import type { Registry } from 'prom-client';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { openRing, openRingOptionsOf } from '../keyring/ring-source.ts';
import { type BearerTokens, bearerTokens } from '../oauth/bearer-tokens.ts';
import { registerTokenMetrics } from '../oauth/token-metrics.ts';
import { mountedTokens } from '../oauth/token-server.ts';
import { createEndpoint } from '../server/endpoint.ts';
import { standardErrorLog } from '../server/log.ts';
import { registerMetrics } from '../server/metrics.ts';
import type { Endpoint } from '../server/open-endpoint.ts';
import { followablePairs, ownPair, tlsPair } from '../server/pair-files.ts';
import { openRegistry } from '../server/process-metrics.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { givenAuthorities } from '../store/trusted-authorities.ts';
import { openLogins } from '../users/logins.ts';
import echoService from './echo-service.ts';
import type { NodeSettings, ToNode, ToParent } from './node-messages.ts';
import { openReplies } from './replies.ts';

const graceMs = 10_000;
/** Above the parent's wait for each node: a Cancel is answered then, whether or not a node that died was told. */
const cancelMs = 2_000;
/** Conversations of the demo user, who opens all of a load test: as many as it may want. */
const issueRate = { perSecond: 10_000, burst: 100_000 };
let endpoint: Endpoint | undefined;
let tokens: BearerTokens | undefined;
let registry: Registry | undefined;
let leaving = false;
/** Cancelled conversations and revoked tokens that the endpoint must be told of as soon as it is there. */
const untold: Cancellation[] = [];
const replies = openReplies(cancelMs);

function tell(message: ToParent): void {
  if (process.connected) process.send?.(message);
}

/** Tells the other nodes; settles when each of them refuses it. */
function tellOthers(entry: Cancellation): Promise<void> {
  return replies.to(serial => tell({ kind: 'cancelled', serial, entry }));
}

/**
 * Conversations and tokens have one kind of id: what ended anywhere is refused as either.
 * @returns false where it can't be remembered: the node does not say that it has heard
 */
async function heard(entry: Cancellation): Promise<boolean> {
  const kept = await Promise.all([tokens?.revoked(entry), endpoint?.cancelled(entry)]);
  return kept.every(isKept => isKept ?? true);
}

function openShared({ url, caFile }: NonNullable<NodeSettings['store']>): Store {
  return openStore(new URL(url), { onEvent: say, ...givenAuthorities({ caFile }) });
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** The parent has waited until there is a ring, and rotates it. */
async function openShownRing({ place, isStore, ...chosen }: NodeSettings['ring']): Promise<RingKeeper> {
  const ring = openRing(isStore ? new URL(place) : place, {
    ...openRingOptionsOf(chosen),
    rotate: false,
    onEvent: say,
    onError: error => say(error.message),
  });
  await ring.ready;
  return ring;
}

async function start(settings: NodeSettings): Promise<void> {
  const { name, wsdl, users, service, tls, addresses, life, state, replay } = settings;
  const { accessLog, ...form } = settings.log;
  const logs = { log: standardErrorLog({ ...form, node: name }), accessLog };
  const follow = followablePairs({ service, tls });
  const own = { ...ownPair(service), tls: tlsPair(tls) };
  const ring = await openShownRing(settings.ring);
  const store = settings.store === undefined ? {} : { store: openShared(settings.store) };
  const authenticate = openLogins({ authenticate: users, ...store, onEvent: say });
  tokens =
    settings.tokens &&
    bearerTokens({ ring, authenticate, ...settings.tokens, ...store, ...logs, onRevoke: tellOthers });
  const started = createEndpoint({
    wsdl,
    services: echoService,
    ring,
    authenticate,
    ...store,
    ...logs,
    ...own,
    addresses,
    node: name,
    ...life,
    ...state,
    replay,
    issueRate,
    ...(tokens === undefined ? {} : { mounted: mountedTokens(tokens) }),
    onCancel: async entry => {
      await tokens?.revoked(entry);
      await tellOthers(entry);
    },
  });
  endpoint = started;
  registry = await registryOf(name, started);
  // Before anything is listened on: no call of a cancelled conversation may come first.
  await Promise.all(untold.splice(0).map(heard));
  for (const host of settings.hosts) {
    await started.listen({ ...settings.own, host, exclusive: true });
    await started.listen({ ...settings.shared, host });
  }
  follow(
    {
      service: files => started.useCertificates({ service: ownPair(files) }),
      tls: files => started.useCertificates({ tls: tlsPair(files) }),
    },
    error => say(`certificate not read: ${error instanceof Error ? error.message : error}`),
  );
}

/** What this process is measured by. */
async function registryOf(node: string, measured: Endpoint): Promise<Registry> {
  const opened = await openRegistry();
  opened.setDefaultLabels({ node });
  await registerMetrics(opened, measured);
  if (tokens !== undefined) await registerTokenMetrics(opened, tokens);
  return opened;
}

async function tellMetrics(serial: number): Promise<void> {
  if (registry !== undefined) tell({ kind: 'metrics', serial, metrics: await registry.getMetricsAsJSON() });
}

/** Answers what is under way, reports for the last time and ends the process. */
async function leave(ms: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  await endpoint?.drain(ms);
  const statistics = endpoint?.statistics();
  const last: ToParent | undefined = statistics && { kind: 'report', serial: 0, statistics };
  if (last !== undefined && process.connected) process.send?.(last, () => process.exit(0));
  else process.exit(0);
}

function failed(error: unknown): void {
  const known =
    error instanceof SecureConversationError ? error : new ConfigurationError('CONFIG_INVALID', String(error));
  tell({ kind: 'failed', code: known.code, message: known.message, hint: known.hint });
}

const onMessage: { readonly [K in ToNode['kind']]: (message: Extract<ToNode, { kind: K }>) => void } = {
  start: ({ settings, cancelled }) => {
    untold.push(...cancelled);
    start(settings).then(() => tell({ kind: 'ready' }), failed);
  },
  cancelled: ({ serial, entry }) => {
    if (endpoint === undefined) untold.push(entry);
    heard(entry).then(isKept => isKept && tell({ kind: 'heard', serial }), failed);
  },
  told: ({ serial }) => replies.came(serial),
  report: ({ serial }) => {
    if (endpoint !== undefined) tell({ kind: 'report', serial, statistics: endpoint.statistics() });
  },
  metrics: ({ serial }) => void tellMetrics(serial).catch(failed),
  drain: ({ graceMs: ms }) => void leave(ms),
};

// Ctrl-C reaches the whole process group: a node waits for its parent's word instead, so that the farm drains in order.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void leave(graceMs));
// The parent is gone, and with it the farm. (Where the channel's end is heard of, and not met in writing, node:cluster
// ends the node.)
cluster.worker?.on('error', () => process.exit(1));
process.on('message', (message: ToNode) => (onMessage[message.kind] as (message: ToNode) => void)(message));
tell({ kind: 'loaded' });
