import { setTimeout } from 'node:timers/promises';
import { openStore } from '../../store/open-store.ts';
import type { Store, StoreHealth } from '../../store/store.ts';
import { type ChosenStore, storeSentence } from '../../store/store-url.ts';
import { givenAuthorities } from '../../store/trusted-authorities.ts';
import { clockFinding } from './clock.ts';
import { type Finding, well, wrong } from './finding.ts';

/** How long a server may take until it is connected and its tables are made. */
const reachMs = 5_000;
const stepMs = 50;
const checkMs = 60_000;

/** Whether the store is reached, can be written and read, keeps what it acknowledges, and has the same time. */
export async function storeFindings(chosen: ChosenStore, clockSkewMs: number): Promise<readonly Finding[]> {
  const { url } = chosen;
  if (url === undefined)
    return [
      wrong('store', 'warning', storeSentence(chosen), 'name a store with --store, so that restarts forget none'),
    ];
  const troubles: string[] = [];
  const onEvent = (sentence: string) => void troubles.push(sentence);
  const store = openStore(url, { onEvent, ...givenAuthorities({ caFile: chosen.caFile }) });
  try {
    const health = await reached(store);
    if (health?.up === false) return [unreached(chosen, troubles)];
    return [await usedFinding(store, chosen), ...healthFindings(health, clockSkewMs)];
  } finally {
    await store.close();
  }
}

async function reached(store: Store): Promise<StoreHealth | undefined> {
  for (let leftMs = reachMs; leftMs > 0 && store.health?.().up === false; leftMs -= stepMs) await setTimeout(stepMs);
  return store.health?.();
}

function unreached({ url }: ChosenStore, troubles: readonly string[]): Finding {
  const why = troubles.at(-1) ?? `the store ${url?.protocol}//${url?.host} does not answer`;
  return wrong('store', 'error', why, 'see whether it runs, is reached from here, and knows this user and password');
}

/** A claim of each look's own, written and read. */
async function usedFinding(store: Store, chosen: ChosenStore): Promise<Finding> {
  const key = `doctor/${process.pid} ${performance.now()}`;
  const began = performance.now();
  const outcome = await store.claim(key, Date.now() + checkMs);
  const isThere = await store.has(key);
  const tookMs = (performance.now() - began).toFixed(1);
  if (outcome === 'full') return wrong('store', 'error', 'the store is full', 'give it more room');
  if (!isThere) return wrong('store', 'error', 'the store does not have what was just written', 'read from its master');
  return well('store', `${storeSentence(chosen)}; written and read in ${tookMs} ms`);
}

function healthFindings(health: StoreHealth | undefined, clockSkewMs: number): readonly Finding[] {
  const { lossy, clockAheadMs } = health ?? {};
  const findings: Finding[] = [];
  if (lossy !== undefined)
    findings.push(wrong('store', 'warning', `the store ${lossy}`, 'set it so in the configuration of its server'));
  if (clockAheadMs !== undefined) findings.push(storeClock(clockAheadMs, clockSkewMs));
  return findings;
}

function storeClock(aheadMs: number, clockSkewMs: number): Finding {
  const says = `the store's clock is ${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} this one`;
  return clockFinding(aheadMs, clockSkewMs, { says, todo: 'keep both by NTP; see also --clock-skew' });
}
