import { createRequire } from 'node:module';
import { note } from '../terminal.ts';

const { SingleBar }: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress');

const updateMs = 250;

/** How often a line says how far it is, where there is no terminal. */
const lineMs = 30_000;

/** Shows how conversations are opened. */
export interface OpeningProgress {
  /** One more is open. */
  opened(): void;
  /** No more is shown. @param said what is said of it; undefined: nothing */
  end(said?: (seconds: string) => string): void;
}

/** Shows how many of `total` are open: a bar on a terminal, elsewhere a line now and then, on standard error. */
export function showOpening(total: number, what: string): OpeningProgress {
  const beganMs = performance.now();
  const bar = process.stderr.isTTY
    ? new SingleBar({ ...barOptions, format: `{bar} {value}/{total} ${what}` })
    : undefined;
  let count = 0;
  let saidMs = beganMs;
  bar?.start(total, 0);
  return {
    opened() {
      count += 1;
      bar?.update(count);
      if (bar !== undefined || count === total || performance.now() - saidMs < lineMs) return;
      saidMs = performance.now();
      note(`${count} of ${total} ${what} opened`);
    },
    end(said) {
      bar?.stop();
      if (said !== undefined) note(said(((performance.now() - beganMs) / 1_000).toFixed(1)));
    },
  };
}

const barOptions = { hideCursor: true, clearOnComplete: true, gracefulExit: false } as const;

/** Shows a progress bar with the present rate on standard error, where that is a terminal. @returns takes it away */
export function showProgress(durationMs: number, calls: () => number): () => void {
  if (!process.stderr.isTTY) return () => {};
  const bar = new SingleBar({
    format: '{bar} {seconds} s  {calls} calls  {rate} calls/s',
    ...barOptions,
  });
  const beganMs = performance.now();
  let last = { atMs: beganMs, calls: 0 };
  bar.start(durationMs, 0, { seconds: '0.0', calls: 0, rate: 0 });
  const timer = setInterval(() => {
    const atMs = performance.now();
    const now = calls();
    const rate = Math.round(((now - last.calls) * 1_000) / (atMs - last.atMs));
    last = { atMs, calls: now };
    const passedMs = Math.min(durationMs, atMs - beganMs);
    bar.update(passedMs, { seconds: (passedMs / 1_000).toFixed(1), calls: now, rate });
  }, updateMs);
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}
