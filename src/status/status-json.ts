import type { Shown } from './page.ts';

/**
 * What a program reads of a farm's state, JSON: `{nodes: [{name, up, startedMs}], ring: {generation, keys: [{id4,
 * state}]}}`. `startedMs` is null where a node has not said when it started, `ring` where there is none yet.
 */
export function writeStatus({ nodes, ring }: Shown): string {
  const status = {
    nodes: nodes.map(({ name, problem, figures }) => ({
      name,
      up: problem === undefined,
      startedMs: figures?.startedMs ?? null,
    })),
    ring:
      ring === undefined
        ? null
        : { generation: ring.generation, keys: ring.keys.map(({ id4, state }) => ({ id4, state })) },
  };
  return `${JSON.stringify(status)}\n`;
}
