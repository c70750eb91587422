import { setTimeout as sleep } from 'node:timers/promises';
import { withTrustHint } from '../soap-client.ts';
import { note } from '../terminal.ts';
import { attack, type Clock } from './attack.ts';
import { eventList, silenceNoted, watchFarm } from './events.ts';
import { nodeDifferences, readStatus } from './farm-status.ts';
import type { Pacer } from './pacer.ts';
import { showOpening, showProgress } from './progress.ts';
import { type Metrics, metrics } from './report.ts';
import type { ReportPage } from './report-page.ts';
import type { Targets } from './targets.ts';
import { stepFor, timeSeries } from './time-series.ts';

/** Longest wait for the farm's status. */
const statusMs = 5_000;

const clock: Clock = {
  steadyMs: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.round(ms), undefined, signal && { signal }).catch(() => {}),
};

async function open(targets: Targets, total: number, drainMs: number): Promise<void> {
  const what = targets.conversations === 0 ? 'clients' : 'conversations';
  const progress = showOpening(total, what);
  try {
    await targets.open(progress.opened);
  } catch (error) {
    progress.end();
    await targets.close(drainMs);
    throw withTrustHint(error);
  }
  progress.end(seconds => `${total} ${what} opened in ${seconds} s`);
}

/** How to measure. */
export interface MeasureOptions {
  readonly port: string;
  readonly conversations: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds. */
  readonly drain: number;
  /** File of the page to write; undefined: there is none, and nothing is watched for it. */
  readonly report?: string;
}

/** What to measure. */
export interface MeasureParts {
  readonly pacer: Pacer;
  readonly targets: Targets;
  /** Base address of the farm's status page; undefined: not known. */
  readonly admin: string | undefined;
  /** Node's name for an address. */
  readonly nameOf: (address: string) => string;
}

/** What a load test found out. */
export type Measured = Pick<ReportPage, 'report' | 'intervals' | 'events' | 'beganMs'>;

/**
 * Opens the conversations, makes the calls and cancels the conversations.
 * @throws {SecureConversationError} where a conversation can't be opened
 */
export async function measure(
  options: MeasureOptions,
  { pacer, targets, admin, nameOf }: MeasureParts,
): Promise<Measured> {
  await open(targets, options.conversations, options.drain);
  const opened = targets.bootstraps;
  const before = await readStatus(admin, statusMs);
  const beganMs = Date.now();
  const steadyMs = performance.now();
  const collected: Metrics = metrics(nameOf, beganMs);
  const series = timeSeries(stepFor(options.duration + options.drain), nameOf);
  const events = eventList();
  const noteSilence = silenceNoted(events, nameOf);
  const endWatch = watchFarm(
    admin,
    options.report === undefined ? undefined : before,
    events,
    () => performance.now() - steadyMs,
  );
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  const hideProgress = showProgress(options.duration, () => collected.calls);
  const { elapsedMs, leftMs } = await attack({
    pacer,
    call: targets.call,
    clock,
    onHit(hit) {
      collected.add(hit);
      series.add(hit);
      noteSilence(hit);
    },
    onMissed: collected.addMissed,
    drainMs: options.drain,
    signal: stopping.signal,
  });
  hideProgress();
  endWatch();
  process.off('SIGINT', stop);
  const endMs = performance.now() + leftMs;
  const after = await readStatus(admin, Math.min(leftMs, statusMs));
  const difference = nodeDifferences(before?.counted, after?.counted);
  if (admin !== undefined && (before === undefined || after === undefined))
    note(leftMs > 0 ? `the status page ${admin} does not answer` : `no time was left to ask the status page ${admin}`);
  const report = collected.report({
    port: options.port,
    conversations: targets.conversations,
    bootstraps: targets.bootstraps - opened,
    openedFromSeal: difference?.openedFromSeal ?? null,
    elapsedMs,
    ...(difference === undefined ? {} : { nodes: difference.calls }),
  });
  await targets.close(Math.max(0, endMs - performance.now()));
  return { report, intervals: series.intervals(elapsedMs), events: events.all(), beganMs };
}
