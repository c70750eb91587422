import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from './program.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Where the WCF client is looked for: `WCF_PEER`, or beside the repository. It can't be fetched from a package
 * registry.
 */
export const wcfPeerFile = process.env.WCF_PEER ?? resolve(repository, '../shared/peers/wcf/bin/wcf-peer');
export const wcfPeerIsThere = existsSync(wcfPeerFile);

/** One line of the WCF client: a step of `call`, or a scenario of `matrix`. */
export interface WcfStep {
  readonly step: string;
  readonly ok: boolean;
  /** How often it renewed, in the last line of `--renew-watch`. */
  readonly count?: number;
  /** Text of the answer. */
  readonly text?: string;
  /** State of the channel after a failure. */
  readonly channel?: string;
  /** Failure of a scenario. */
  readonly reason?: string | null;
  readonly fault?: {
    readonly exception: string;
    readonly code: string | null;
    readonly subcode: string | null;
    readonly namespace: string | null;
  };
}

export interface WcfRun {
  readonly code: number | null;
  readonly steps: readonly WcfStep[];
}

/** Starts the WCF client with JSON output. */
export function startWcf(words: readonly string[]): Program {
  return startProgram(wcfPeerFile, [...words, '--json']);
}

/** Runs the WCF client to its end. */
export async function runWcf(words: readonly string[]): Promise<WcfRun> {
  const program = startWcf(words);
  const steps = await stepsOf(program);
  return { code: await program.ended, steps };
}

/** The steps that a running WCF client still prints. */
export async function stepsOf(program: Program): Promise<WcfStep[]> {
  return (await program.rest()).map(line => JSON.parse(line));
}
