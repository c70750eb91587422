import { ns } from '../../../src/names.ts';
import type { Plan } from '../../../src/policy/plan.ts';
import type { ContextToken, StateMode } from '../../../src/state/state-mode.ts';
import { scanText } from '../../../src/xml/scan.ts';
import { median } from '../rounds.ts';
import { contextWith, roleCounts, tokenOf } from './contexts.ts';
import { persistently } from './persistent.ts';
import type { Place, PlaceName } from './places.ts';

/** What it costs a node to get a context back that is not in its cache. */
export interface FindFigures {
  readonly place: PlaceName;
  readonly roles: number;
  /** CPU time of the node's process. */
  readonly cpuUs: number;
  /** From asking to having it, one at a time. */
  readonly latencyUs: number;
  /** What each message is longer by, hit or miss. */
  readonly messageBytes: number;
  /** CPU time of scanning that, for each message, hit or miss. */
  readonly scanUs: number;
  /** What passes between node and store for one miss. */
  readonly storeBytes: number;
  readonly roundTrips: number;
  /** Records that a bootstrap writes. */
  readonly writes: number;
}

/** What two conversations in a cache for one need to be found. */
interface Pair {
  readonly mode: StateMode;
  readonly tokens: readonly ContextToken[];
}

async function pairOf(mode: StateMode, plan: Plan, roles: number): Promise<Pair> {
  const tokens: ContextToken[] = [];
  for (const context of [contextWith(roles), contextWith(roles)])
    tokens.push(tokenOf(context, plan, await persistently(() => mode.issue(context, plan, Date.now()))));
  return { mode, tokens };
}

/** Finds one of the pair and then the other: each has pushed the other out of the cache. */
async function findAll({ mode, tokens }: Pair, plan: Plan, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const token = tokens[n % tokens.length];
    const found = token && persistently(() => mode.find(token, plan.audience, Date.now()));
    if ((found instanceof Promise ? await found : found) === undefined) throw new Error('a conversation is lost');
  }
}

interface Sample {
  readonly cpuUs: number;
  readonly latencyUs: number;
}

async function sample(pair: Pair, plan: Plan, times: number): Promise<Sample> {
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  await findAll(pair, plan, times);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / times, latencyUs: ((performance.now() - startedMs) * 1_000) / times };
}

const timesOf: Readonly<Record<PlaceName, number>> = {
  ...{ cookie: 2_000, SQLite: 2_000, Redis: 300, PostgreSQL: 300, none: 5_000 },
};

/** Measures all places in rounds that take turns, so that a busy moment of the machine meets all alike. */
export async function measureFinding(places: readonly Place[], plan: Plan, rounds: number): Promise<FindFigures[]> {
  const cells = [];
  for (const place of places)
    for (const roles of roleCounts) {
      const pair = await pairOf(place.node(place.name === 'none' ? 10 : 1), plan, roles);
      cells.push({ place, roles, pair, samples: [] as Sample[] });
    }
  for (let round = 0; round <= rounds; round += 1)
    for (const { place, pair, samples } of cells) {
      const taken = await sample(pair, plan, timesOf[place.name]);
      if (round > 0) samples.push(taken);
    }
  const figures: FindFigures[] = [];
  for (const { place, roles, pair, samples } of cells) {
    const middle = (figure: keyof Sample) => median(samples.map(each => each[figure]));
    const state = pair.tokens[0]?.state;
    figures.push({
      ...{ place: place.name, roles, cpuUs: middle('cpuUs'), latencyUs: middle('latencyUs') },
      ...{
        messageBytes: stateElement(state).length,
        scanUs: state === undefined ? 0 : scanCostUs(plan, state, rounds),
      },
      ...(await trafficOf(place, plan, roles)),
      writes: await writesOf(place, plan, roles),
    });
  }
  return figures;
}

function stateElement(state: string | undefined): string {
  return state === undefined ? '' : `<k:State xmlns:k="${ns.state}">${state}</k:State>`;
}

/** What the State adds to the scanning of a token. */
function scanCostUs({ dialect }: Plan, state: string, rounds: number): number {
  const token = (more: string) =>
    `<c:SecurityContextToken xmlns:c="${dialect.wsc}"><c:Identifier>urn:x</c:Identifier>` +
    `${more}</c:SecurityContextToken>`;
  const costUs = (text: string) => {
    const cpu = process.cpuUsage();
    for (let n = 0; n < 5_000; n += 1) scanText(text);
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 5_000;
  };
  const [longer, shorter] = [token(stateElement(state)), token('')];
  costUs(longer);
  return Math.max(0, median(Array.from({ length: rounds }, () => costUs(longer) - costUs(shorter))));
}

async function trafficOf({ counted }: Place, plan: Plan, roles: number) {
  if (counted === undefined) return { storeBytes: 0, roundTrips: 0 };
  const { mode, proxy, close } = await counted();
  const pair = await pairOf(mode, plan, roles);
  const times = 100;
  await findAll(pair, plan, 2);
  const before = proxy.traffic();
  await findAll(pair, plan, times);
  const after = proxy.traffic();
  await close();
  const since = (figure: keyof typeof after) => (after[figure] - before[figure]) / times;
  return { storeBytes: Math.round(since('sentBytes') + since('receivedBytes')), roundTrips: since('roundTrips') };
}

/** Of two bootstraps at once. */
async function writesOf({ name, store, node }: Place, plan: Plan, roles: number): Promise<number> {
  if (name === 'none' || name === 'cookie') return 0;
  const { put } = store;
  let writes = 0;
  Object.assign(store, {
    put: (...given: Parameters<typeof put>) => {
      writes += 1;
      return put(...given);
    },
  });
  await pairOf(node(1), plan, roles);
  Object.assign(store, { put });
  return writes / 2;
}
