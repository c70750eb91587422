import { Readable } from 'node:stream';
import { vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Ended } from './script.ts';

/** Runs wssc to its end in this process: its standard input, output and folder are put in the place of ours. */
export async function runInProcess(words: readonly string[], cwd: string, input: string): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const back = [hear('stdout', said), hear('stderr', said), give(input), enter(cwd)];
  const { exitCode } = process;
  process.exitCode = undefined;
  try {
    return { status: await run(words), ...said };
  } finally {
    process.exitCode = exitCode;
    for (const restore of back) restore();
  }
}

function hear(name: 'stdout' | 'stderr', said: Record<typeof name, string>): () => void {
  const write = vi.spyOn(process[name], 'write').mockImplementation(chunk => {
    said[name] += chunk;
    return true;
  });
  return () => write.mockRestore();
}

function give(input: string): () => void {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};
  Object.defineProperty(process, 'stdin', { ...stdin, get: () => Readable.from([Buffer.from(input)]) });
  return () => Object.defineProperty(process, 'stdin', stdin);
}

function enter(folder: string): () => void {
  const before = process.cwd();
  process.chdir(folder);
  return () => process.chdir(before);
}
