import { type Awaitable, after, recovered } from '../awaitable.ts';
import { randomBytesPooled } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import { cancelList } from './cancel-list.ts';
import { cancelContext } from './cancellation.ts';
import { isUuidUri } from './codec.ts';
import type { Context, OpenedFrom } from './context.ts';
import {
  begun,
  foundIn,
  instanceOf,
  isReplaced,
  isUsable,
  type KeptConversation,
  renewed,
} from './kept-conversation.ts';
import type { RecordBinding } from './record.ts';
import { isValidAt } from './seal.ts';
import { checkSeal } from './self-test.ts';
import type { FoundState, StateMode, TokenAudience } from './state-mode.ts';
import {
  retryMs,
  type StoredConversation,
  type StoredConversationsOptions,
  storedConversations,
} from './stored-conversations.ts';

/** Options of {@link databaseMode}; `random`: default the system's. */
export interface DatabaseModeOptions
  extends Omit<StoredConversationsOptions, 'random'>,
    Partial<Pick<StoredConversationsOptions, 'random'>> {
  /** How long an Instance may be used after the first use of the next one. */
  readonly rolloverMs: number;
}

/** A new Instance that takes the place of another. */
interface Renewal {
  readonly previous: Context;
  readonly next: Context;
  readonly nowMs: number;
}

/** Renewals of one conversation at the same time, on any nodes: each after the first is tried again. */
const maxTries = 5;

/**
 * Keeps conversations in a store that the nodes share, sealed with the ring: their tokens carry nothing but names. A
 * bounded cache saves the reading and the opening, for a minute each time. Cancellation, expiry and the sealing key are
 * checked on a hit as well. A store that is down ends no conversation that this node has read.
 */
export function databaseMode(options: DatabaseModeOptions): StateMode {
  const { keeper, rolloverMs, random = randomBytesPooled } = options;
  checkSeal(random);
  const cancels = cancelList(options.store);
  const conversations = storedConversations({ ...options, random });

  const usable = (
    name: RecordBinding,
    stored: StoredConversation,
    instance: string | undefined,
    from: OpenedFrom,
    nowMs: number,
  ): Awaitable<FoundState | undefined> => {
    const found = instanceOf(stored.kept, instance);
    if (found === undefined || !isValidAt(found.context, keeper.ring().policy.skewMs, nowMs)) return undefined;
    if (!isUsable(stored.kept, found.context, nowMs, rolloverMs)) return undefined;
    return after(cancels.has(name.id), isCancelled => {
      if (isCancelled) return undefined;
      conversations.note(name, stored, found.context, nowMs);
      return foundIn(found, from, nowMs);
    });
  };

  /** Renews what stands in the store by then: another node may have renewed, used or cancelled it meanwhile. */
  const replaced = (name: RecordBinding, { previous, next, nowMs }: Renewal, tries = 1): Awaitable<undefined> => {
    const writtenOver = (stored: StoredConversation | undefined, isCancelled: boolean): Awaitable<undefined> => {
      if (stored === undefined || isCancelled) return refuse('unableToRenew', 'renew-cancelled');
      checkLatest(stored.kept, previous);
      const kept = renewed(stored.kept, next, nowMs, rolloverMs);
      return after(conversations.write(name, kept, stored.version, nowMs), outcome => {
        if (outcome === 'written') return undefined;
        if (tries === maxTries) return refuse('server', 'state-conflict');
        return replaced(name, { previous, next, nowMs }, tries + 1);
      });
    };
    return after(conversations.read(name, nowMs), stored =>
      after(cancels.has(name.id), isCancelled => writtenOver(stored, isCancelled)),
    );
  };

  return {
    issue(context, binding, nowMs) {
      const written = conversations.write(nameOf(binding, context.id), begun(context), 0, nowMs);
      return after(written, outcome => (outcome === 'conflict' ? refuse('server', 'state-conflict') : undefined));
    },
    replace(previous, context, binding, nowMs) {
      const name = nameOf(binding, context.id);
      // A first use here may not stand in the store yet.
      const known = conversations.known(name, nowMs);
      if (known !== undefined) checkLatest(known.kept, previous);
      return replaced(name, { previous, next: context, nowMs });
    },
    find({ dialect, id, instance, state }, audience, nowMs) {
      // The Identifier is the peer's word: a text that can't be one of ours is never asked for.
      if (state !== undefined || !isUuidUri(id)) return undefined;
      const name = nameOf({ audience, dialect }, id);
      const cached = conversations.known(name, nowMs);
      const known = cached !== undefined && instanceOf(cached.kept, instance) !== undefined ? cached : undefined;
      if (known !== undefined && nowMs < known.freshUntilMs) return usable(name, known, instance, 'cache', nowMs);
      const reading = recovered(
        () => conversations.read(name, nowMs),
        error => believed(known, error, nowMs),
      );
      return after(reading, stored =>
        stored === undefined ? undefined : usable(name, stored, instance, stored === known ? 'cache' : 'store', nowMs),
      );
    },
    cancel(context, nowMs) {
      return after(cancelContext(cancels, context, keeper.ring().policy.skewMs, nowMs), cancellation => {
        // What was cancelled is found no more; that its record goes too only makes room.
        conversations.drop(cancellation.id);
        return cancellation;
      });
    },
    cancelled: (cancellation, nowMs) => cancels.heard(cancellation, nowMs),
  };
}

function nameOf({ audience, dialect }: TokenAudience, id: string): RecordBinding {
  return { audience, wsc: dialect.wsc, id };
}

function checkLatest(kept: KeptConversation, previous: Context): void {
  if (isReplaced(kept, previous)) refuse('unableToRenew', 'renew-older-instance');
}

/** What this node knows goes on while the store is down. @throws `error` where it knows nothing */
function believed(known: StoredConversation | undefined, error: unknown, nowMs: number): StoredConversation {
  if (known === undefined) throw error;
  known.freshUntilMs = nowMs + retryMs;
  return known;
}
