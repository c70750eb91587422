import type { Registry } from 'prom-client';

/**
 * A registry of prom-client with the metrics of this process: the delay of its event loop, memory, processor time,
 * garbage collection.
 */
export async function openRegistry(): Promise<Registry> {
  const { collectDefaultMetrics, Registry: Made } = await import('prom-client');
  const registry = new Made();
  collectDefaultMetrics({ register: registry });
  return registry;
}
