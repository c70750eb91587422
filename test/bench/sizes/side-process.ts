/**
 * One side of calls with large messages, in a process of its own that measures itself. Told by messages: the side that
 * it is, then each call that it makes or is asked for.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { openSession } from '../../../src/client/session.ts';
import { selfContained } from '../../../src/message/sent-body.ts';
import { listen } from '../../support/endpoint.ts';
import { echoContent, planOf } from '../../support/initiator.ts';
import { type PortName, user } from '../../support/node.ts';
import { pem } from '../../support/pem.ts';

/** What a side is told. */
export type Told =
  | { readonly serve: PortName }
  | { readonly call: PortName; readonly server: Server }
  | { readonly begin: Payload | undefined }
  | { readonly end: true };

/** Binary in base64, so many bytes, in the request or in the answer. */
export interface Payload {
  readonly way: 'up' | 'down';
  readonly bytes: number;
}

/** How a side that serves is called. */
export interface Server {
  readonly address: string;
  readonly ca: string;
  readonly certificate: string;
}

/** What a side took for its part of one call. */
export interface SideFigures {
  readonly cpuMs: number;
  readonly stopMs: number;
  /** Above what it had before: the most that it ever had. */
  readonly peakBytes: number;
}

const limits = { maxBytes: 256 * 1024 * 1024, maxNodes: 50_000 } as const;
const timeoutMs = 600_000;
const warmUpCalls = 100;

let call: (payload: Payload) => Promise<void>;
let figures: () => SideFigures;

async function serve(port: PortName): Promise<Server> {
  const wanted = /^\d+$/;
  const operations = {
    Echo: ({ text }: { readonly text: string }) => ({
      text: wanted.test(text) ? payloadOf(Number(text)) : String(text.length),
    }),
  };
  const node = await listen({ limits, services: { EchoService: { [port]: operations } }, ports: { [port]: {} } });
  return { address: node.address(port), ca: pem.ca.certificate, certificate: pem.service.certificate };
}

async function openCalls(port: PortName, { address, ca, certificate }: Server): Promise<void> {
  const plan = planOf(port);
  const [operation] = plan.operations.filter(({ name }) => name === 'Echo');
  if (operation === undefined) throw new Error('no operation Echo');
  const addresses = [address];
  const session = openSession({ plan, ...user, ca, serviceCertificate: certificate, addresses, limits, timeoutMs });
  call = async ({ way, bytes }) => {
    const text = way === 'up' ? payloadOf(bytes) : String(bytes);
    await session.call({ operation, body: selfContained(echoContent(text)) });
  };
  for (let calls = 0; calls < warmUpCalls; calls++) await call({ way: calls % 2 === 0 ? 'up' : 'down', bytes: 10_000 });
}

const payloadOf = (bytes: number) => Buffer.alloc(bytes, 'payload').toString('base64');

/** Begins to measure this process. */
function begin(): () => SideFigures {
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const rssBytes = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  return () => {
    const { user: userUs, system } = process.cpuUsage(cpu);
    delay.disable();
    const peakBytes = process.resourceUsage().maxRSS * 1024 - rssBytes;
    return { cpuMs: (userUs + system) / 1_000, stopMs: delay.max / 1e6, peakBytes };
  };
}

async function answer(told: Told): Promise<unknown> {
  if ('serve' in told) return serve(told.serve);
  if ('call' in told) return openCalls(told.call, told.server);
  if ('end' in told) return figures();
  figures = begin();
  // What stops the loop is only seen once the measurement has had a turn.
  await setTimeout(20);
  return told.begin && call(told.begin);
}

process.on('message', (told: Told) => {
  answer(told).then(value => process.send?.({ value }));
});
