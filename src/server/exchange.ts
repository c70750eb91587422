import { type Awaitable, after } from '../awaitable.ts';
import { cancelContext } from '../conversation/cancel.ts';
import { type IssueOptions, issueContext, type Principal } from '../conversation/issue.ts';
import { checkRenewTarget, renewContext } from '../conversation/renew.ts';
import { parseTokenRequest, type TokenRequest } from '../conversation/token-request.ts';
import { CallerGone, Overload, refuse } from '../errors.ts';
import type { Message } from '../message/message.ts';
import type { SendKeys } from '../message/sending-key.ts';
import { type OutgoingBody, selfContained } from '../message/sent-body.ts';
import type { Verified } from '../message/verified.ts';
import { sessionFaultAction, type TrustRequest } from '../names.ts';
import { type ExchangePlan, type MessagePlan, type OperationPlan, type Plan, tokenUseOf } from '../policy/plan.ts';
import { userOf } from '../security/supporting-tokens.ts';
import { writeContextReference } from '../security/token-reference.ts';
import { faultContent } from '../soap/fault.ts';
import { writeFaultElement } from '../soap/fault-shape.ts';
import { type FoundState, keysOf } from '../state/state-mode.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import type { CurrentContext } from './current-context.ts';
import type { PortParts, ServedPort } from './port.ts';
import type { ServiceAnswer } from './service.ts';

/** What is answered to a verified request: a Body to be protected by the exchange's response plan. */
export interface Reply {
  readonly action: string;
  readonly body: OutgoingBody;
  readonly keys: SendKeys;
  readonly isFault: boolean;
}

/** One kind of exchange: how its request and response are protected, and what is done with the verified request. */
export interface Exchange {
  readonly plan: ExchangePlan;
  /** Whether it has no answer but a fault. */
  readonly isOneWay: boolean;
  /** @returns undefined where a one-way request was accepted */
  perform(verified: Verified, port: ServedPort, caller: CountedCaller): Awaitable<Reply | undefined>;
}

/**
 * Picks the exchange by wsa:Action, and holds requests for tokens to their own size. The action is not verified yet: it
 * only decides which plan the message is held to, and each exchange compares it with what it verified.
 */
export function exchangeFor(message: Message, port: ServedPort): Exchange {
  const action = message.addressing?.action;
  const request = trustRequest(action, port.plan);
  if (request !== undefined) {
    if (message.bytes > maxTokenRequestBytes) refuse('malformed', 'rst-bytes');
    return trustExchanges[request](port.plan, message);
  }
  const operation = action === undefined ? undefined : port.operationByAction.get(action);
  // An action that the WSDL does not know is held to the conversation's policy too; WCF reads the answer as a lost
  // session.
  return operation === undefined ? refuse('badContextToken', 'action-unknown') : applicationExchange(operation);
}

/**
 * No request for a token is as long as a call may be: the first of them comes from somebody who has proved nothing yet.
 */
const maxTokenRequestBytes = 64 * 1024;

function trustRequest(action: string | undefined, plan: Plan): TrustRequest | undefined {
  const { requestAction } = plan.dialect;
  return (Object.keys(requestAction) as TrustRequest[]).find(request => requestAction[request] === action);
}

const trustExchanges: Readonly<Record<TrustRequest, (plan: Plan, message: Message) => Exchange>> = {
  issue: plan => ({ plan: plan.bootstrap, isOneWay: false, perform: issue }),
  cancel: plan => ({ plan: plan.cancel, isOneWay: false, perform: cancel }),
  renew: renewExchange,
  amend: () => refuse('invalidRequest', 'amend-not-offered'),
};

/**
 * A Renew with a token in its header is signed by the context's key (WCF); one without (CXF) is protected by the
 * bootstrap alone. The structure decides, before any key is looked for.
 */
function renewExchange(plan: Plan, { envelope }: Message): Exchange {
  if (!plan.mayRenew) refuse('unableToRenew', 'renew-not-offered');
  const isToken = (child: Element) => isNamed(child, plan.dialect.wsc, 'SecurityContextToken');
  const exchange = envelope.security?.children.some(isToken) ? plan.renew : plan.bootstrap;
  const perform: Exchange['perform'] = (verified, port, caller) => renew(verified, exchange.request, port, caller);
  return { plan: exchange, isOneWay: false, perform };
}

async function issue(verified: Verified, port: ServedPort, caller: CountedCaller): Promise<Reply> {
  const { plan, parts } = port;
  const request = parseTokenRequest(verified.content, plan.dialect, 'issue');
  const principal = await provenUser(verified, plan.bootstrap.request, port, caller);
  const body = await issueContext(request, principal, issueOptions(port));
  parts.counters.issued();
  return tokenReply('issue', body, verified, plan);
}

async function renew(
  verified: Verified,
  messagePlan: MessagePlan,
  port: ServedPort,
  caller: CountedCaller,
): Promise<Reply> {
  const { plan, parts } = port;
  const request = parseTokenRequest(verified.content, plan.dialect, 'renew');
  const signer = verified.context;
  if (signer !== undefined) checkRenewTarget(request.target, signer.context);
  const principal = await provenUser(verified, messagePlan, port, caller);
  // Without the context's signature its State is opened for none but a user, and used for none but its own.
  const { context } = signer ?? (await contextOf(request.target, port));
  const body = await renewContext(request, context, principal, issueOptions(port));
  parts.counters.renewed();
  return tokenReply('renew', body, verified, plan);
}

/** What the target of a Renew by the bootstrap alone names, by the whole token. */
async function contextOf(target: TokenRequest['target'], { plan, state, parts }: ServedPort): Promise<FoundState> {
  const token = target && { dialect: plan.dialect, ...target };
  const found = token && (await state.find(token, plan.audience, parts.clock()));
  return found ?? refuse('unableToRenew', 'renew-unknown-context');
}

