import type { IncomingMessage } from 'node:http';
import { octetsOf } from '../octets.ts';
import { getOnce } from '../policy/fetch-document.ts';
import { readExposition, type Sample } from './sample.ts';
import type { WatchedNode } from './watch.ts';

/** Longest metrics: a hundred times as long as those of a node with ten operations. */
const maxBytes = 2_097_152;

/** A node that is asked for its metrics at its admin address. @param address base address */
export function nodeAt(address: string): WatchedNode {
  const url = new URL('/metrics', address);
  return { name: url.host, ask: signal => askAt(url, signal) };
}

function askAt(url: URL, signal: AbortSignal): Promise<readonly Sample[]> {
  return getOnce(url, { signal }, answered).catch((error: NodeJS.ErrnoException) => {
    if (signal.aborted) throw new Error('does not answer in time');
    throw error.code === undefined ? error : new Error(`does not answer (${error.code})`);
  });
}

async function answered(response: IncomingMessage): Promise<readonly Sample[]> {
  if (response.statusCode !== 200) throw new Error(`answers with HTTP ${response.statusCode}`);
  const octets = await octetsOf(response, maxBytes);
  if (octets === undefined) throw new Error(`sends more than ${maxBytes / 1_048_576} MiB of metrics`);
  const samples = readExposition(octets.toString('utf8'));
  if (samples.length === 0) throw new Error('answers, but not with the metrics of a node');
  return samples;
}
