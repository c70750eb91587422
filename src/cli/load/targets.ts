import { openSession, type Session } from '../../client/session.ts';
import type { SessionOptions } from '../../client/session-options.ts';
import { SecureConversationError } from '../../errors.ts';
import { hasConversation, type Plan } from '../../policy/plan.ts';
import type { Outcome } from './attack.ts';
import type { Request } from './body.ts';
import { sharedConnections } from './connections.ts';
import { answerFailure, errorFailure, givenUp } from './failure.ts';

/** Options of {@link openTargets}. */
export interface TargetOptions extends Omit<SessionOptions, 'plan' | 'addresses' | 'order' | 'maxSockets'> {
  readonly plan: Plan;
  /** Addresses of the port on the nodes, or the shared one. */
  readonly addresses: readonly string[];
  /** How many there are; at a port without a conversation: clients. */
  readonly conversations: number;
  readonly request: Request;
  /** Most connections to one address at once, of all conversations together. */
  readonly maxSockets: number;
}

/** What is called: conversations, each of which goes round all addresses. */
export interface Targets {
  /**
   * Opens all conversations by a bootstrap and one call each.
   * @param onOpened called for each that is open
   * @throws {SecureConversationError} the first that could not be opened
   */
  open(onOpened: () => void): Promise<void>;
  /** Settles soon after the signal aborts. */
  call(n: number, signal: AbortSignal): Promise<Outcome>;
  /** How many conversations there are; 0 at a port without one. */
  readonly conversations: number;
  readonly bootstraps: number;
  /**
   * Cancels the conversations, and ends all connections.
   * @param withinMs what is not cancelled by then is left to its Lifetime
   */
  close(withinMs: number): Promise<void>;
}

/** Messages that open a conversation, each to another node: the bootstrap and the first call. */
const openingCalls = 2;

/** How many conversations are opened or closed at once. */
const openingAtOnce = 8;

/**
 * Prepares conversations that call one operation.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` for a credential that is missing or
 * unusable
 */
export function openTargets({ plan, addresses, conversations, request, maxSockets, ...rest }: TargetOptions): Targets {
  const { operation, expected } = request;
  const { end, ...agents } = sharedConnections({ ...rest, maxSockets });
  const sessions = Array.from({ length: conversations }, (_, i) =>
    openSession({ ...rest, ...agents, plan, addresses: turned(addresses, i), order: 'rotate' }),
  );

  const callOnce = async (session: Session, address?: string, signal?: AbortSignal): Promise<Outcome> => {
    const { envelope, ...numbers } = await session.call({ operation, body: request.body(), address, signal });
    return { ...numbers, failure: answerFailure(envelope, expected) };
  };
  return {
    async open(onOpened) {
      await eachOf(sessions, async session => {
        const { failure } = await callOnce(session);
        if (failure !== undefined) throw openingError(failure);
        onOpened();
      });
    },
    async call(n, signal) {
      const [i, round] = [n % conversations, Math.floor(n / conversations)];
      const session = sessions[i] as Session;
      // Each conversation goes on to the next node with each of its calls, from the first that opening it has not met.
      const address = addresses[(i + openingCalls + round) % addresses.length];
      return callOnce(session, address, signal).catch(error => ({
        failure: signal.aborted ? givenUp : errorFailure(error),
        address,
        sentBytes: 0,
        receivedBytes: 0,
        stateChars: 0,
      }));
    },
    conversations: hasConversation(plan) ? conversations : 0,
    get bootstraps() {
      return sessions.reduce((sum, session) => sum + session.bootstraps, 0);
    },
    async close(withinMs) {
      const late = setTimeout(end, withinMs);
      await eachOf(sessions, async session => {
        await session.close();
      });
      clearTimeout(late);
      end();
    },
  };
}

function openingError({ kind, message }: { readonly kind: string; readonly message: string }): Error {
  const said = message === '' ? kind : `${kind}: ${message}`;
  return new SecureConversationError('FAULT', `the service answered the first call with ${said}`);
}

function turned<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await act(item);
  };
  await Promise.all(Array.from({ length: openingAtOnce }, worker));
}
