import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const settleMs = 20;

/**
 * Calls when a file may have changed. It watches the folder, because a rename gives the name to another file. Where
 * that can't be done nothing is called: its users also look from time to time.
 * @returns ends it
 */
export function watchFile(file: string, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(file), { persistent: false });
  } catch {
    return () => {};
  }
  watcher.on('error', () => watcher.close());
  watcher.on('change', (_event, name) => {
    if (name !== null && String(name) !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(act, settleMs).unref();
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
