import type { Awaitable } from '../awaitable.ts';
import { type Cancelled, cancelContext, cancelOwn } from '../conversation/cancel.ts';
import { type IssueOptions, issueContext } from '../conversation/issue.ts';
import { checkRenewTarget, renewContext } from '../conversation/renew.ts';
import { parseTokenRequest, type TokenRequest } from '../conversation/token-request.ts';
import { validateSigner, validateTarget } from '../conversation/validate.ts';
import { refuse } from '../errors.ts';
import { isEncryptedData } from '../message/encrypted-parts.ts';
import type { Message } from '../message/message.ts';
import type { Verified } from '../message/verified.ts';
import { spoken, type TrustRequest } from '../names.ts';
import { contextAudienceOf } from '../policy/alternatives.ts';
import type { ConversationPlan, ExchangePlan, OperationPlan } from '../policy/plan.ts';
import type { FoundState } from '../state/state-mode.ts';
import { fixedLimits } from '../xml/limits.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { callExchange, isInputOf } from './calls.ts';
import { type ConversationPort, isInConversation, type PortParts, type ServedPort } from './port.ts';
import { type Proof, provenBeginner, provenPrincipal } from './proof.ts';
import { answerKeys, type Exchange, type Reply, tokenReply } from './reply.ts';

/**
 * Picks the exchange by wsa:Action, or by SOAPAction where the port has no WS-Addressing, and holds requests for tokens
 * to their own size. Neither is verified yet: they only decide which plan the message is held to, and each exchange
 * compares them with what it verified.
 */
export function exchangeFor(message: Message, soapAction: string | undefined, port: ServedPort): Exchange {
  const { plan } = port;
  const action = message.addressing?.action ?? (plan.addressing === undefined ? soapAction : undefined);
  const trust = isInConversation(port) ? trustExchangeFor(message, action, port) : undefined;
  if (trust !== undefined) return trust;
  const [operation, ...others] = operationsMeant(message, action, port);
  // An action that the WSDL does not know is held to the conversation's policy too; WCF reads the answer as a lost
  // session.
  return operation === undefined
    ? refuse(isInConversation(port) ? 'badContextToken' : 'actionMismatch', 'action-unknown')
    : callExchange([operation, ...others], port);
}

/** The exchange that asks the issuer; undefined for a call. */
function trustExchangeFor(message: Message, action: string | undefined, port: ConversationPort): Exchange | undefined {
  const { requestAction } = port.plan.dialect;
  const request = (Object.keys(requestAction) as TrustRequest[]).find(name => requestAction[name] === action);
  if (request === undefined) return undefined;
  if (message.bytes > maxTokenRequestBytes) refuse('malformed', 'rst-bytes');
  return trustExchanges[request](port, message);
}

/**
 * The operations that a message can mean by its action and, where that says nothing, by its Body if that is in clear.
 * Those that are left are protected alike: the policy compiler has seen to it.
 */
function operationsMeant(
  { envelope }: Message,
  action: string | undefined,
  { plan, operationsByAction }: ServedPort,
): readonly OperationPlan[] {
  const isUntold = plan.addressing === undefined && !action;
  const named = isUntold ? plan.operations : (operationsByAction.get(action) ?? []);
  const content = envelope.body.children[0];
  if (named.length < 2 || content === undefined || isEncryptedData(content)) return named;
  return named.filter(operation => isInputOf(content, operation));
}

/**
 * No request for a token is as long as a call may be: the first of them comes from somebody who has proved nothing yet.
 */
const { most: maxTokenRequestBytes } = fixedLimits.tokenRequestBytes;

const trustExchanges: Readonly<Record<TrustRequest, (port: ConversationPort, message: Message) => Exchange>> = {
  issue: port => trustExchange(port, port.plan.bootstrap, issue),
  cancel: cancelExchange,
  renew: renewExchange,
  amend: () => refuse('invalidRequest', 'amend-not-offered'),
  validate: (port, message) =>
    hasToken(message, port.plan)
      ? trustExchange(port, port.plan.cancel, validateSigned)
      : trustExchange(port, port.plan.bootstrap, validateShown),
};

function trustExchange(
  port: ConversationPort,
  plan: ExchangePlan,
  perform: (proof: Proof, port: ConversationPort) => Awaitable<Reply>,
): Exchange {
  return {
    plan,
    addressing: port.plan.trustAddressing,
    isOneWay: false,
    isForIssuer: true,
    perform: proof => perform(proof, port),
  };
}

/**
 * A Renew with a token in its header is signed by the context's key (WCF); one without (CXF) is protected by the
 * bootstrap alone. The structure decides, before any key is looked for.
 */
function renewExchange(port: ConversationPort, message: Message): Exchange {
  const { plan } = port;
  if (!plan.mayRenew) refuse('unableToRenew', 'renew-not-offered');
  return trustExchange(port, hasToken(message, plan) ? plan.renew : plan.bootstrap, renew);
}

/** A Cancel with a token in its header is one in the conversation; one without (CXF) is protected by the bootstrap. */
function cancelExchange(port: ConversationPort, message: Message): Exchange {
  const { plan } = port;
  return hasToken(message, plan)
    ? trustExchange(port, plan.cancel, cancel)
    : trustExchange(port, plan.bootstrap, cancelByBootstrap);
}

