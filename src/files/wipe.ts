import { closeSync, constants, fstatSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';

const chunk = Buffer.alloc(65_536);

/**
 * Overwrites what a file held that loses its name, where it has no other.
 * @param remove takes the name away, or gives it to another file
 */
export function wipeAfter(file: string, remove: () => void): void {
  const descriptor = openOld(file);
  try {
    remove();
    if (descriptor !== undefined) wipeNameless(descriptor);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Takes a file away that may hold a secret; there may be none. */
export function wipeFile(file: string): void {
  wipeAfter(file, () => rmSync(file, { force: true }));
}

/** Windows gives no name away of a file that is open. */
function openOld(file: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    // There is none, or it is not ours to write: its name goes all the same.
    return undefined;
  }
}

/** Whether nobody can open a file any more: it was replaced, or taken away. */
export function isNameless(descriptor: number): boolean {
  return process.platform !== 'win32' && fstatSync(descriptor).nlink === 0;
}

/** What another name leads to, as a backup by hard links, is another's. What can't be overwritten is gone without. */
function wipeNameless(descriptor: number): void {
  if (!isNameless(descriptor)) return;
  try {
    const { size } = fstatSync(descriptor);
    for (let at = 0; at < size; ) at += writeSync(descriptor, chunk, 0, Math.min(chunk.length, size - at), at);
    fsyncSync(descriptor);
  } catch {
    // A full or failing disk stops no change of the file.
  }
}
