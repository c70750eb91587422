import { writeCancelRequest } from '../conversation/token-request.ts';
import { Refusal, SecureConversationError } from '../errors.ts';
import type { BootstrapKeys } from '../message/sending-key.ts';
import { faultIn } from '../message/verified.ts';
import { ns, sessionFaultAction, spoken } from '../names.ts';
import { checkOffered } from '../policy/offered.ts';
import { type ConversationPlan, hasConversation, type QName } from '../policy/plan.ts';
import { isReceiverFault, specialName } from '../soap/fault-shape.ts';
import { untilAborted } from './abort.ts';
import { bootstrap, type Conversation, renew } from './bootstrap.ts';
import { credentialsOf } from './credentials.ts';
import {
  type ConversationParts,
  type Exchanged,
  type ExchangeTime,
  exchange,
  exchangeParts,
  routed,
} from './exchange.ts';
import { PeerFault } from './peer-fault.ts';
import { plainSession } from './plain-session.ts';
import { answerActions, type CallResult, callResult, type SessionCall } from './session-call.ts';
import { type SessionOptions, type SessionSettings, sessionOptions } from './session-options.ts';
import { closed } from './transport.ts';

/** What is known of a session's conversations. */
export interface SessionStatus {
  /** How many conversations were opened so far. */
  readonly bootstraps: number;
  /** How often a conversation was renewed. */
  readonly renewals: number;
  /** Identifier of the present conversation; undefined where there is none. */
  readonly contextId: string | undefined;
}

/**
 * One user's conversation with one WSDL port: opened by the first call, kept over all calls. Before it ends it is
 * renewed, where policy and service let it, or a new one is opened. Where the policy has no conversation, each call
 * proves by itself who sends it.
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
   * Cancels the conversation at the service, where the policy lets it, and closes the connections. No call is made
   * after it.
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
  const { keys, ...credentials } = credentialsOf(settings);
  const parts = exchangeParts(settings, credentials, time);
  return hasConversation(plan) ? conversationSession(keys, { ...parts, plan }) : plainSession(keys, parts);
}

function conversationSession(keys: BootstrapKeys, parts: ConversationParts): Session {
  const { plan } = parts;
  let opening: Promise<Conversation> | undefined;
  let present: Conversation | undefined;
  let bootstraps = 0;
  let renewals = 0;
  let { mayRenew } = plan;
  let isClosed = false;
  /** By the route of the last call: a Cancel takes it, too. */
  let latest = parts;

  const opened = async (parts: ConversationParts): Promise<Conversation> => {
    const fresh = await bootstrap(keys, parts);
    bootstraps += 1;
    return fresh;
  };

  /** A renewal that is refused leaves the conversation as it is: a new one takes its place. */
  const renewed = async (parts: ConversationParts, held: Conversation): Promise<Conversation> => {
    try {
      const next = await renew(keys, parts, held);
      renewals += 1;
      return next;
    } catch (error) {
      if (!isRefused(error)) throw error;
      mayRenew &&= isForNow(error, plan);
      return opened(parts);
    }
  };

  /** The present conversation, or what follows it; parallel callers share one bootstrap or renewal. */
  const conversation = (parts: ConversationParts): Promise<Conversation> | Conversation => {
    if (present !== undefined && Date.now() < present.renewAtMs) return present;
    opening ??= (present !== undefined && mayRenew ? renewed(parts, present) : opened(parts))
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

  const exchangeIn = (
    parts: ConversationParts,
    held: Conversation,
    { operation, body, headers = [], address, signal }: SessionCall,
  ) =>
    exchange(parts, {
      plan: operation,
      addressing: plan.addressing,
      keys: { context: held.requestKey },
      context: held.key,
      action: operation.inputAction,
      answerActions: [...answerActions(operation, plan), sessionFaultAction],
      body,
      headers,
      isForIssuer: false,
      address,
      signal,
    });

  const callIn = async (parts: ConversationParts, held: Conversation, call: SessionCall): Promise<CallResult> =>
    callResult(await exchangeIn(parts, held, call), call.operation, plan, held.stateChars);

  /** @returns undefined where the call was not done, because the conversation is lost or must be renewed first */
  const firstTry = async (
    parts: ConversationParts,
    held: Conversation,
    call: SessionCall,
  ): Promise<CallResult | undefined> => {
    try {
      const exchanged = await exchangeIn(parts, held, call);
      if (!isRenewNeeded(exchanged, plan)) return callResult(exchanged, call.operation, plan, held.stateChars);
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
      if (isClosed) throw closed();
      const by = call.route === undefined ? parts : routed(parts, call.route);
      latest = by;
      const held = () => {
        call.signal?.throwIfAborted();
        return untilAborted(conversation(by), call.signal);
      };
      return (await firstTry(by, await held(), call)) ?? callIn(by, await held(), call);
    },
    async close() {
      isClosed = true;
      const held = present;
      present = undefined;
      const cancelled = held !== undefined && plan.mayCancel && (await cancel(held, plan, latest));
      parts.transport.close();
      return cancelled;
    },
  };
}

function isLost(error: unknown): boolean {
  return error instanceof SecureConversationError && error.code === 'BAD_CONTEXT_TOKEN';
}

/** Whether a call was answered that its conversation has to be renewed first, under the conversation's protection. */
function isRenewNeeded({ verified }: Exchanged, { dialect, addressing }: ConversationPlan): boolean {
  if (addressing !== undefined && verified.addressing?.action !== sessionFaultAction) return false;
  const fault = faultIn(verified);
  if (fault === undefined) return false;
  const { namespace, local } = specialName(fault);
  return local === 'RenewNeeded' && namespace === dialect.wsc;
}

/**
 * Whether a renewal was refused, or answered by what is none. A password that is wrong by now is wrong for a bootstrap
 * too, and each wrong one counts.
 */
function isRefused(error: unknown): error is PeerFault | Refusal {
  if (!(error instanceof PeerFault)) return error instanceof Refusal;
  const { namespace, local } = nameOf(error);
  return namespace !== ns.wsse || local !== 'FailedAuthentication';
}

/** Whether it was refused for this conversation, or for a trouble of the service: then the next one may be renewed. */
function isForNow(error: PeerFault | Refusal, { dialect }: ConversationPlan): boolean {
  if (!(error instanceof PeerFault)) return false;
  return nameOf(error).namespace === dialect.wsc || isReceiverFault(error.faultCode);
}

function nameOf({ faultCode, faultSubcode }: PeerFault): QName {
  return specialName({ code: faultCode, subcode: faultSubcode });
}

/**
 * Cancels. Whatever comes of it, the caller has done what they could: some services (CXF) cancel and answer what no
 * policy allows, one that does not know the conversation any more has nothing left to cancel.
 */
async function cancel(held: Conversation, plan: ConversationPlan, parts: ConversationParts): Promise<boolean> {
  try {
    await exchange(parts, {
      plan: plan.cancel,
      addressing: plan.trustAddressing,
      keys: { context: held.requestKey },
      context: held.key,
      action: spoken(plan.dialect.requestAction.cancel),
      answerActions: [spoken(plan.dialect.responseAction.cancel)],
      body: writeCancelRequest(plan.dialect, held.unattachedReference),
      isForIssuer: true,
      address: undefined,
    });
    return true;
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    return isLost(error);
  }
}
