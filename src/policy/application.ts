/** The operations of a port, compiled, and what is asked of the issuer of its context, where it has one. */
import type { Element } from '@xmldom/xmldom';
import { type Dialect, dialects, ns } from '../names.ts';
import { effectivePolicy, messageSubject } from './attachment.ts';
import type { BindingDraft, OuterBinding } from './binding.ts';
import { childrenNamed, failAt } from './document.ts';
import { type EndpointDraft, type MessageDraft, readMessagePolicy } from './endpoint.ts';
import { merge, type NormalPolicy } from './normal-form.ts';
import type { Operation, SoapBinding } from './operations.ts';
import { unitePartsOf } from './parts.ts';
import { plainExchange } from './plain.ts';
import type { ExchangePlan, MessagePlan, OperationPlan, Parts, Protection, SupportingToken } from './plan.ts';
import {
  answerOf,
  firstImplemented,
  headerOf,
  type PlannedParts,
  partsOf,
  symmetric,
  transport,
} from './protection.ts';
import type { ContextTokenDraft } from './tokens.ts';
import { attempt, type Reading, unsupported } from './vocabulary.ts';
import { componentOf, type Wsdl } from './wsdl.ts';

/** Everything about a port that its operations share. */
export interface Frame {
  readonly wsdl: Wsdl;
  readonly reading: Reading;
  readonly endpoint: EndpointDraft;
  readonly binding: BindingDraft;
  /** The token of the conversation; undefined: calls stand by themselves. */
  readonly context: ContextTokenDraft | undefined;
  readonly dialect: Dialect;
  /** Parts that the endorsing signature of a request covers beside the Timestamp. */
  readonly endorsed: Parts;
}

/** The same of a port that is called in a conversation. */
export type ConversationFrame = Frame & { readonly context: ContextTokenDraft; readonly binding: OuterBinding };

export function inConversation(frame: Frame): frame is ConversationFrame {
  return frame.context !== undefined;
}

export function readFrame(wsdl: Wsdl, { element }: SoapBinding, endpoint: EndpointDraft, reading: Reading): Frame {
  const { binding } = endpoint;
  if (binding === undefined) {
    return failAt(
      'POLICY_UNSUPPORTED',
      element,
      'no TransportBinding, SymmetricBinding or AsymmetricBinding: an unprotected port is not served',
      'attach a policy with one of them, leave the port out, or name it in unprotectedPorts (--unprotected-ports)',
    );
  }
  // Without a Timestamp a message could be replayed as soon as the replay table has forgotten it.
  attempt(reading, () => {
    if (!binding.timestamp && !isTlsAlone(binding, endpoint))
      unsupported(binding.assertion, 'without IncludeTimestamp');
  });
  const context = contextOf(binding, endpoint);
  if (context === undefined) checkTokens(endpoint);
  if (context !== undefined && binding.kind === 'transport' && binding.basic !== undefined)
    unsupported(binding.basic, 'beside a SecureConversationToken');
  const endorsed = unitePartsOf(endpoint.supporting.map(supporting => supporting.signed));
  return { wsdl, reading, endpoint, binding, context, dialect: dialectOf(reading, binding), endorsed };
}

/** The token of the conversation; undefined: there is none. */
function contextOf(binding: BindingDraft, endpoint: EndpointDraft): ContextTokenDraft | undefined {
  if (binding.kind === 'transport') return endorsingContext(endpoint);
  const context = binding.kind === 'symmetric' ? protectingContext(binding, endpoint) : undefined;
  const beside = endpoint.supporting.flatMap(({ tokens }) => tokens).find(({ kind }) => kind === 'context');
  if (context === undefined && beside !== undefined)
    unsupported(
      beside.assertion,
      `beside ${binding.kind === 'symmetric' ? 'a SymmetricBinding of an X509Token' : 'an AsymmetricBinding'}`,
    );
  return context;
}

/** Over TLS the security context is the one token, and endorses; undefined: there is none. */
function endorsingContext({ supporting }: EndpointDraft): ContextTokenDraft | undefined {
  const tokens = supporting.flatMap(({ tokens }) => tokens);
  const [context] = tokens.flatMap(token => (token.endorsing && token.kind === 'context' ? [token] : []));
  if (context === undefined) return undefined;
  const other = tokens.find(token => token !== context);
  if (other !== undefined) unsupported(other.assertion, 'beside a SecureConversationToken');
  return context;
}

/** In a SymmetricBinding the security context is the protection token, and there is no other; undefined: it is none. */
function protectingContext(
  { token }: BindingDraft & { readonly kind: 'symmetric' },
  { supporting }: EndpointDraft,
): ContextTokenDraft | undefined {
  if (token.kind !== 'context') return undefined;
  const [other] = supporting;
  if (other !== undefined) unsupported(other.assertion, 'beside a SymmetricBinding of a SecureConversationToken');
  return token;
}

/**
 * Whether all is TLS's affair, or HTTP's: a message has no token that would be worth something to who has a copy, and
 * so needs no time. WCF's bindings with Transport security import this, and their messages have no Security header.
 */
function isTlsAlone({ kind }: BindingDraft, { supporting }: EndpointDraft): boolean {
  return kind === 'transport' && supporting.every(({ tokens }) => tokens.length === 0);
}

/** What asks for tokens and names none would be met by everybody, over TLS by anybody at all. */
function checkTokens({ supporting }: EndpointDraft): void {
  const empty = supporting.find(({ tokens }) => tokens.length === 0);
  if (empty !== undefined) unsupported(empty.assertion, 'without a token');
}

