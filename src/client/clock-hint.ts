import type { Awaitable } from '../awaitable.ts';
import { Refusal } from '../errors.ts';
import { httpDateMs } from './service-busy.ts';

/** A Date has whole seconds, and an answer is on its way for a while. */
const roundedMs = 2_000;

/**
 * What to do where the Date of an answer (RFC 9110 §6.6.1) shows that the service's clock differs from the one here by
 * more than is tolerated; undefined where it shows no such thing. Anyone on the way may have written it: it is a hint.
 * @param nowMs milliseconds since the epoch
 */
export function clockHint(date: string | undefined, nowMs: number, clockSkewMs: number): string | undefined {
  const dateMs = httpDateMs(date);
  if (dateMs === undefined || Math.abs(dateMs - nowMs) <= clockSkewMs + roundedMs) return undefined;
  const seconds = Math.round(Math.abs(dateMs - nowMs) / 1_000);
  const where = dateMs > nowMs ? 'ahead of' : 'behind';
  return `the clock of the service is ${seconds} s ${where} the one here: set the one that is wrong`;
}

/** Verifies an answer. @throws {Refusal} rejects with it; where the answer is out of its time, with the hint */
export async function outOfTime<T>(hintOf: () => string | undefined, verify: () => Awaitable<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof Refusal) || error.fault !== 'messageExpired') throw error;
    const hint = hintOf();
    if (hint === undefined) throw error;
    throw new Refusal(error.fault, error.reason, error, { message: error.message, hint });
  }
}
