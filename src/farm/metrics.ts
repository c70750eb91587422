import type { NodeSlot } from './node-slot.ts';

/** The metrics of all nodes that are up, as Prometheus reads them; each value has the node's name as its label. */
export async function farmMetrics(slots: readonly Pick<NodeSlot, 'metrics'>[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  const metrics = await Promise.all(slots.map(slot => slot.metrics()));
  return AggregatorRegistry.aggregate(metrics).metrics();
}

/** How a farm is: it serves as long as one of its nodes is up. */
export function farmReadiness(slots: readonly Pick<NodeSlot, 'up' | 'settings'>[]) {
  return {
    ready: slots.some(({ up }) => up),
    nodes: slots.map(({ up, settings: { name } }) => ({ name, up })),
  };
}
