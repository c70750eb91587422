import type { ScryptOptions } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** A password that is to be hashed (RFC 7914). */
export interface ScryptTask {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly hashBytes: number;
  readonly options: ScryptOptions;
}

/** What a thread says to a task. */
interface Outcome {
  readonly hash?: Uint8Array;
  readonly problem?: string;
}

/**
 * What a thread runs: a text, for a file of its own would not be found where this package is bundled. On Linux a
 * priority is a thread's own (setpriority(2), "C library/kernel differences"), elsewhere it would be the whole
 * process's.
 */
const program = `
const { scryptSync } = require('node:crypto');
const { constants, getPriority, setPriority } = require('node:os');
const { parentPort } = require('node:worker_threads');
const lower = constants.priority.PRIORITY_BELOW_NORMAL;
if (process.platform === 'linux' && getPriority() < lower) setPriority(lower);
parentPort.on('message', ({ password, salt, hashBytes, options }) => {
  try {
    parentPort.postMessage({ hash: scryptSync(password, salt, hashBytes, options) });
  } catch (error) {
    parentPort.postMessage({ problem: error.message });
  }
});`;

/** Threads without a task. There are never more threads than tasks were under way at once. */
const idle: Worker[] = [];

/**
 * Hashes a password on a thread of lower priority than that of the calls: on one of the pool it would take a whole core
 * from them, and it would be one less for all else that the pool does.
 */
export function scryptInBackground(task: ScryptTask): Promise<Buffer> {
  const thread = idle.pop() ?? startThread();
  thread.ref();
  return new Promise((resolve, reject) => {
    const answered = ({ hash, problem }: Outcome) => {
      thread.off('exit', ended).unref();
      idle.push(thread);
      if (hash === undefined) reject(new Error(problem));
      else resolve(Buffer.from(hash));
    };
    const ended = (code: number) => reject(new Error(`the thread that hashes passwords ended with ${code}`));
    thread.once('message', answered).once('exit', ended);
    thread.postMessage(task);
  });
}

function startThread(): Worker {
  const thread = new Worker(program, {
    eval: true,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  // Its end tells who waits; without a listener an error would end the process.
  thread.on('error', () => {});
  thread.once('exit', () => {
    const place = idle.indexOf(thread);
    if (place !== -1) idle.splice(place, 1);
  });
  return thread;
}
