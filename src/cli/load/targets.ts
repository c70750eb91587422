import { PeerFault } from '../../client/peer-fault.ts';
import { openSession, type Session } from '../../client/session.ts';
import type { SessionOptions } from '../../client/session-options.ts';
import { SecureConversationError } from '../../errors.ts';
import { hasConversation, type Plan } from '../../policy/plan.ts';
import { printable } from '../../printable.ts';
import { readFault } from '../../soap/fault-shape.ts';
import { scanText } from '../../xml/scan.ts';
import type { Outcome } from './attack.ts';
import type { Request } from './body.ts';

/** Options of {@link openTargets}. */
export interface TargetOptions extends Omit<SessionOptions, 'plan' | 'addresses' | 'order'> {
  readonly plan: Plan;
  /** Addresses of the port on the nodes, or the shared one. */
  readonly addresses: readonly string[];
  /** How many there are; at a port without a conversation: clients. */
  readonly conversations: number;
  readonly request: Request;
}

/** What is called: conversations, each of which goes round all addresses. */
export interface Targets {
  /**
   * Opens all conversations by a bootstrap and one call each.
   * @throws {SecureConversationError} the first that could not be opened
   */
  open(): Promise<void>;
  call(n: number): Promise<Outcome>;
  /** How many conversations there are; 0 at a port without one. */
  readonly conversations: number;
  readonly bootstraps: number;
  /** Cancels the conversations; a node that is gone does not matter any more. */
  close(): Promise<void>;
}

/** Messages that open a conversation, each to another node: the bootstrap and the first call. */
const openingCalls = 2;

/** Of an error in the report: the names of the specifications' faults are shorter. */
const maxNameChars = 64;

/** How many conversations are opened or closed at once. */
const openingAtOnce = 8;

/**
 * Prepares conversations that call one operation.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` for a credential that is missing or
 * unusable
 */
export function openTargets({ plan, addresses, conversations, request, ...rest }: TargetOptions): Targets {
  const { operation, expected } = request;
  const sessions = Array.from({ length: conversations }, (_, i) =>
    openSession({ ...rest, plan, addresses: turned(addresses, i), order: 'rotate' }),
  );

  const callOnce = async (session: Session, address: string | undefined): Promise<Outcome> => {
    const { envelope, ...numbers } = await session.call({ operation, body: request.body(), address });
    return { ...numbers, error: answerError(envelope, expected) };
  };
  return {
    async open() {
      await eachOf(sessions, async session => {
        const { error } = await callOnce(session, undefined);
        if (error !== undefined)
          throw new SecureConversationError('FAULT', `the service answered the first call with ${error}`);
      });
    },
    async call(n) {
      const [i, round] = [n % conversations, Math.floor(n / conversations)];
      const session = sessions[i] as Session;
      // Each conversation goes on to the next node with each of its calls, from the first that opening it has not met.
      const address = addresses[(i + openingCalls + round) % addresses.length];
      return callOnce(session, address).catch(error => ({
        error: errorName(error),
        address: undefined,
        sentBytes: 0,
        receivedBytes: 0,
        stateChars: 0,
      }));
    },
    conversations: hasConversation(plan) ? conversations : 0,
    get bootstraps() {
      return sessions.reduce((sum, session) => sum + session.bootstraps, 0);
    },
    close: () =>
      eachOf(sessions, async session => {
        await session.close();
      }),
  };
}

/** Undefined for a good answer. */
function answerError(envelope: string, expected: string | undefined): string | undefined {
  const body = scanText(envelope).root.children.at(-1);
  const fault = body && readFault(body);
  if (fault !== undefined) return `service fault ${printable(fault.subcode?.local ?? fault.code.local, maxNameChars)}`;
  return expected === undefined || envelope.includes(`>${expected}</`) ? undefined : 'other answer';
}

/** A failed call's name in the report: the fault's innermost code, else the error's. */
function errorName(error: unknown): string {
  if (error instanceof PeerFault) return printable(error.faultSubcode?.local ?? error.faultCode.local, maxNameChars);
  return error instanceof SecureConversationError ? error.code : 'unexpected error';
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