/** The user of a bootstrap: password checked, and one more conversation counted. */
async function provenUser(
  verified: Verified,
  messagePlan: MessagePlan,
  port: ServedPort,
  caller: CountedCaller,
): Promise<Principal> {
  const { parts } = port;
  const token = userOf(verified.tokens) ?? refuse('invalidSecurity', 'username-token-missing');
  const user = await parts.authenticate(token.username, token.password, caller);
  if (caller.signal.aborted) throw new CallerGone();
  if (user === undefined) return refuse('failedAuthentication', 'user-or-password');
  if (tokenUseOf(messagePlan) === undefined) spendRequest(user.user, verified, port);
  if (!parts.mayIssue(user.user)) throw new Overload('issue-rate', issueRetryMs);
  return { ...user, authenticatedBy: 'usernameToken' };
}

function issueOptions({ plan, state, life, parts }: ServedPort): IssueOptions {
  return { plan, state, life: life(), nowMs: parts.clock(), random: parts.random };
}

/** The answer to a bootstrap, or to what is protected like one. */
function tokenReply(request: TrustRequest, body: OutgoingBody, { encryptedKey }: Verified, { dialect }: Plan): Reply {
  return { action: dialect.responseAction[request], body, keys: { encryptedKey }, isFault: false };
}

/** When a user who began too many conversations may try again; how fast they may begin is nobody's business. */
const issueRetryMs = 1_000;

/** Over TLS nothing in a bootstrap is signed, so its MessageID is spent, with the user who proved to have sent it. */
function spendRequest(user: string, { addressing }: Verified, { parts }: ServedPort): void {
  const outcome = parts.spend(`rst ${user} ${addressing?.messageId ?? ''}`);
  if (outcome === 'full') refuse('server', 'replay-table-full');
  if (outcome === 'seen') refuse('invalidSecurity', 'replay');
}

async function cancel(verified: Verified, port: ServedPort): Promise<Reply> {
  const { plan, parts, state } = port;
  const found = verified.context ?? refuse('invalidSecurity', 'context-missing');
  if (!plan.mayCancel) return refuse('invalidRequest', 'cancel-not-offered');
  const request = parseTokenRequest(verified.content, plan.dialect, 'cancel');
  const { body, cancellation } = await cancelContext(request, found.context, plan, state, parts.clock());
  parts.counters.cancelled();
  await parts.announce(cancellation);
  return { action: plan.dialect.responseAction.cancel, body, keys: answerKeys(found, plan), isFault: false };
}

function applicationExchange(operation: OperationPlan): Exchange {
  const isOneWay = operation.output === undefined;
  return { plan: operation, isOneWay, perform: (verified, port) => callService(operation, verified, port) };
}

function callService(operation: OperationPlan, verified: Verified, port: ServedPort): Awaitable<Reply | undefined> {
  const { plan, parts } = port;
  const found = verified.context ?? refuse('invalidSecurity', 'context-missing');
  const { content } = verified;
  // Dispatch is by the verified Body; the Action that picked the plan must agree with it (CVE-2012-3451: Action of a
  // public operation over the Body of a protected one).
  if (content === undefined || !isNamed(content, operation.input.namespace, operation.input.local))
    return refuse('actionMismatch', 'action-body-mismatch');
  if (found.isExpired) return renewNeeded(found, port);
  parts.counters.call(found.openedFrom);
  const answered = parts.service.call(plan, { operation, content, context: currentOf(found, parts) });
  return after(answered, answer => replyOf(operation, answer, found, port));
}

/**
 * A call in an Instance that has expired is not done. Where it can be renewed, the client is told so under the
 * protection of that Instance, which shows that the conversation goes on: WCF then renews it with the next call.
 */
function renewNeeded(found: FoundState, { plan, parts }: ServedPort): Reply {
  if (!plan.mayRenew) return refuse('badContextToken', 'context-expired');
  parts.counters.fault('renewNeeded');
  parts.log.warn({ port: plan.port, fault: 'renewNeeded', reason: 'context-expired' }, 'message refused');
  const body = selfContained(faultContent({ ...plan, fault: 'renewNeeded' }));
  return { action: sessionFaultAction, body, keys: answerKeys(found, plan), isFault: true };
}

function replyOf(
  operation: OperationPlan,
  answer: ServiceAnswer,
  found: FoundState,
  { plan, parts }: ServedPort,
): Reply | undefined {
  if ('body' in answer && operation.output === undefined) return undefined;
  const keys = answerKeys(found, plan);
  if ('body' in answer) return { action: operation.outputAction, body: answer.body, keys, isFault: false };
  parts.log.warn({ port: plan.port, operation: operation.name, err: answer.fault.cause }, 'operation failed');
  const body = selfContained(writeFaultElement(plan.soap, answer.fault));
  return { action: plan.addressing.faultAction, body, keys, isFault: true };
}

function currentOf({ context, openedFrom }: FoundState, { node, bearerToken }: PortParts): CurrentContext {
  const { id, user, roles, authenticatedBy } = context;
  return { id, user, roles, authenticatedBy, openedFrom, node, bearerToken: options => bearerToken(context, options) };
}

/** The keys of an answer inside the conversation: the token is not sent back, only referred to by its names. */
function answerKeys(found: FoundState, plan: Plan): SendKeys {
  const { id, instance } = found.context;
  const reference = writeContextReference(plan.dialect, id, instance);
  return { context: { id, instance, keys: keysOf(found), token: undefined, reference } };
}
