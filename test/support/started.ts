import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn as startProcess } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { noteLines, noteSecretsBelow } from './log-secrets.ts';

/** As those of node:child_process; what the process logs is looked through for secrets. */
export const spawn = ((command: string, words: readonly string[], options: SpawnOptions = {}) => {
  const child = startProcess(command, words, { ...options, stdio: heard(options.stdio) });
  watch(child, foldersOf(words, String(options.cwd ?? '.')));
  drainLog(child, options.stdio);
  return child;
}) as typeof startProcess;

/** Standard error is always heard, also where a test has no use for it. */
function heard(stdio: StdioOptions | undefined): StdioOptions {
  if (stdio === undefined || typeof stdio === 'string')
    return stdio === 'pipe' || stdio === undefined ? 'pipe' : [stdio, stdio, 'pipe'];
  return [stdio[0], stdio[1], 'pipe', ...stdio.slice(3)];
}

/** What a test would not have read must not fill the pipe. */
function drainLog({ stderr }: ChildProcess, stdio: StdioOptions | undefined): void {
  const wanted = typeof stdio === 'object' ? stdio[2] : stdio;
  if (wanted === 'inherit') stderr?.on('data', chunk => process.stderr.write(chunk));
  if (wanted === 'ignore') stderr?.resume();
}

/** Folders where a command may have its files. */
function foldersOf(words: readonly string[], cwd: string): string[] {
  const named = words.map(word => resolve(cwd, word)).filter(existsSync);
  const folders = named.map(place => (statSync(place).isDirectory() ? place : dirname(place)));
  return [...folders, ...words.map(word => resolve(cwd, word)), join(resolve(cwd), 'data')];
}

function watch({ stdout, stderr }: ChildProcess, folders: readonly string[]): void {
  const known = () => {
    for (const folder of folders) noteSecretsBelow(folder);
  };
  known();
  onLines(stderr, line => {
    known();
    noteLines(line);
  });
  // Where a shell has put both together, what is no line of a log is the result that was asked for.
  onLines(stdout, line => {
    if (line.startsWith('{"level":')) noteLines(line);
  });
}

/** Told of each line, without taking it from who reads the stream. */
function onLines(stream: Readable | null, told: (line: string) => void): void {
  if (stream === null) return;
  let rest = '';
  const push = stream.push.bind(stream);
  stream.push = (chunk, encoding) => {
    const pieces = `${rest}${chunk ?? '\n'}`.split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces.filter(each => each !== '')) told(piece);
    return push(chunk, encoding);
  };
}
