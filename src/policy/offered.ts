import { ConfigurationError } from '../errors.ts';
import type { Plan } from './plan.ts';

/** Why a port can't be called: the client waits for an answer to each of its calls. Undefined where it can. */
export function whyNotCalled(plan: Plan): string | undefined {
  const oneWay = plan.operations.find(({ output }) => output === undefined);
  if (oneWay === undefined) return undefined;
  const sides = 'a server serves one-way operations, the client does not call them';
  return `operation ${oneWay.name} of port ${plan.port} has no output; ${sides}`;
}

/** How a port that compiles can be used. @param notCalled what {@link whyNotCalled} says */
export function usesOf(notCalled: string | undefined): string {
  return notCalled === undefined ? 'served and called' : `served; not called: ${notCalled}`;
}

/**
 * How one of several alternatives can be used.
 * @param notServed why a server does not serve it; undefined: it does
 */
export function usesOfAlternative(notCalled: string | undefined, notServed: string | undefined): string {
  if (notServed === undefined) return usesOf(notCalled);
  return notCalled === undefined
    ? `called; not served: ${notServed}`
    : `not served: ${notServed}; not called: ${notCalled}`;
}

/**
 * Refuses a port that can't be called.
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function checkOffered(plan: Plan): void {
  const reason = whyNotCalled(plan);
  if (reason !== undefined) throw new ConfigurationError('POLICY_UNSUPPORTED', reason);
}
