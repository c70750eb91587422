import { isDeepStrictEqual } from 'node:util';
import { followFiles, stampOf } from '../files/followed-files.ts';
import type { Log } from '../server/log.ts';
import type { Limits } from '../xml/limits.ts';

/**
 * Reads a configuration, and notes how its file was before, to follow it from here on.
 * @returns begins to follow it: `use` takes its limits whenever they are others. Of other members that have changed the
 * log says that they wait for the next start, and of a file that can't be used why; then all stays as it was
 */
export function followableConfig<Config extends { readonly limits: Limits }>(file: string, read: () => Config) {
  const since = stampOf(file);
  const config = read();
  let { limits } = config;
  const follow = (use: (limits: Limits) => void, log: Log): void => {
    const take = () => {
      const next = read();
      const members = changedMembers(config, next);
      if (members.length > 0)
        log.warn({ file, members }, 'the configuration has changed: these wait for the next start');
      if (isDeepStrictEqual(next.limits, limits)) return;
      use(next.limits);
      limits = next.limits;
      log.info({ file, limits }, 'other limits');
    };
    followFiles({ files: [file], since, use: take, onError: err => log.error({ err }, 'configuration not read') });
  };
  return { config, follow };
}

function changedMembers<Config extends object>(before: Config, next: Config): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(next)]) as Set<string & keyof Config>;
  const changed = [...names].filter(name => name !== 'limits' && !isDeepStrictEqual(before[name], next[name]));
  // Files have all their times in seconds.
  return changed.map(name => name.replace(/Ms$/, 'S'));
}
