/** Counters of one token service since it was created. */
export interface TokenStatistics {
  /** By path (`/token`, `/introspect`, `/revoke`, else `other`) and outcome: `answered`, or an error's code. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Password checks that wait for their turn now. */
  readonly passwordQueue: number;
}

/** Where a token service counts. */
export interface TokenCounters {
  /** @param path as the request has it */
  count(path: string, outcome: string): void;
  snapshot(): TokenStatistics;
}

/** Fresh counters. @param paths those that are told apart */
export function tokenCounters(paths: readonly string[], passwordQueue: () => number): TokenCounters {
  const requests = new Map([...paths, 'other'].map(path => [path, new Map([['answered', 0]])]));
  return {
    count(path, outcome) {
      const outcomes = requests.get(path) ?? requests.get('other');
      outcomes?.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    },
    snapshot: () => ({
      requests: Object.fromEntries([...requests].map(([path, outcomes]) => [path, Object.fromEntries(outcomes)])),
      passwordQueue: passwordQueue(),
    }),
  };
}
