import { fork } from 'node:child_process';
import type { MemoryFigures } from './memory-process.ts';

export type { MemoryFigures };

/** Contexts that a node keeps in its cache by default. */
export const cacheEntries = 10_000;

/** Growth of a process in which `conversations` sealed states are made, each used in one call. */
export function measureMemory(wsdl: string, conversations: number): Promise<MemoryFigures> {
  const program = new URL('./memory-process.js', import.meta.url);
  const child = fork(program, [wsdl, String(conversations), String(cacheEntries)]);
  return new Promise((resolve, reject) => {
    child.once('message', figures => resolve(figures as MemoryFigures));
    child.once('exit', code => reject(new Error(`the memory measurement ended with ${code}`)));
  });
}