function hasToken({ envelope }: Message, { dialect }: ConversationPlan): boolean {
  const isToken = (child: Element) => isNamed(child, dialect.wsc, 'SecurityContextToken');
  return envelope.security?.children.some(isToken) ?? false;
}

async function issue(proof: Proof, port: ConversationPort): Promise<Reply> {
  const { plan, parts } = port;
  const { verified } = proof;
  const request = parseTokenRequest(verified.content, plan.dialect, 'issue');
  const principal = await provenBeginner(proof, request.entropy, port);
  noteRequest(proof, 'issue', undefined);
  const body = await issueContext(request, principal, issueOptions(port));
  parts.counters.issued();
  return tokenReply('issue', body, verified, plan);
}

async function renew(proof: Proof, port: ConversationPort): Promise<Reply> {
  const { plan, parts } = port;
  const { verified } = proof;
  const request = parseTokenRequest(verified.content, plan.dialect, 'renew');
  const signer = verified.context;
  if (signer !== undefined) checkRenewTarget(request.target, signer.context);
  const principal = await provenBeginner(proof, request.entropy, port);
  noteRequest(proof, 'renew', signer);
  // Without the context's signature its State is opened for none but a user, and used for none but its own.
  if (signer === undefined && principal.user === undefined) refuse('unableToRenew', 'renew-anonymous');
  const found = signer ?? (await contextOf(request.target, port)) ?? refuse('unableToRenew', 'renew-unknown-context');
  const body = await renewContext(request, found.context, principal, issueOptions(port));
  parts.counters.renewed();
  return tokenReply('renew', body, verified, plan);
}

/** What the target of a request by the bootstrap alone names, by the whole token; undefined: nothing. */
async function contextOf(
  target: TokenRequest['target'],
  { plan, state, parts }: ConversationPort,
): Promise<FoundState | undefined> {
  return target && state.find({ dialect: plan.dialect, ...target }, contextAudienceOf(plan), parts.clock());
}

/** A Validate that the conversation's key signs is answered under its protection, as a Cancel is. */
function validateSigned(proof: Proof, { plan }: ConversationPort): Reply {
  const { verified } = proof;
  const found = verified.context ?? refuse('invalidSecurity', 'context-missing');
  noteRequest(proof, 'validate', found);
  const body = validateSigner(parseTokenRequest(verified.content, plan.dialect, 'validate'), found, plan);
  return { action: spoken(plan.dialect.responseAction.validate), body, keys: answerKeys(found, plan), isFault: false };
}

/** One that shows the whole token is proved by its user: the State is opened for none but a user. */
async function validateShown(proof: Proof, port: ConversationPort): Promise<Reply> {
  const { plan } = port;
  const { verified } = proof;
  const request = parseTokenRequest(verified.content, plan.dialect, 'validate');
  const principal = await provenBeginner(proof, request.entropy, port);
  noteRequest(proof, 'validate', undefined);
  const found = principal.user === undefined ? undefined : await contextOf(request.target, port);
  return tokenReply('validate', validateTarget(request, found, principal, plan), verified, plan);
}

/** @param signer the conversation whose key signed it; a renewal is by its user as well */
function noteRequest({ known }: Proof, request: TrustRequest, signer: FoundState | undefined): void {
  known.tokenRequest = request;
  if (signer !== undefined) known.context = signer.context;
}

function issueOptions({ plan, state, life, parts }: ConversationPort): IssueOptions {
  return { plan, state, life: life(), nowMs: parts.clock(), random: parts.random };
}

async function cancel(proof: Proof, port: ConversationPort): Promise<Reply> {
  const { plan, parts, state } = port;
  const { verified } = proof;
  const found = verified.context ?? refuse('invalidSecurity', 'context-missing');
  noteRequest(proof, 'cancel', found);
  const request = cancelRequest(verified, plan);
  const { body } = await told(await cancelContext(request, found.context, plan, state, parts.clock()), parts);
  return { action: spoken(plan.dialect.responseAction.cancel), body, keys: answerKeys(found, plan), isFault: false };
}

/** Its State is opened for none but a user, and cancelled for none but its own. */
async function cancelByBootstrap(proof: Proof, port: ConversationPort): Promise<Reply> {
  const { plan, parts, state } = port;
  const request = cancelRequest(proof.verified, plan);
  const principal = await provenPrincipal(proof, request.entropy, port);
  noteRequest(proof, 'cancel', undefined);
  const found = principal.user === undefined ? undefined : await contextOf(request.target, port);
  const { body } = await told(await cancelOwn(found?.context, principal, plan, state, parts.clock()), parts);
  return tokenReply('cancel', body, proof.verified, plan);
}

function cancelRequest({ content }: Verified, { mayCancel, dialect }: ConversationPlan): TokenRequest {
  if (!mayCancel) refuse('invalidRequest', 'cancel-not-offered');
  return parseTokenRequest(content, dialect, 'cancel');
}

async function told(cancelled: Cancelled, { counters, announce }: PortParts): Promise<Cancelled> {
  counters.cancelled();
  await announce(cancelled.cancellation);
  return cancelled;
}
