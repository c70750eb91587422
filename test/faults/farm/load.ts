import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { openSession, type Session } from '../../../src/client/session.ts';
import type { SessionOptions } from '../../../src/client/session-options.ts';
import { eventually } from '../../support/eventually.ts';
import { echoContent, planOf } from '../../support/initiator.ts';
import { type PortName, user } from '../../support/node.ts';
import { pem } from '../../support/pem.ts';
import { type Figures, quantile } from './figures.ts';

/** A call that has ended, well or not. Times are those of `performance.now()`. */
export interface EndedCall {
  /** Its text, which no other call has. */
  readonly text: string;
  readonly beganMs: number;
  readonly endedMs: number;
  /** Undefined where it was answered as it should be. */
  readonly error: unknown;
}

/** Calls that go on until they are stopped. */
export interface Load {
  readonly ended: readonly EndedCall[];
  readonly failed: readonly EndedCall[];
  /** Settles when so many more calls were answered. */
  answered(more: number): Promise<void>;
  /** Settles when the calls that are under way have ended. */
  stop(): Promise<void>;
  /** Calls, failures, and how long the calls took. */
  figures(): Figures;
}

export interface LoadOptions {
  readonly port: PortName;
  readonly addresses: readonly string[];
  /** Conversations, each of which has one call under way at a time. Default 8. */
  readonly callers?: number;
  /** Wait of each caller between two calls. Default 0. */
  readonly pauseMs?: number;
  /** How the client goes on to other nodes, and whatever else it may be told. */
  readonly session?: Partial<SessionOptions>;
}

/** A client's conversation with a farm, of the user that all nodes know. */
export function sessionWith({ port, addresses, session = {} }: LoadOptions): Session {
  return openSession({
    plan: planOf(port),
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses,
    order: 'rotate',
    ...session,
  });
}

/** Calls Echo once. @returns throws where it is not answered with its own text */
export async function echoOnce(session: Session, port: PortName, text: string, address?: string): Promise<void> {
  const operation = planOf(port).operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new TypeError('no operation Echo');
  const { envelope } = await session.call({
    operation,
    body: { declarations: '', content: echoContent(text) },
    address,
  });
  if (!envelope.includes(`>${text}</`)) throw new Error('another text came back');
}

/** Opens the conversations and begins to call. */
export async function startLoad(options: LoadOptions): Promise<Load & { readonly sessions: readonly Session[] }> {
  const { port, callers = 8, pauseMs = 0 } = options;
  const sessions = Array.from({ length: callers }, () => sessionWith(options));
  for (const session of sessions) await echoOnce(session, port, `first ${randomUUID()}`);
  const ended: EndedCall[] = [];
  let isOver = false;
  const caller = async (session: Session) => {
    while (!isOver) {
      const text = randomUUID();
      const beganMs = performance.now();
      const error = await echoOnce(session, port, text).then(
        () => undefined,
        thrown => thrown ?? new Error('failed'),
      );
      ended.push({ text, beganMs, endedMs: performance.now(), error });
      if (pauseMs > 0) await setTimeout(pauseMs);
    }
  };
  const all = Promise.all(sessions.map(caller));
  const failed = () => ended.filter(({ error }) => error !== undefined);
  const answeredCalls = () => ended.length - failed().length;
  return {
    sessions,
    ended,
    get failed() {
      return failed();
    },
    async answered(more) {
      const enough = answeredCalls() + more;
      await eventually(() => expect(answeredCalls()).toBeGreaterThanOrEqual(enough));
    },
    async stop() {
      isOver = true;
      await all;
    },
    figures() {
      const took = ended.map(({ beganMs, endedMs }) => endedMs - beganMs);
      return {
        calls: ended.length,
        failed: failed().length,
        'p50 ms': quantile(took, 0.5),
        'p99 ms': quantile(took, 0.99),
        'max ms': Math.max(0, ...took),
      };
    },
  };
}

/** What went wrong, each reason once with how often. */
export function reasonsOf(calls: readonly EndedCall[]): Readonly<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const { error } of calls) {
    const reason = error instanceof Error ? `${Reflect.get(error, 'code') ?? error.name}: ${error.message}` : 'unknown';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}
