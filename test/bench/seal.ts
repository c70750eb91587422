import { randomBytesPooled } from '../../src/crypto/random.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { openState, sealState } from '../state/made.ts';
import { newContext } from './contexts.ts';
import { interleaved } from './rounds.ts';

export interface SealFigures {
  readonly sealUs: number;
  readonly openUs: number;
  readonly base64Chars: number;
}

/**
 * Seals a context of user `alice` with roles `reader` and `editor`, and opens it, as for each message that misses the
 * cache.
 */
export async function measureSeal({ audience, dialect }: Plan, rounds: number): Promise<SealFigures> {
  const nowMs = Date.now();
  const ring = keyRing(createRing({ nowMs, random: randomBytesPooled }));
  const context = newContext(nowMs);
  const binding = { audience, wsc: dialect.wsc };
  const sealed = sealState(context, binding, ring, nowMs, randomBytesPooled);
  const found = { ...binding, id: context.id, instance: context.instance };
  const seal = () => sealState(context, binding, ring, nowMs, randomBytesPooled);
  const open = () => {
    if (openState(sealed, found, ring, nowMs) === undefined) throw new Error('the state did not open');
  };
  const repeated = (work: () => unknown) => (count: number) => {
    for (let i = 0; i < count; i++) work();
  };
  const [sealUs = 0, openUs = 0] = await interleaved(
    [
      { name: 'seal', times: 10_000, run: repeated(seal) },
      { name: 'open', times: 10_000, run: repeated(open) },
    ],
    rounds,
  );
  return { sealUs, openUs, base64Chars: sealed.length };
}
