import { type Awaitable, after } from '../awaitable.ts';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { keyIdOfSeal, openWith, ringToSealWith } from '../keyring/seal.ts';
import { latestEntries } from '../latest-entries.ts';
import { type ContextKeys, contextKeys } from '../security/context-keys.ts';
import type { Store } from '../store/store.ts';
import { cancelList } from './cancel-list.ts';
import { cancelContext } from './cancellation.ts';
import type { Context, OpenedFrom } from './context.ts';
import { farmRollOver } from './farm-roll-over.ts';
import { isExpiredAt, isValidAt, openContext, parseState, sealContext, writeState } from './seal.ts';
import { checkSeal } from './self-test.ts';
import type { ContextToken, FoundState, KeptState, StateMode, TokenAudience } from './state-mode.ts';

/** Renewed conversations of a farm that a node remembers, in some 20 MB; of those beyond it the store is asked. */
const sharedContexts = 100_000;

export interface CookieModeOptions {
  /** The ring as it is at each use; while it is stale nothing is issued, but everything is opened. */
  readonly keeper: Pick<RingKeeper, 'ring' | 'stale' | 'refresh'>;
  /** Contexts kept beside their sealed state, and renewed ones whose latest Instance is known. */
  readonly cacheEntries: number;
  /** How long an Instance may be used after the first use of the next one. */
  readonly rolloverMs: number;
  /** What was cancelled, and which Instances were replaced: asked on each find. */
  readonly store: Store;
  readonly random?: RandomSource;
}

/** A context, with the very text it was sealed as: a hit needs that text. */
interface CacheEntry {
  readonly state: string;
  readonly keyId: string | undefined;
  readonly context: Context;
  /** Made by the first message: a conversation that is only begun has none. */
  keys: ContextKeys | undefined;
  from: OpenedFrom;
}

/**
 * Keeps the state of a conversation in its token, sealed. A bounded cache saves the opening; it never makes a token
 * good that would not open now: expiry, cancellation and the sealing key are checked on a hit as well.
 *
 * What was replaced by a renewal is known to the nodes that have seen the new Instance in use, and to those that hear
 * of it by a store; a node that does not know takes an older Instance until it expires by itself.
 */
export function cookieMode(options: CookieModeOptions): StateMode {
  const { keeper, cacheEntries, rolloverMs, random = randomBytesPooled } = options;
  checkSeal(random);
  const cancels = cancelList(options.store);
  const cache = latestEntries<CacheEntry>(cacheEntries);
  const instances = farmRollOver({
    store: options.store,
    windowMs: rolloverMs,
    maxOwn: cacheEntries,
    maxShared: Math.max(cacheEntries, sharedContexts),
    skewMs: () => keeper.ring().policy.skewMs,
    random,
  });

  const keep = (entry: CacheEntry, { audience, dialect }: TokenAudience) => {
    // The key is made of the context's own names, not of the token's: those are parts of a message.
    const { id, instance } = entry.context;
    cache.set(cacheKey({ dialect, id, instance }, audience), entry);
  };
  const usable = (entry: CacheEntry, from: OpenedFrom, nowMs: number): Awaitable<FoundState | undefined> =>
    isValidAt(entry.context, keeper.ring().policy.skewMs, nowMs) && instances.use(entry.context, nowMs)
      ? after(cancels.has(entry.context.id), isCancelled => (isCancelled ? undefined : foundIn(entry, from, nowMs)))
      : undefined;
  const isGoodHit = (entry: CacheEntry, state: string, nowMs: number) =>
    entry.state === state && entry.keyId !== undefined && keeper.ring().find(entry.keyId, nowMs) !== undefined;

  const issue = (context: Context, { audience, dialect }: TokenAudience, nowMs: number): Awaitable<string> =>
    after(ringToSealWith(keeper), ring => {
      const sealed = sealContext(context, { audience, wsc: dialect.wsc }, ring, nowMs, random);
      const state = writeState(sealed);
      keep({ state, keyId: keyIdOfSeal(sealed), context, keys: undefined, from: 'issued' }, { audience, dialect });
      return state;
    });

  return {
    issue,
    replace(previous, context, binding, nowMs) {
      return after(instances.ask(context.id), () => {
        if (instances.isReplaced(previous)) return refuse('unableToRenew', 'renew-older-instance');
        // The user was asked for a password since the context was found.
        return after(cancels.has(context.id), isCancelled =>
          isCancelled ? refuse('unableToRenew', 'renew-cancelled') : issue(context, binding, nowMs),
        );
      });
    },
    find(token, audience, nowMs) {
      if (token.state === undefined) return undefined;
      const entry = cache.get(cacheKey(token, audience));
      if (entry !== undefined && isGoodHit(entry, token.state, nowMs)) {
        const { from } = entry;
        entry.from = 'cache';
        return usable(entry, from, nowMs);
      }
      const sealed = parseState(token.state);
      const keyId = sealed && keyIdOfSeal(sealed);
      const state = copyOf(token.state);
      return after(sealed && opened(sealed, keyId, token, audience, nowMs), context => {
        if (context === undefined) return undefined;
        const made: CacheEntry = { state, keyId, context, keys: undefined, from: 'cache' };
        const learnt = instances.learn(context.id, nowMs);
        return after(
          after(learnt, () => usable(made, 'seal', nowMs)),
          found => {
            if (found !== undefined) keep(made, { audience, dialect: token.dialect });
            return found;
          },
        );
      });
    },
    cancel: (context, nowMs) => cancelContext(cancels, context, keeper.ring().policy.skewMs, nowMs),
    cancelled: (cancellation, nowMs) => cancels.heard(cancellation, nowMs),
  };

  function opened(
    sealed: Buffer,
    keyId: string | undefined,
    { dialect, id, instance }: ContextToken,
    audience: string,
    nowMs: number,
  ): Awaitable<Context | undefined> {
    const binding = { audience, wsc: dialect.wsc, id, instance };
    return openWith(
      keeper,
      () => keyId,
      ring => openContext(sealed, binding, ring, nowMs),
    );
  }
}

function foundIn(entry: CacheEntry, openedFrom: OpenedFrom, nowMs: number): KeptState {
  const { context } = entry;
  entry.keys ??= contextKeys(context.secret);
  return { context, openedFrom, keys: entry.keys, isExpired: isExpiredAt(context, nowMs) };
}

function cacheKey({ dialect, id, instance }: Omit<ContextToken, 'state'>, audience: string): string {
  return `${audience}\0${dialect.wsc}\0${id}\0${instance ?? ''}`;
}

/** A text in memory of its own: a part of a message would keep the whole message. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
