import { writeCancelRequest } from '../conversation/token-request.ts';
import { SecureConversationError } from '../errors.ts';
import { writePlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { contentText } from '../message/verified.ts';
import { checkOffered } from '../policy/offered.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { bootstrap, bootstrapKeys, type Conversation } from './bootstrap.ts';
import { type Exchanged, type ExchangeParts, type ExchangeTime, exchange, exchangeParts } from './exchange.ts';
import { checkMultiReferences } from './multi-references.ts';
import { type SessionOptions, type SessionSettings, sessionOptions } from './session-options.ts';

/** What a call brought. */
export interface CallResult {
  /** The answer in clear: an envelope with nothing but the verified Body. A fault of the service is such an answer. */
  readonly envelope: string;
  readonly status: number;
  readonly address: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Characters of the sealed state in the request. */
  readonly stateChars: number;
}

/** What is known of a session's conversations. */
export interface SessionStatus {
  /** How many conversations were opened so far. */
  readonly bootstraps: number;
  /** Identifier of the present conversation; undefined where there is none. */
  readonly contextId: string | undefined;
}

/** A call of an operation. */
export interface SessionCall {
  readonly operation: OperationPlan;
  readonly body: OutgoingBody;
  /** Header blocks to carry beside those that are written here; default: none. */
  readonly headers?: readonly Element[] | undefined;
  /** Send to this one alone; default: to the session's, in their order. */
  readonly address?: string | undefined;
}

/** One user's conversation with one WSDL port: opened by the first call, kept over all calls. */
export interface Session extends SessionStatus {
  /**
   * Calls an operation.
   * @throws {SecureConversationError} `NETWORK` (a {@link NetworkError}), `BUSY` (a {@link ServiceBusy}), `FAULT` (an
   * unsecured fault), `BAD_CONTEXT_TOKEN` (again, after a new bootstrap), `MESSAGE_REFUSED` (the answer is not what the
   * policy says)
   */
  call(call: SessionCall): Promise<CallResult>;
  /**
   * Cancels the conversation at the service, where the policy lets it, and closes the connections.
   * @returns true where the service confirmed it; otherwise the conversation ends by its Lifetime
   */
  close(): Promise<boolean>;
}

/**
 * Opens a session; nothing is sent before the first call.
 * @param time default: the machine's
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` for an option that is missing or unusable
 */
export function openSession(options: SessionOptions, time?: ExchangeTime): Session {
  return startSession(sessionOptions.read(options, { of: 'openSession', path: '' }), time);
}

/** The same with options that were read. @throws {SecureConversationError} like {@link openSession} */
export function startSession(settings: SessionSettings, time?: ExchangeTime): Session {
  const { plan } = settings;
  checkOffered(plan);
  const keys = bootstrapKeys(settings);
  const parts = exchangeParts(settings, time);
  let opening: Promise<Conversation> | undefined;
  let present: Conversation | undefined;
  let bootstraps = 0;

  /** The present conversation, or a new one; parallel callers share one bootstrap. */
  const conversation = (): Promise<Conversation> | Conversation => {
    if (present !== undefined && Date.now() < present.renewAtMs) return present;
    opening ??= bootstrap(keys, parts)
      .then(opened => {
        bootstraps += 1;
        present = opened;
        return opened;
      })
      .finally(() => {
        opening = undefined;
      });
    return opening;
  };

  const forget = (lost: Conversation) => {
    if (present === lost) present = undefined;
  };

  const callIn = async (
    held: Conversation,
    { operation, body, headers = [], address }: SessionCall,
  ): Promise<CallResult> => {
    const exchanged = await exchange(parts, {
      plan: operation,
      keys: { context: held.requestKey },
      context: held.key,
      action: operation.inputAction,
      answerActions: [operation.outputAction, plan.addressing.faultAction],
      body,
      headers,
      isHarmless: false,
      address,
    });
    return result(exchanged, plan, held);
  };

  return {
    get bootstraps() {
      return bootstraps;
    },
    get contextId() {
      return present?.key.id;
    },
    async call(call) {
      const held = await conversation();
      try {
        return await callIn(held, call);
      } catch (error) {
        if (!isLost(error)) throw error;
        forget(held);
        return callIn(await conversation(), call);
      }
    },
    async close() {
      const held = present;
      present = undefined;
      const cancelled = held !== undefined && plan.mayCancel && (await cancel(held, plan, parts));
      parts.transport.close();
      return cancelled;
    },
  };
}

function isLost(error: unknown): boolean {
  return error instanceof SecureConversationError && error.code === 'BAD_CONTEXT_TOKEN';
}

/**
 * Cancels. Whatever comes of it, the caller has done what they could: some services (CXF) cancel and answer what no
 * policy allows, one that does not know the conversation any more has nothing left to cancel.
 */
async function cancel(held: Conversation, plan: Plan, parts: ExchangeParts): Promise<boolean> {
  try {
    await exchange(parts, {
      plan: plan.cancel,
      keys: { context: held.requestKey },
      context: held.key,
      action: plan.dialect.requestAction.cancel,
      answerActions: [plan.dialect.responseAction.cancel],
      body: writeCancelRequest(plan.dialect, held.unattachedReference),
      isHarmless: true,
      address: undefined,
    });
    return true;
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    return isLost(error);
  }
}

function result(exchanged: Exchanged, { soap }: Plan, held: Conversation): CallResult {
  const { verified, status, address, sentBytes, receivedBytes } = exchanged;
  if (verified.content !== undefined) checkMultiReferences(verified.content);
  const envelope = writePlainEnvelope(soap, verified.content, contentText(verified));
  return { envelope, status, address, sentBytes, receivedBytes, stateChars: held.stateChars };
}
