import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuthenticationMethod, OpenedFrom } from '../state/context.ts';

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
}

const storage = new AsyncLocalStorage<CurrentContext>();

/** The conversation of the call that is being served; undefined outside an operation. */
export function currentContext(): CurrentContext | undefined {
  return storage.getStore();
}

/** Runs `operation` with `context` as {@link currentContext}. */
export function withContext<T>(context: CurrentContext, operation: () => T): T {
  return storage.run(context, operation);
}
