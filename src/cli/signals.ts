import { lookNow } from '../files/followed-files.ts';

/** SIGHUP, which else would end the program, has it look at once at all files that it follows. */
export function lookOnHangUp(): void {
  process.on('SIGHUP', lookNow);
}

/**
 * A second signal this soon after the first is the same one: npm passes on what the terminal has sent to all processes
 * already.
 */
const sameSignalMs = 1_000;

/**
 * Runs until SIGINT or SIGTERM, then drains; a second signal ends at once.
 * @param drain answers what is under way and settles when all is done
 * @param force ends all of it now
 * @returns the exit code: 0 after draining, 1 where it was forced
 */
export function untilStopped(drain: () => Promise<void>, force: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let firstMs: number | undefined;
    const stop = () => {
      if (firstMs === undefined) {
        firstMs = Date.now();
        drain().then(() => resolve(0), reject);
      } else if (Date.now() - firstMs >= sameSignalMs) {
        force();
        resolve(1);
      }
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
