import { createInterface } from 'node:readline';
import { spawn } from '../support/started.ts';

/** A running program, read line by line. */
export interface Program {
  readonly pid: number;
  /**
   * The next line of its stdout.
   * @throws {Error} with the end of its stderr, when it ended without another line
   */
  line(): Promise<string>;
  /** The lines from here to the end of its stdout. */
  rest(): Promise<string[]>;
  /** Writes a line to its stdin. */
  write(line: string): void;
  /** Ends its stdin. */
  end(): void;
  signal(name: NodeJS.Signals): void;
  /** Settles with its exit code when it has ended; null after a signal. */
  readonly ended: Promise<number | null>;
}

const stderrKept = 4_000;

/** Starts a program; its stderr is kept for error messages. */
export function startProgram(command: string, words: readonly string[]): Program {
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrKept);
  });
  // A program that ends before it has read all of its stdin is told of by its exit code.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve(code));
  });
  ended.catch(() => {});
  return {
    pid: child.pid ?? 0,
    async line() {
      const { value, done } = await lines.next();
      if (!done) return value;
      const code = await ended;
      throw new Error(`${command} ended with exit code ${code}: ${stderr}`);
    },
    async rest() {
      const read: string[] = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) read.push(next.value);
      return read;
    },
    write: line => void child.stdin.write(`${line}\n`),
    end: () => child.stdin.end(),
    signal: name => void child.kill(name),
    ended,
  };
}
