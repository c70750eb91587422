import type { LoadReport } from '../../src/cli/load/report.ts';
import type { ReportPage } from '../../src/cli/load/report-page.ts';

/** What a peer may say to get out of where it is written. */
export const hostile =
  `</script><script>document.title='taken'</script>"'>` + `<img src=x onerror="document.title='taken'">-->`;

/** A page whose names and texts are all of a peer that means harm. */
export function hostilePage(): ReportPage {
  const report: LoadReport = {
    port: hostile,
    conversations: 2,
    bootstraps: 0,
    seconds: 3,
    calls: 31,
    failed: 1,
    answered: 31,
    callsPerSecond: 10,
    latencyMs: { p50: 1, p90: 2, p99: 3, max: 4 },
    errors: { [hostile]: 1 },
    firstErrors: [{ at: '2026-11-30T12:00:01.000Z', node: hostile, error: hostile, message: hostile }],
    nodes: { [hostile]: 30 },
    openedFromSeal: null,
    bytes: { sent: 1, received: 1, state: 0, stateShare: 0 },
  };
  const intervals = [0, 1_000, 2_000].map(atMs => ({
    atMs,
    lengthMs: 1_000,
    good: 10,
    failed: atMs === 1_000 ? 1 : 0,
    latencyMs: { p50: 1, p90: 2, p99: 3, max: 4 },
    nodes: new Map([
      [hostile, 6],
      ['node2', 4],
    ]),
  }));
  return {
    report,
    judgements: [{ isKept: false, text: '1 of 31 calls failed, none may' }],
    intervals,
    events: [{ atMs: 1_500, text: hostile }],
    beganMs: Date.UTC(2026, 10, 30, 12),
    ratePerS: 10,
  };
}
