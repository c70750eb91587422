/** Numbers and times as a person reads them. */

/** A rate to two or three digits: `0`, `0.03`, `4.2`, `137`. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond >= 10) return Math.round(perSecond).toLocaleString('en-US');
  return perSecond < 0.005 ? 'less than 0.01' : String(Number(perSecond.toFixed(perSecond < 1 ? 2 : 1)));
}

/** Seconds of a percentile: `0.4 ms`, `12 ms`, `1.5 s`; of beyond the largest bucket, that. */
export function secondsText(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  if (seconds === Infinity) return 'more than 10 s';
  const ms = seconds * 1_000;
  if (ms >= 1_000) return `${Number(seconds.toFixed(1))} s`;
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toFixed(1))} ms`;
}

const spans = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3_600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
] as const;

/** A time span in its two largest units: `3 h 12 min`. */
export function spanText(spanMs: number): string {
  let rest = Math.max(0, Math.floor(spanMs / 1_000));
  const first = spans.findIndex(({ seconds }) => rest >= seconds);
  if (first === -1) return '0 s';
  const parts = spans.slice(first, first + 2).map(({ seconds, name }) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return { count, name };
  });
  return parts
    .filter(({ count }, i) => i === 0 || count > 0)
    .map(({ count, name }) => `${count} ${name}`)
    .join(' ');
}

/** UTC, to the second: `2026-03-01 12:00:05`. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** A count, with digits in threes. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
