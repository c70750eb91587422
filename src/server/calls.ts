import { type Awaitable, after } from '../awaitable.ts';
import type { Principal } from '../conversation/principal.ts';
import { uuidText } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { SendKeys } from '../message/sending-key.ts';
import { selfContained } from '../message/sent-body.ts';
import type { Verified } from '../message/verified.ts';
import { sessionFaultAction } from '../names.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import { faultContent } from '../soap/fault.ts';
import { writeFaultElement } from '../soap/fault-shape.ts';
import type { FoundState } from '../state/state-mode.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { checkSameClient } from './client-certificates.ts';
import type { BearerContext } from './context-bearer.ts';
import { type CurrentContext, contextUser } from './current-context.ts';
import { requestLine } from './known.ts';
import { type ConversationPort, isInConversation, type PortParts, type ServedPort } from './port.ts';
import { type Proof, provenPrincipal } from './proof.ts';
import { type Accepted, answerKeys, type Exchange, loneAnswerKeys, type Reply } from './reply.ts';
import type { ServiceAnswer, ServiceCall } from './service.ts';
import type { ServiceFault } from './service-fault.ts';

/** Operations that are protected alike: the Body says which of them is meant. */
export type Operations = readonly [OperationPlan, ...OperationPlan[]];

export function isInputOf(content: Element, { input }: OperationPlan): boolean {
  return isNamed(content, input.namespace, input.local);
}

/** A call of one of some operations. */
export function callExchange(operations: Operations, port: ServedPort): Exchange {
  return {
    plan: operations[0],
    addressing: port.plan.addressing,
    isOneWay: operations.every(({ output }) => output === undefined),
    isForIssuer: false,
    perform: proof =>
      isInConversation(port) ? callInConversation(operations, proof, port) : callAlone(operations, proof, port),
  };
}

function callInConversation(operations: Operations, proof: Proof, port: ConversationPort): Awaitable<Reply | Accepted> {
  const { verified, tlsCertificate, caller, known } = proof;
  const found = verified.context ?? refuse('invalidSecurity', 'context-missing');
  checkSameClient(found.context, tlsCertificate, port);
  known.context = found.context;
  const meant = meantBy(verified, operations);
  known.operation = meant.operation.name;
  if (found.isExpired) return renewNeeded(found, proof, port);
  port.parts.counters.call(found.openedFrom);
  const call = { ...meant, context: currentOf(found, port.parts), request: caller.request };
  return called(call, answerKeys(found, port.plan), proof, port);
}

/** A call that stands by itself proves who sends it, as a bootstrap does. */
async function callAlone(operations: Operations, proof: Proof, port: ServedPort): Promise<Reply | Accepted> {
  const principal = await provenPrincipal(proof, undefined, port);
  const { verified, caller } = proof;
  const meant = meantBy(verified, operations);
  proof.known.operation = meant.operation.name;
  port.parts.counters.call(undefined);
  const call = { ...meant, context: currentAlone(principal, port.parts), request: caller.request };
  return called(call, loneAnswerKeys(verified, meant.operation.response, port.parts.ownCertificates), proof, port);
}

/** An operation, and what was verified of a call of it. */
type Meant = Pick<ServiceCall, 'operation' | 'content' | 'blocks'>;

/**
 * Dispatch is by the verified Body; the action that picked the plan must agree with it (CVE-2012-3451: Action of a
 * public operation over the Body of a protected one).
 */
function meantBy({ content, blocks }: Verified, operations: Operations): Meant {
  if (content === undefined) return refuse('actionMismatch', 'action-body-mismatch');
  const [operation, other] = operations.filter(meant => isInputOf(content, meant));
  if (operation === undefined || other !== undefined) return refuse('actionMismatch', 'action-body-mismatch');
  return { operation, content, blocks };
}

function called(
  call: ServiceCall,
  keys: SendKeys,
  { caller, known }: Proof,
  port: ServedPort,
): Awaitable<Reply | Accepted> {
  const failed = (err: unknown) => {
    const line = { port: port.plan.port, peer: caller.address, ...requestLine(known), err };
    port.parts.log.warn(line, 'operation failed');
  };
  const answered = port.parts.service.call(port.plan, call, failed);
  return after(answered, answer => {
    if ('fault' in answer) failed(answer.fault.cause);
    return replyOf(call.operation, answer, keys, port);
  });
}

/**
 * A call in an Instance that has expired is not done. Where it can be renewed, the client is told so under the
 * protection of that Instance, which shows that the conversation goes on: WCF then renews it with the next call.
 */
function renewNeeded(found: FoundState, { caller, known }: Proof, { plan, parts }: ConversationPort): Reply {
  if (!plan.mayRenew) return refuse('badContextToken', 'context-expired');
  parts.counters.refused('context-expired', 'renewNeeded');
  known.reason = 'context-expired';
  const line = { port: plan.port, fault: 'renewNeeded', reason: known.reason, peer: caller.address };
  parts.log.warn({ ...line, ...requestLine(known) }, 'message refused');
  const body = selfContained(faultContent({ ...plan, fault: 'renewNeeded' }));
  return { action: sessionFaultAction, body, keys: answerKeys(found, plan), isFault: true };
}

function replyOf(
  operation: OperationPlan,
  answer: ServiceAnswer,
  keys: SendKeys,
  { plan }: ServedPort,
): Reply | Accepted {
  if ('body' in answer && operation.output === undefined) return { body: undefined, isFault: false, operation };
  if ('body' in answer) return { action: operation.outputAction, ...answer, keys, isFault: false, operation };
  const body = selfContained(writeFaultElement(plan.soap, answer.fault));
  const { status } = answer.fault;
  return { action: faultActionOf(operation, answer.fault, plan), body, keys, isFault: true, status, operation };
}

/** That of the fault which the WSDL declares, else that of any fault (WS-Addressing 1.0 SOAP Binding §6). */
function faultActionOf({ faults }: OperationPlan, { declared }: ServiceFault, { addressing }: Plan): string {
  const known = faults.find(
    ({ content }) => content.local === declared?.local && content.namespace === declared.namespace,
  );
  return known?.action ?? addressing?.faultAction ?? '';
}

function currentOf({ context, openedFrom }: FoundState, { node, bearerToken }: PortParts): CurrentContext {
  const { id, user, roles, authenticatedBy } = context;
  return {
    id,
    user,
    roles,
    authenticatedBy,
    openedFrom,
    node,
    requireUser: () => contextUser(context),
    bearerToken: options => bearerToken(context, options),
  };
}

function currentAlone(principal: Principal, { node, bearerToken, random }: PortParts): CurrentContext {
  const { user, roles, authenticatedBy } = principal;
  return {
    id: undefined,
    user,
    roles,
    authenticatedBy,
    openedFrom: undefined,
    node,
    requireUser: () => contextUser(principal),
    bearerToken: options => bearerToken(grantTo(principal, uuidText(random)), options),
  };
}

/** There is no conversation that a token could end with. */
function grantTo({ user, roles }: Principal, id: string): BearerContext {
  return { id, user, roles, tokenExpiresMs: Number.POSITIVE_INFINITY, absoluteExpiresMs: Number.POSITIVE_INFINITY };
}
