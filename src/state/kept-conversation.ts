import { type ContextKeys, contextKeys } from '../security/context-keys.ts';
import type { Context, OpenedFrom } from './context.ts';
import { isExpiredAt } from './seal.ts';
import type { KeptState } from './state-mode.ts';

/** One Instance of a conversation that is kept here, with what was derived from its secret since then. */
export interface KeptInstance {
  readonly context: Context;
  /** Made by the first message. */
  keys: ContextKeys | undefined;
  /** Issued by this node, and not used yet. */
  isNew: boolean;
}

/** What is kept of a conversation whose tokens carry nothing but names: its Instances, and which of them is in use. */
export interface KeptConversation {
  /** In the order in which they were issued. All have one Identifier and one absolute end. */
  readonly instances: readonly KeptInstance[];
  readonly latest: LatestInstance;
}

/** The latest Instance that has been in use, by its number of renewals. */
export interface LatestInstance {
  readonly renewals: number;
  /** When it was used first; 0 for the Instance of the Issue. */
  readonly sinceMs: number;
}

/** Instances that are kept of one conversation: who renews without end, and uses none of them, fills nothing. */
export const maxInstances = 8;

/** A conversation that is issued now. */
export function begun(context: Context): KeptConversation {
  return { instances: [newInstance(context)], latest: { renewals: 0, sinceMs: 0 } };
}

function newInstance(context: Context): KeptInstance {
  return { context, keys: undefined, isNew: true };
}

/** The Instance that a token names. */
export function instanceOf({ instances }: KeptConversation, instance: string | undefined): KeptInstance | undefined {
  return instances.find(({ context }) => context.instance === instance);
}

/** An Instance as it was found. @param from where, but for its first use at the node that issued it */
export function foundIn(instance: KeptInstance, from: OpenedFrom, nowMs: number): KeptState {
  const { context, isNew } = instance;
  instance.isNew = false;
  instance.keys ??= contextKeys(context.secret);
  const openedFrom = isNew ? 'issued' : from;
  return { context, openedFrom, keys: instance.keys, isExpired: isExpiredAt(context, nowMs) };
}

/**
 * The conversation with an Instance in use; the same object where that was known. The roll-over begins with the first
 * use of the next Instance, not with its issue: that answer may have been lost.
 */
export function inUse(kept: KeptConversation, { renewals }: Context, nowMs: number): KeptConversation {
  return renewals > kept.latest.renewals ? { ...kept, latest: { renewals, sinceMs: nowMs } } : kept;
}

/** Whether an Instance may be used: not one that is older than another, once that has been in use for the window. */
export function isUsable(
  { latest }: KeptConversation,
  { renewals }: Context,
  nowMs: number,
  windowMs: number,
): boolean {
  return renewals >= latest.renewals || nowMs < latest.sinceMs + windowMs;
}

/** Whether a later Instance than this has been in use: then it is renewed no more. */
export function isReplaced({ latest }: KeptConversation, { renewals }: Context): boolean {
  return renewals < latest.renewals;
}

/**
 * The conversation with one Instance more, and without those that nobody may use any more. Of several that were issued
 * for one all are good, since answers may be lost. Where that makes too many, those give place that were issued first
 * and never used, then those that were replaced.
 */
export function renewed(kept: KeptConversation, next: Context, nowMs: number, windowMs: number): KeptConversation {
  const instances = kept.instances.filter(({ context }) => isUsable(kept, context, nowMs, windowMs));
  while (instances.length >= maxInstances) instances.splice(leastWanted(instances, kept.latest), 1);
  return { ...kept, instances: [...instances, newInstance(next)] };
}

function leastWanted(instances: readonly KeptInstance[], { renewals }: LatestInstance): number {
  return Math.max(
    0,
    instances.findIndex(({ context }) => context.renewals > renewals),
  );
}
