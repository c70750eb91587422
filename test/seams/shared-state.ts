import { setImmediate } from 'node:timers/promises';
import type { Context, StateMode } from '../../src/index.ts';

/** A conversation that was issued, and the service that it is for. */
interface Issued {
  readonly context: Context;
  readonly audience: string;
  readonly wsc: string;
}

/**
 * A state mode of somebody else's: the contexts stand in one place for all nodes, and tokens carry their Identifier
 * alone. Each answer is waited for, as that of a database.
 */
export function sharedState(): StateMode {
  const conversations = new Map<string, Issued>();
  const isUsable = ({ keyEffectiveMs, keyExpiresMs, tokenExpiresMs }: Context, nowMs: number) =>
    keyEffectiveMs <= nowMs && nowMs < Math.min(keyExpiresMs, tokenExpiresMs);
  return {
    async issue(context, { audience, dialect }) {
      await setImmediate();
      conversations.set(context.id, { context, audience, wsc: dialect.wsc });
      return undefined;
    },
    async replace(_previous, context, { audience, dialect }) {
      await setImmediate();
      conversations.set(context.id, { context, audience, wsc: dialect.wsc });
      return undefined;
    },
    async find({ id, instance, dialect }, audience, nowMs) {
      await setImmediate();
      const found = conversations.get(id);
      if (found === undefined || found.audience !== audience || found.wsc !== dialect.wsc) return undefined;
      const { context } = found;
      return context.instance === instance && isUsable(context, nowMs) ? { context, openedFrom: 'store' } : undefined;
    },
    async cancel({ id, absoluteExpiresMs }) {
      await setImmediate();
      conversations.delete(id);
      return { id, untilMs: absoluteExpiresMs };
    },
    async cancelled({ id }) {
      await setImmediate();
      conversations.delete(id);
      return true;
    },
  };
}
