import type { Plan } from '../../../src/policy/plan.ts';
import type { Context } from '../../../src/state/context.ts';
import type { ContextToken } from '../../../src/state/state-mode.ts';
import { newContext } from '../contexts.ts';

/** Roles of a user, as names of some length. */
export const roleCounts = [1, 10, 50] as const;

export function contextWith(roles: number): Context {
  return { ...newContext(Date.now()), roles: Array.from({ length: roles }, (_, n) => `orders-reader-${n}`) };
}

/** The token of a context in one port. */
export function tokenOf({ id, instance }: Context, { dialect }: Plan, state: string | undefined): ContextToken {
  return { dialect, id, instance, state };
}
