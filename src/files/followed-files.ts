import { statSync } from 'node:fs';

/** Changes whenever what a file is, or leads to, was written or replaced; empty where it can't be seen. */
export function stampOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return '';
  }
}

/** The stamps of several files in one. */
export function stampsOf(files: readonly string[]): string {
  return files.map(stampOf).join('; ');
}

/** How files that belong together are followed. */
export interface Following {
  readonly files: readonly string[];
  /** Their stamps, taken before they were read. */
  readonly since: string;
  /** Reads them and uses what was read; throws where they don't belong together, or can't be used. */
  readonly use: () => void;
  /** Told what `use` threw, twice for the same files: between two renames a pair is no pair. */
  readonly onError: (error: unknown) => void;
  /** How often it is looked. Default 2,000. */
  readonly lookMs?: number;
}

const looks = new Set<() => void>();

/** Looks at once at all files that are followed in this process. */
export function lookNow(): void {
  for (const look of looks) look();
}

/**
 * Looks from time to time, and at {@link lookNow}, whether one of some files has changed, through links too, and then
 * reads them again.
 * @returns ends it
 */
export function followFiles({ files, since, use, onError, lookMs = 2_000 }: Following): () => void {
  let used = since;
  let failed = '';
  let isTold = false;
  const look = () => {
    // Taken before they are read: what changes meanwhile is seen at the next look.
    const found = stampsOf(files);
    if (found === used || (found === failed && isTold)) return;
    try {
      use();
      used = found;
    } catch (error) {
      isTold = found === failed;
      failed = found;
      if (isTold) onError(error);
    }
  };
  const timer = setInterval(look, lookMs).unref();
  looks.add(look);
  return () => {
    clearInterval(timer);
    looks.delete(look);
  };
}
