import { createRequire } from 'node:module';

const { SingleBar }: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress');

const updateMs = 250;

/** Shows a progress bar with the present rate on standard error, where that is a terminal. @returns takes it away */
export function showProgress(durationMs: number, calls: () => number): () => void {
  if (!process.stderr.isTTY) return () => {};
  const bar = new SingleBar({
    format: '{bar} {seconds} s  {calls} calls  {rate} calls/s',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
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