/** Each version of SecurityPolicy goes with the WS-Trust of its time (Trust10, Trust13). */
function dialectOf({ securityPolicy }: Reading, { assertion }: BindingDraft): Dialect {
  const spoken = Object.values(dialects).find(dialect => dialect.securityPolicy === securityPolicy);
  return spoken ?? unsupported(assertion, 'in this version of WS-SecurityPolicy');
}

/** The policy of one direction of an operation. */
export function messagePolicy(operation: Operation, direction: 'input' | 'output', message: Element): NormalPolicy {
  const policies = [[operation.binding, operation.portType], messageSubject(operation, direction, message)];
  return merge(policies.map(effectivePolicy), operation.binding);
}

export function compileOperation(frame: Frame, operation: Operation): OperationPlan {
  const { input, output } = operation;
  const read = (direction: 'input' | 'output', message: Element): MessageDraft => {
    const policy = messagePolicy(operation, direction, message);
    return firstImplemented(policy, operation.binding, alternative => readMessagePolicy(alternative, frame.reading));
  };
  checkFaultPolicies(frame, operation);
  const inputParts = applicationParts(frame, read('input', input.message));
  // A one-way operation can still be answered with a fault.
  const outputParts = output === undefined ? inputParts : applicationParts(frame, read('output', output.message));
  return {
    name: operation.name,
    input: input.content,
    output: output?.content,
    soapAction: operation.soapAction,
    inputAction: input.action,
    outputAction: output?.action ?? '',
    faults: operation.faults,
    ...exchangeOf(frame, { request: inputParts, response: outputParts }),
  };
}

function exchangeOf(frame: Frame, parts: Record<'request' | 'response', PlannedParts>): ExchangePlan {
  return inConversation(frame) ? contextExchange(frame, parts) : plainExchange(frame, parts);
}

function contextExchange(
  frame: ConversationFrame,
  { request, response }: Record<'request' | 'response', PlannedParts>,
): ExchangePlan {
  return { request: requestPlan(frame, request), response: responsePlan(frame, response) };
}

/**
 * A fault of the service is protected as its answer is, whatever a fault's own policy asks; what we can't read is still
 * refused.
 */
function checkFaultPolicies({ wsdl, reading }: Frame, { binding, portType }: Operation): void {
  for (const fault of childrenNamed(binding, ns.wsdl, 'fault')) {
    firstImplemented(effectivePolicy([fault]), fault, alternative => readMessagePolicy(alternative, reading));
  }
  for (const fault of childrenNamed(portType, ns.wsdl, 'fault')) {
    const policy = effectivePolicy([fault, componentOf(wsdl, 'message', fault, 'message')]);
    firstImplemented(policy, fault, alternative => readMessagePolicy(alternative, reading));
  }
}

function requestPlan(frame: ConversationFrame, { signed, encrypted }: PlannedParts): MessagePlan {
  return {
    ...headerOf(frame.binding, frame.dialect),
    protection: contextProtection(frame, 'alwaysToRecipient'),
    supporting: endorsement(frame),
    signed: unitePartsOf([signed, frame.endorsed]),
    encrypted,
  };
}

/** An answer refers to the context without its token, and carries no supporting token. */
function responsePlan(frame: ConversationFrame, parts: PlannedParts): MessagePlan {
  const protection = contextProtection(frame, 'never');
  const header = headerOf(frame.binding, frame.dialect);
  return { ...header, protection, supporting: [], ...parts, ...answerOf(frame.endpoint) };
}

function contextProtection(
  { binding, context }: ConversationFrame,
  include: 'alwaysToRecipient' | 'never',
): Protection {
  if (binding.kind === 'transport') return transport(binding);
  return symmetric({ kind: 'context', include }, context.derivedKeys, binding);
}

function endorsement({ binding, context }: ConversationFrame): SupportingToken[] {
  if (binding.kind !== 'transport') return [];
  return [{ kind: 'context', endorsing: true, derivedKeys: context.derivedKeys }];
}

function applicationParts({ binding, endpoint }: Frame, message: MessageDraft): PlannedParts {
  return partsOf(binding, {
    signed: unitePartsOf([endpoint.signed, message.signed]),
    encrypted: unitePartsOf([endpoint.encrypted, message.encrypted]),
    encryptedHeader: endpoint.encryptedHeader ?? message.encryptedHeader,
  });
}

/** A Cancel is a request in the context: protected as the operations are, with the parts of all of them together. */
export function compileCancel(frame: ConversationFrame, operations: readonly OperationPlan[]): ExchangePlan {
  const together = (direction: 'request' | 'response'): PlannedParts => ({
    signed: unitePartsOf(operations.map(operation => operation[direction].signed)),
    encrypted: unitePartsOf(operations.map(operation => operation[direction].encrypted)),
  });
  return contextExchange(frame, { request: together('request'), response: together('response') });
}

/**
 * A Renew proves the claims of the bootstrap anew, by the bootstrap's own means (WS-SecureConversation 1.3 §5), and the
 * context's signature shows besides that the sender has its key: over the Timestamp where TLS protects the message, as
 * WCF does it, else over the signature of the bootstrap's key.
 */
export function compileRenew({ context }: ConversationFrame, { request, response }: ExchangePlan): ExchangePlan {
  const endorsing: SupportingToken = { kind: 'context', endorsing: true, derivedKeys: context.derivedKeys };
  return { request: { ...request, supporting: [...request.supporting, endorsing] }, response };
}
