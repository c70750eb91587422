import type { Registry } from 'prom-client';
import { registerAll } from '../server/metrics.ts';
import type { BearerTokens } from './bearer-tokens.ts';

/** Registers what a token service counts with a registry of prom-client, which an endpoint may have too. */
export async function registerTokenMetrics(
  registry: Registry,
  { statistics }: Pick<BearerTokens, 'statistics'>,
): Promise<void> {
  await registerAll(registry, {
    counters: [
      {
        name: 'wssc_token_requests_total',
        help: 'Requests to the token service that were answered, or refused with a code of OAuth.',
        labels: ['path', 'outcome'],
        read: () =>
          Object.entries(statistics().requests).flatMap(([path, outcomes]) =>
            Object.entries(outcomes).map(([outcome, count]) => [count, { path, outcome }] as const),
          ),
      },
    ],
    gauges: [
      {
        name: 'wssc_token_password_queue',
        help: 'Password checks that wait for their turn, at the token service.',
        read: () => [[statistics().passwordQueue]],
      },
    ],
  });
}
