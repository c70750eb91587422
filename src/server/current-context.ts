import { AsyncLocalStorage } from 'node:async_hooks';
import { SecureConversationError } from '../errors.ts';
import type { AuthenticationMethod, OpenedFrom } from '../state/context.ts';
import type { ContextBearerOptions } from './context-bearer.ts';

/** The conversation that a service operation is called in. */
export interface CurrentContext {
  /** Identifier of the conversation. */
  readonly id: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly authenticatedBy: AuthenticationMethod;
  /** Where this node found it: `issued` here, in its `cache`, opened from the `seal`, or in a shared `store`. */
  readonly openedFrom: OpenedFrom;
  /** Name of the node that serves the call. */
  readonly node: string;
  /**
   * Makes a bearer token for the conversation's user, with the roles as claims, so that the client reaches other
   * services of the farm without a second login. It ends with the conversation at the latest.
   * @throws {Refusal} `server` where nothing may be issued now, or where user and roles are too long
   * @throws {TypeError} for an audience, scope or lifetime that can't be
   */
  bearerToken(options: ContextBearerOptions): string;
}

const storage = new AsyncLocalStorage<CurrentContext>();

/**
 * The conversation of the call that is being served.
 * @throws {SecureConversationError} `NO_CONTEXT` outside of an operation, and in what runs on after its call by another
 * way
 */
export function currentContext(): CurrentContext {
  const context = storage.getStore();
  if (context !== undefined) return context;
  throw new SecureConversationError('NO_CONTEXT', 'currentContext() is called outside of an operation', {
    hint: 'where there may be no call, ask findCurrentContext()',
  });
}

/** The conversation of the call that is being served; undefined outside of an operation. */
export function findCurrentContext(): CurrentContext | undefined {
  return storage.getStore();
}

/** Runs `operation` with `context` as {@link currentContext}. */
export function withContext<T>(context: CurrentContext, operation: () => T): T {
  return storage.run(context, operation);
}
