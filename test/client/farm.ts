import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import type { ExchangeTime } from '../../src/client/exchange.ts';
import { openSession, type Session } from '../../src/client/session.ts';
import type { SessionOptions } from '../../src/client/session-options.ts';
import { ns } from '../../src/names.ts';
import type { Plan } from '../../src/policy/plan.ts';
import type { Cancellation } from '../../src/state/cancellation.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { echoContent, planOf } from '../support/initiator.ts';
import { type PortName, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { standBetween } from './man.ts';

export const hourMs = 3_600_000;

/** Contexts whose cancellation the first node will not know to have arrived. */
export const unheard = new Set<string>();

/** Two nodes of one farm, and a man in the middle before the first of them, for each scheme. */
async function startFarm() {
  const [http, https] = [await standBetween('http'), await standBetween('https')];
  const ring = freshRing();
  const options = { addresses: [http.base, https.base], lifetimeMs: hourMs };
  const two = await listen({ ...options, node: 'two' }, ring);
  /** As over a slow channel: the answer to a Cancel has to wait for it. */
  const onCancel = async (cancellation: Cancellation) => {
    await setTimeout(50);
    two.endpoint.cancelled(cancellation);
    if (unheard.delete(cancellation.id)) throw new Error('the channel broke');
  };
  const nodes = [await listen({ ...options, node: 'one', onCancel }, ring), two] as const;
  [http.upstream, https.upstream] = [nodes[0].http, nodes[0].https];
  return { men: { http, https }, nodes };
}

type Farm = Awaited<ReturnType<typeof startFarm>>;

export let men: Farm['men'];
export let nodes: Farm['nodes'];
const sessions: Session[] = [];

/** Starts the farm for the tests of the file that calls this, and leaves it between them as it was. */
export function useFarm(): void {
  beforeAll(async () => {
    ({ men, nodes } = await startFarm());
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const man of Object.values(men)) man.meddle = undefined;
    await Promise.all(sessions.splice(0).map(session => session.close()));
    for (const man of Object.values(men)) man.passages.length = 0;
    for (const node of nodes) node.calls.length = 0;
  });
  afterAll(() => Promise.all([...nodes, ...Object.values(men)].map(each => each.close())));
}

export const manOf = (port: PortName) => men[planOf(port).transport];

/** A session by way of the man in the middle, unless it is told other addresses or another time. */
export function open(port: PortName, options: Partial<SessionOptions> = {}, time?: ExchangeTime): Session {
  const session = openSession(
    {
      plan: planOf(port),
      ...user,
      ca: pem.ca.certificate,
      serviceCertificate: pem.service.certificate,
      addresses: [`${manOf(port).base}/${port}`],
      ...options,
    },
    time,
  );
  sessions.push(session);
  return session;
}

export function operation(plan: Plan) {
  const echo = plan.operations.find(({ name }) => name === 'Echo');
  if (echo === undefined) throw new TypeError('no operation Echo');
  return echo;
}

export const say = (session: Session, port: PortName, text = 'hello', address?: string) =>
  session.call({ operation: operation(planOf(port)), body: { declarations: '', content: echoContent(text) }, address });

/** What a node counts from now on. */
export function since(node: ListeningNode) {
  const before = node.endpoint.statistics();
  return () => {
    const { calls, issued, cancelled, faults } = node.endpoint.statistics();
    const refused = Object.values(faults).reduce((sum, count) => sum + count, 0);
    const refusedBefore = Object.values(before.faults).reduce((sum, count) => sum + count, 0);
    return {
      calls: calls - before.calls,
      issued: issued - before.issued,
      cancelled: cancelled - before.cancelled,
      refused: refused - refusedBefore,
    };
  };
}

export const isCall = (message: string) => /<a:Action [^>]*>urn:soap-secure-conversation:echo/.test(message);
export const messageId = (message: string) => /<a:MessageID [^>]*>([^<]*)</.exec(message)?.[1];
export const lost = (wsc: string) => ({
  status: 500,
  response:
    `<s:Envelope xmlns:s="${ns.soap12}"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>` +
    `<s:Value xmlns:f="${wsc}">f:BadContextToken</s:Value></s:Subcode></s:Code>` +
    `<s:Reason><s:Text xml:lang="en">gone</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`,
});
