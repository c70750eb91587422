import { after } from '../awaitable.ts';
import { refuse } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { latestEntries } from '../latest-entries.ts';
import type { Store } from '../store/store.ts';
import { cancelList } from './cancel-list.ts';
import { cancelContext } from './cancellation.ts';
import {
  begun,
  foundIn,
  instanceOf,
  inUse,
  isReplaced,
  isUsable,
  type KeptConversation,
  renewed,
} from './kept-conversation.ts';
import { isValidAt } from './seal.ts';
import type { StateMode } from './state-mode.ts';

export interface NoneModeOptions {
  /** Its policy says how far clocks may differ; nothing is sealed. */
  readonly keeper: Pick<RingKeeper, 'ring'>;
  /** Conversations that the node has at most: where it is full, the one that was not used for longest gives place. */
  readonly maxConversations: number;
  /** How long an Instance may be used after the first use of the next one. */
  readonly rolloverMs: number;
  /** A conversation that no message has named for so long ends. */
  readonly idleMs: number;
  /** What was cancelled: asked on each find. */
  readonly store: Store;
}

/** A conversation of this node. */
interface Held {
  readonly kept: KeptConversation;
  readonly usedMs: number;
}

/**
 * Keeps conversations in the memory of this node, and nowhere else: their tokens carry nothing but names, and whatever
 * stands before the nodes has to send each client to the same node again. Another node does not know the conversation,
 * nor does this one after a restart.
 */
export function noneMode(options: NoneModeOptions): StateMode {
  const { keeper, maxConversations, rolloverMs, idleMs } = options;
  const cancels = cancelList(options.store);
  /** In the order of their last use. */
  const conversations = latestEntries<Held>(maxConversations);

  const hold = (name: string, kept: KeptConversation, nowMs: number) => {
    conversations.set(name, { kept, usedMs: nowMs });
  };
  const heldAt = (name: string, nowMs: number): KeptConversation | undefined => {
    const held = conversations.get(name);
    return held !== undefined && nowMs < held.usedMs + idleMs ? held.kept : undefined;
  };
  const dropEnded = (nowMs: number) => {
    for (const [name, { usedMs }] of conversations.fromOldest()) {
      if (nowMs < usedMs + idleMs) return;
      conversations.delete(name);
    }
  };

  return {
    issue(context, { audience, dialect }, nowMs) {
      dropEnded(nowMs);
      hold(nameOf(audience, dialect.wsc, context.id), begun(context), nowMs);
      return undefined;
    },
    replace(previous, context, { audience, dialect }, nowMs) {
      const name = nameOf(audience, dialect.wsc, context.id);
      // The user was asked for a password since the context was found.
      return after(cancels.has(context.id), isCancelled => {
        const kept = heldAt(name, nowMs);
        if (isCancelled || kept === undefined) return refuse('unableToRenew', 'renew-cancelled');
        if (isReplaced(kept, previous)) return refuse('unableToRenew', 'renew-older-instance');
        hold(name, renewed(kept, context, nowMs, rolloverMs), nowMs);
        return undefined;
      });
    },
    find(token, audience, nowMs) {
      const name = nameOf(audience, token.dialect.wsc, token.id);
      const kept = token.state === undefined ? heldAt(name, nowMs) : undefined;
      const found = kept && instanceOf(kept, token.instance);
      if (kept === undefined || found === undefined) return undefined;
      const { context } = found;
      if (!isValidAt(context, keeper.ring().policy.skewMs, nowMs)) return undefined;
      if (!isUsable(kept, context, nowMs, rolloverMs)) return undefined;
      return after(cancels.has(context.id), isCancelled => {
        if (isCancelled) return undefined;
        hold(name, inUse(kept, context, nowMs), nowMs);
        return foundIn(found, 'cache', nowMs);
      });
    },
    cancel: (context, nowMs) => cancelContext(cancels, context, keeper.ring().policy.skewMs, nowMs),
    cancelled: (cancellation, nowMs) => cancels.heard(cancellation, nowMs),
  };
}

function nameOf(audience: string, wsc: string, id: string): string {
  return `${audience}\0${wsc}\0${id}`;
}
