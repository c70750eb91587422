/** The process of one node: started by the farm's parent, which tells it what to do by messages. */
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import { type BearerTokens, bearerTokens } from '../oauth/bearer-tokens.ts';
import { mountedTokens } from '../oauth/token-server.ts';
import { createEndpoint } from '../server/endpoint.ts';
import type { Endpoint } from '../server/open-endpoint.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
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

function openShared({ url, ca }: NonNullable<NodeSettings['store']>): Store {
  const onEvent = (sentence: string) => process.stderr.write(`${sentence}\n`);
  return openStore(new URL(url), { onEvent, ...(ca === undefined ? {} : { ca }) });
}

async function start(settings: NodeSettings): Promise<void> {
  const { name, wsdl, ring, users, service, tls, addresses, life, clockSkewMs } = settings;
  const authenticate = openLogins({ authenticate: users });
  const store = settings.store === undefined ? {} : { store: openShared(settings.store) };
  tokens = settings.tokens && bearerTokens({ ring, authenticate, ...settings.tokens, ...store, onRevoke: tellOthers });
  const started = createEndpoint({
    wsdl,
    services: echoService,
    ring,
    authenticate,
    ...store,
    certificate: readFileSync(service.certificate, 'utf8'),
    key: readFileSync(service.key, 'utf8'),
    tls: { certificate: readFileSync(tls.certificate, 'utf8'), key: readFileSync(tls.key, 'utf8') },
    addresses,
    node: name,
    ...life,
    clockSkewMs,
    issueRate,
    ...(tokens === undefined ? {} : { mounted: mountedTokens(tokens) }),
    onCancel: async entry => {
      await tokens?.revoked(entry);
      await tellOthers(entry);
    },
  });
  endpoint = started;
  // Before anything is listened on: no call of a cancelled conversation may come first.
  await Promise.all(untold.splice(0).map(heard));
  for (const host of settings.hosts) {
    await started.listen({ ...settings.own, host, exclusive: true });
    await started.listen({ ...settings.shared, host });
  }
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
