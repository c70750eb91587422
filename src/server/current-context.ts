import { AsyncLocalStorage } from 'node:async_hooks';
import { SecureConversationError } from '../errors.ts';
import type { AuthenticationMethod, Context, OpenedFrom } from '../state/context.ts';
import type { ContextBearerOptions } from './context-bearer.ts';

/** What a service operation is called in: a conversation, or at a port without one the call alone. */
export interface CurrentContext {
  /** Identifier of the conversation; undefined at a port without one. */
  readonly id: string | undefined;
  /** undefined where the conversation was begun, or the call sent, without saying who: then it is `anonymous`. */
  readonly user: string | undefined;
  readonly roles: readonly string[];
  readonly authenticatedBy: AuthenticationMethod;
  /**
   * Where this node found the conversation: `issued` here, in its `cache`, opened from the `seal`, or in a shared
   * `store`; undefined at a port without one.
   */
  readonly openedFrom: OpenedFrom | undefined;
  /** Name of the node that serves the call. */
  readonly node: string;
  /**
   * The user, for an operation that is for users alone.
   * @throws node-soap's form of a fault where there is none: the caller is told that it needs one
   */
  requireUser(): string;
  /**
   * Makes a bearer token for the conversation's user, with the roles as claims, so that the client reaches other
   * services of the farm without a second login. It ends with the conversation at the latest.
   * @throws {Refusal} `server` where nothing may be issued now, or where user and roles are too long
   * @throws {TypeError} for an audience, scope or lifetime that can't be, and in an anonymous conversation
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

/** The user of a conversation. @throws node-soap's form of a fault in an anonymous one */
export function contextUser({ user }: Pick<Context, 'user'>): string {
  if (user !== undefined) return user;
  throw { Fault: { Code: { Value: 'Sender' }, Reason: { Text: 'This operation is for users who say who they are.' } } };
}
