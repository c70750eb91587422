import { writeCancelRequest } from '../conversation/token-request.ts';
import { Refusal, SecureConversationError } from '../errors.ts';
import { writePlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { contentText, faultIn } from '../message/verified.ts';
import { ns, sessionFaultAction } from '../names.ts';
import { checkOffered } from '../policy/offered.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { bootstrap, bootstrapKeys, type Conversation, renew } from './bootstrap.ts';
import { type Exchanged, type ExchangeParts, type ExchangeTime, exchange, exchangeParts } from './exchange.ts';
import { checkMultiReferences } from './multi-references.ts';
import { PeerFault } from './peer-fault.ts';
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
  /** How often a conversation was renewed. */
  readonly renewals: number;
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

/**
 * One user's conversation with one WSDL port: opened by the first call, kept over all calls. Before it ends it is
 * renewed, where policy and service let it, or a new one is opened.
 */
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
  let renewals = 0;
  let { mayRenew } = plan;

  const opened = async (): Promise<Conversation> => {
    const fresh = await bootstrap(keys, parts);
    bootstraps += 1;
    return fresh;
  };

  /** A renewal that is refused leaves the conversation as it is: a new one takes its place. */
  const renewed = async (held: Conversation): Promise<Conversation> => {
    try {
      const next = await renew(keys, parts, held);
      renewals += 1;
      return next;
    } catch (error) {
      if (!isRefused(error)) throw error;
      mayRenew &&= isForNow(error, plan);
      return opened();
    }
  };

  /** The present conversation, or what follows it; parallel callers share one bootstrap or renewal. */
  const conversation = (): Promise<Conversation> | Conversation => {
    if (present !== undefined && Date.now() < present.renewAtMs) return present;
    opening ??= (present !== undefined && mayRenew ? renewed(present) : opened())
      .then(next => {
        present = next;
        return next;
      })
      .finally(() => {
        opening = undefined;
      });
    return opening;
  };

  const forget = (lost: Conversation) => {
    if (present === lost) present = undefined;
  };

  const expire = (expired: Conversation) => {
    if (present === expired) present = { ...expired, renewAtMs: 0 };
  };

  const exchangeIn = (held: Conversation, { operation, body, headers = [], address }: SessionCall) =>
    exchange(parts, {
      plan: operation,
      keys: { context: held.requestKey },
      context: held.key,
      action: operation.inputAction,
      answerActions: [operation.outputAction, plan.addressing.faultAction, sessionFaultAction],
      body,
      headers,
      isHarmless: false,
      address,
    });

  const callIn = async (held: Conversation, call: SessionCall): Promise<CallResult> =>
    result(await exchangeIn(held, call), plan, held);

  /** @returns undefined where the call was not done, because the conversation is lost or must be renewed first */
  const firstTry = async (held: Conversation, call: SessionCall): Promise<CallResult | undefined> => {
    try {
      const exchanged = await exchangeIn(held, call);
      if (!isRenewNeeded(exchanged, plan)) return result(exchanged, plan, held);
      expire(held);
    } catch (error) {
      if (!isLost(error)) throw error;
      forget(held);
    }
    return undefined;
  };

  return {
    get bootstraps() {
      return bootstraps;
    },
    get renewals() {
      return renewals;
    },
    get contextId() {
      return present?.key.id;
    },
    async call(call) {
      return (await firstTry(await conversation(), call)) ?? callIn(await conversation(), call);
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

/** Whether a call was answered that its conversation has to be renewed first, under the conversation's protection. */
function isRenewNeeded({ verified }: Exchanged, { dialect }: Plan): boolean {
  if (verified.addressing?.action !== sessionFaultAction) return false;
  const subcode = faultIn(verified)?.subcode;
  return subcode?.local === 'RenewNeeded' && subcode.namespace === dialect.wsc;
}

/**
 * Whether a renewal was refused, or answered by what is none. A password that is wrong by now is wrong for a bootstrap
 * too, and each wrong one counts.
 */
function isRefused(error: unknown): error is PeerFault | Refusal {
  if (!(error instanceof PeerFault)) return error instanceof Refusal;
  const { faultSubcode } = error;
  return faultSubcode?.namespace !== ns.wsse || faultSubcode.local !== 'FailedAuthentication';
}

/** Whether it was refused for this conversation, or for a trouble of the service: then the next one may be renewed. */
function isForNow(error: PeerFault | Refusal, { dialect }: Plan): boolean {
  if (!(error instanceof PeerFault)) return false;
  return error.faultSubcode?.namespace === dialect.wsc || error.faultCode.local === 'Receiver';
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
