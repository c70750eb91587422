import { keeperOf } from '../../src/keyring/keeper.ts';
/**
 * One call in each of many conversations, through the server's pipeline, in a process of its own whose memory is
 * measured.
 */

import { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';
import pino from 'pino';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import echoService from '../../src/farm/echo-service.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { send } from '../../src/message/send.ts';
import { ns } from '../../src/names.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { timestampTtlMs } from '../../src/security/timestamp.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { readEndpointOptions } from '../../src/server/endpoint-options.ts';
import { openEndpoint } from '../../src/server/open-endpoint.ts';
import { answerMessage } from '../../src/server/pipeline.ts';
import type { ServedPort } from '../../src/server/port.ts';
import { sealContext, writeState } from '../../src/state/seal.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { newContext } from './contexts.ts';

export interface MemoryFigures {
  readonly conversations: number;
  readonly rssGrowthBytes: number;
  /** Of it, what was added in the second half, when the cache had long been full. */
  readonly laterGrowthBytes: number;
}

const portName = 'EchoSymmetric';
const warmUpConversations = 2_000;
const settleMs = 1_000;
const caller = { address: '192.0.2.1', isLimited: true, signal: new AbortController().signal };
const log = pino({ level: 'silent' });
const ring = keyRing(createRing({ nowMs: Date.now(), random: randomBytesPooled }));

async function openPort(file: string, cacheEntries: number): Promise<ServedPort> {
  const wsdl = readWsdl(file);
  const options = {
    wsdl: file,
    services: echoService,
    ring: 'ring.json',
    authenticate: async () => undefined,
    addresses: ['https://node.example'],
    node: 'bench',
    cacheEntries,
    log,
  };
  const { ports, ready } = openEndpoint({
    wsdl,
    plans: compilePolicy(wsdl, { ports: [portName] }),
    services: options.services,
    authenticate: options.authenticate,
    userOfCertificate: async () => undefined,
    trusts: new Map(),
    openKey: work => work(),
    passwordQueue: () => 0,
    ownCertificates: [],
    ring: keeperOf(ring),
    state: 'cookie',
    store: memoryStore({ clock: Date.now }),
    settings: readEndpointOptions(options),
    log,
    random: randomBytesPooled,
    clock: Date.now,
    steadyClock: () => performance.now(),
    release: async () => {},
  });
  await ready;
  const [port] = ports;
  if (port === undefined) throw new Error(`no port ${portName}`);
  return port;
}

/** A state is sealed as by another node, and used in one call here. */
async function converse(port: ServedPort): Promise<void> {
  const { plan } = port;
  const nowMs = Date.now();
  const context = newContext(nowMs);
  const { id, instance, secret } = context;
  const state = writeState(
    sealContext(context, { audience: plan.audience, wsc: plan.dialect.wsc }, ring, nowMs, randomBytesPooled),
  );
  const token =
    `<c:SecurityContextToken xmlns:c="${plan.dialect.wsc}" xmlns:u="${ns.wsu}" u:Id="sct">` +
    `<c:Identifier>${id}</c:Identifier>` +
    `<k:State xmlns:k="${ns.state}">${state}</k:State></c:SecurityContextToken>`;
  const operation = plan.operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new Error('no operation Echo');
  const { text } = send(
    operation.request,
    { soap: plan.soap, addressing: plan.addressing },
    {
      context: {
        id,
        instance,
        keys: contextKeys(secret),
        token,
        reference: writeContextReference(plan.dialect, '#sct'),
      },
    },
    {
      action: operation.inputAction,
      to: plan.address,
      replyToAnonymous: true,
      body: {
        declarations: `xmlns:e="${operation.input.namespace}"`,
        content: '<e:Echo><e:text>one call</e:text></e:Echo>',
      },
    },
    { nowMs, random: randomBytesPooled, timestampTtlMs },
  );
  const answered = await answerMessage(Buffer.from(text), undefined, port, caller);
  if (answered?.status !== 200) throw new Error(`a call was answered with ${answered?.status}`);
}

async function conversations(port: ServedPort, count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    await converse(port);
    // As between two messages of a network: what waits for its turn, weak references among it, is let go.
    if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  return settledRss();
}

/** Memory after what is no longer used was given back, as a process does by itself once it has little to do. */
async function settledRss(): Promise<number> {
  const inspector = new Session();
  inspector.connect();
  for (let i = 0; i < 3; i++) await inspector.post('HeapProfiler.collectGarbage');
  inspector.disconnect();
  await setTimeout(settleMs);
  return process.memoryUsage.rss();
}

async function measure(wsdl: string, count: number, cacheEntries: number): Promise<MemoryFigures> {
  const port = await openPort(wsdl, cacheEntries);
  const before = await conversations(port, warmUpConversations);
  const half = await conversations(port, Math.ceil(count / 2));
  const after = await conversations(port, Math.floor(count / 2));
  return { conversations: count, rssGrowthBytes: after - before, laterGrowthBytes: after - half };
}

const [wsdl = '', count, cacheEntries] = process.argv.slice(2);
process.send?.(await measure(wsdl, Number(count), Number(cacheEntries)), () => process.exit(0));
