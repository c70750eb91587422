import { PeerFault } from '../../client/peer-fault.ts';
import { openSession, type Session } from '../../client/session.ts';
import type { SessionOptions } from '../../client/session-options.ts';
import { ConfigurationError, SecureConversationError } from '../../errors.ts';
import type { OperationPlan, Plan } from '../../policy/plan.ts';
import { printable } from '../../printable.ts';
import { readFault } from '../../soap/fault-shape.ts';
import { scanText } from '../../xml/scan.ts';
import { escapeAttribute } from '../../xml/write.ts';
import type { Outcome } from './attack.ts';

/** Options of {@link openTargets}. */
export interface TargetOptions extends Omit<SessionOptions, 'plan' | 'addresses' | 'order'> {
  readonly plan: Plan;
  /** Addresses of the port on the nodes, or the shared one. */
  readonly addresses: readonly string[];
  readonly conversations: number;
  /** Characters of the text that is echoed. */
  readonly payloadBytes: number;
}

/** What is called: conversations, each of which goes round all addresses. */
export interface Targets {
  /**
   * Opens all conversations by a bootstrap and one call each.
   * @throws {SecureConversationError} the first that could not be opened
   */
  open(): Promise<void>;
  call(n: number): Promise<Outcome>;
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
 * Prepares conversations that call Echo.
 * @throws {SecureConversationError} `CONFIG_INVALID` where the port has no operation Echo
 */
export function openTargets({ plan, addresses, conversations, payloadBytes, ...rest }: TargetOptions): Targets {
  const operation = echoOf(plan);
  const text = 'soap-'.repeat(Math.ceil(payloadBytes / 5)).slice(0, payloadBytes);
  const body = { declarations: '', content: echoContent(operation, text) };
  const sessions = Array.from({ length: conversations }, (_, i) =>
    openSession({ ...rest, plan, addresses: turned(addresses, i), order: 'rotate' }),
  );

  const callOnce = async (session: Session, address: string | undefined): Promise<Outcome> => {
    const { envelope, ...numbers } = await session.call({ operation, body, address });
    return { ...numbers, error: answerError(envelope, text) };
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
    get bootstraps() {
      return sessions.reduce((sum, session) => sum + session.bootstraps, 0);
    },
    close: () =>
      eachOf(sessions, async session => {
        await session.close();
      }),
  };
}

function echoOf(plan: Plan): OperationPlan {
  const operation = plan.operations.find(({ name }) => name === 'Echo');
  if (operation === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} has no operation Echo`, {
      hint: 'the load test calls the service of wsdl/echo.wsdl',
    });
  return operation;
}

function echoContent({ input }: OperationPlan, text: string): string {
  return `<e:Echo xmlns:e="${escapeAttribute(input.namespace)}"><e:text>${text}</e:text></e:Echo>`;
}

/** Undefined where the answer holds what was sent. */
function answerError(envelope: string, text: string): string | undefined {
  const body = scanText(envelope).root.children.at(-1);
  const fault = body && readFault(body);
  if (fault !== undefined) return `service fault ${printable(fault.subcode?.local ?? fault.code.local, maxNameChars)}`;
  return envelope.includes(`>${text}</`) ? undefined : 'other answer';
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
