import { LRUCache } from 'lru-cache';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { KeyRing } from '../keyring/ring.ts';
import { type ContextKeys, contextKeys } from '../security/context-keys.ts';
import { type CancelList, cancelList } from './cancel-list.ts';
import type { Context, OpenedFrom } from './context.ts';
import { isValidAt, keyIdOf, openState, refuseStale, sealState } from './seal.ts';
import { checkSeal } from './self-test.ts';
import type { ContextToken, FoundState, StateMode, TokenAudience } from './state-mode.ts';

export interface CookieModeOptions {
  /** The ring as it is now; asked for at each use. */
  readonly ring: () => KeyRing;
  /** True while the ring may lack keys that other nodes have: then nothing is issued, but everything is opened. */
  readonly stale?: () => boolean;
  /** Looks for a newer ring, for a key id that is unknown; true where there is one. Must limit itself: anyone can send unknown key ids. */
  readonly refresh?: (keyId: string) => boolean;
  /** Contexts kept beside their sealed state. Default 10,000. */
  readonly cacheEntries?: number;
  readonly cancels?: CancelList;
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
 * Keeps the state of a conversation in its token, sealed. A bounded cache saves the opening; it never makes a token good that would not
 * open now: expiry, cancellation and the sealing key are checked on a hit as well.
 */
export function cookieMode(options: CookieModeOptions): StateMode {
  const { ring, stale, refresh, cacheEntries = 10_000, cancels = cancelList(), random = randomBytesPooled } = options;
  checkSeal(random);
  const cache = new LRUCache<string, CacheEntry>({ max: cacheEntries });

  const keep = (text: string, context: Context, { audience, dialect }: TokenAudience, from: OpenedFrom) => {
    const state = copyOf(text);
    // The key is made of the context's own names, not of the token's: those are parts of a message.
    const key = cacheKey({ dialect, id: context.id, instance: context.instance }, audience);
    const entry: CacheEntry = { state, keyId: keyIdOf(state), context, keys: undefined, from };
    cache.set(key, entry);
    return entry;
  };
  const isUsable = (context: Context, nowMs: number) =>
    isValidAt(context, ring().policy.skewMs, nowMs) && !cancels.has(context.id, nowMs);
  const isGoodHit = (entry: CacheEntry, state: string, nowMs: number) =>
    entry.state === state && entry.keyId !== undefined && ring().find(entry.keyId, nowMs) !== undefined;

  return {
    issue(context, { audience, dialect }, nowMs) {
      if (stale?.()) refuseStale('the ring was not read for longer than its propagation time');
      const text = sealState(context, { audience, wsc: dialect.wsc }, ring(), nowMs, random);
      keep(text, context, { audience, dialect }, 'issued');
      return text;
    },
    find(token, audience, nowMs): FoundState | undefined {
      if (token.state === undefined) return undefined;
      const entry = cache.get(cacheKey(token, audience));
      if (entry !== undefined && isGoodHit(entry, token.state, nowMs)) {
        const { context, from } = entry;
        entry.from = 'cache';
        return isUsable(context, nowMs) ? foundIn(entry, from) : undefined;
      }
      const context = opened(token, token.state, audience, nowMs);
      if (context === undefined || !isUsable(context, nowMs)) return undefined;
      return foundIn(keep(token.state, context, { audience, dialect: token.dialect }, 'cache'), 'seal');
    },
    cancel(context, nowMs) {
      const cancellation = { id: context.id, untilMs: lastUseMs(context) + ring().policy.skewMs };
      if (!cancels.add(cancellation.id, cancellation.untilMs, nowMs)) refuse('server', 'cancel-list-full');
      return cancellation;
    },
    cancelled: (id, untilMs) => cancels.add(id, untilMs, 0),
  };

  function opened(token: ContextToken, state: string, audience: string, nowMs: number): Context | undefined {
    const binding = { audience, wsc: token.dialect.wsc, id: token.id, instance: token.instance };
    const context = openState(state, binding, ring(), nowMs);
    if (context !== undefined || refresh === undefined) return context;
    const keyId = keyIdOf(state);
    const isUnknown = keyId !== undefined && !ring().keys.some(({ id }) => id === keyId);
    return isUnknown && refresh(keyId) ? openState(state, binding, ring(), nowMs) : undefined;
  }
}

function foundIn(entry: CacheEntry, openedFrom: OpenedFrom): FoundState {
  entry.keys ??= contextKeys(entry.context.secret);
  return { context: entry.context, openedFrom, keys: entry.keys };
}

/** No instance of a context is used after its absolute end; a renewal that another node makes meanwhile ends with it. */
function lastUseMs({ tokenExpiresMs, absoluteExpiresMs }: Context): number {
  return Math.max(tokenExpiresMs, absoluteExpiresMs);
}

function cacheKey({ dialect, id, instance }: Omit<ContextToken, 'state'>, audience: string): string {
  return `${audience}\0${dialect.wsc}\0${id}\0${instance ?? ''}`;
}

/** A text in memory of its own: a part of a message would keep the whole message. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
