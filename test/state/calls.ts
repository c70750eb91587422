import { dialects } from '../../src/names.ts';
import type { Context } from '../../src/state/context.ts';
import type { ContextToken, FoundState, StateMode } from '../../src/state/state-mode.ts';
import { atOnce, readVector } from './made.ts';

/* Calls of a state mode that has every answer at hand, in conversations of one user at one service. */

/** The context of a conversation that is begun at `nowMs`. */
export const { context: alice } = readVector('alice');
export const nowMs = alice.createdMs;
export const audience = '{urn:soap-secure-conversation:echo}EchoService/EchoTls13';
export const dialect = dialects['200512'];
export const binding = { audience, dialect };

/** The token of a context, with its state where it carries one. */
export function tokenOf(context: Context, state?: string): ContextToken {
  return { dialect, id: context.id, instance: context.instance, state };
}

/** Issues a conversation. @returns its token */
export function issued(mode: StateMode, context = alice, atMs = nowMs): ContextToken {
  return tokenOf(context, atOnce(mode.issue(context, binding, atMs)));
}

/** Finds a conversation by its token, as a message at a time to a service does. */
export function find(mode: StateMode, token: ContextToken, atMs = nowMs, at = audience): FoundState | undefined {
  return atOnce(mode.find(token, at, atMs));
}

/** Renews a conversation. @returns the token of its next Instance */
export function replace(mode: StateMode, previous: Context, next: Context, atMs = nowMs): ContextToken {
  return tokenOf(next, atOnce(mode.replace(previous, next, binding, atMs)));
}

/** One of many Identifiers and Instances. */
export function uriOf(n: number): string {
  return `urn:uuid:${String(n).padStart(8, '0')}-4455-4677-8899-aabbccddeeff`;
}

/** The context of an Instance of the same conversation. @param n of several that were made for the same one */
export function renewedTo(renewals: number, n = renewals): Context {
  return { ...alice, instance: uriOf(n), renewals };
}

/** The context of another conversation. */
export const other: Context = { ...alice, id: `${alice.id.slice(0, -1)}0` };
