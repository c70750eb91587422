/** Ports without any security, which are served and called where their user has listed them by name. */
import type { Element } from '@xmldom/xmldom';
import { suiteNamed } from '../crypto/suites.ts';
import { type AddressingVersion, expandedName, newestDialect } from '../names.ts';
import { messagePolicy } from './application.ts';
import { checkToldApart } from './dispatch.ts';
import { failAt } from './document.ts';
import { type EndpointDraft, type MessageDraft, readMessagePolicy } from './endpoint.ts';
import { type Operation, readOperations, type SoapBinding } from './operations.ts';
import { noParts } from './parts.ts';
import type { MessagePlan, OperationPlan, PlainPlan } from './plan.ts';
import { addressOf } from './port-address.ts';
import type { Reading } from './vocabulary.ts';
import { portNamed, type Wsdl, type WsdlPort } from './wsdl.ts';

/**
 * A WSDL of which some ports may be without any security.
 * @throws {SecureConversationError} `WSDL_INVALID` for a name that no port has
 */
export function withUnprotectedPorts(wsdl: Wsdl, names: readonly string[]): Wsdl {
  for (const name of names) portNamed(wsdl, name);
  return { ...wsdl, unprotectedPorts: new Set(names) };
}

/** The same of one port that is called: a list for several services may name others. */
export function withUnprotectedPort(wsdl: Wsdl, port: string, names: readonly string[]): Wsdl {
  return names.includes(port) ? withUnprotectedPorts(wsdl, [port]) : wsdl;
}

/** A WSDL port as it is compiled. */
export interface UnprotectedPort {
  readonly wsdl: Wsdl;
  readonly port: WsdlPort;
  readonly binding: SoapBinding;
  readonly endpoint: EndpointDraft;
  readonly addressing: AddressingVersion | undefined;
}

/**
 * Plan of a port whose messages are what they say. Whoever lists a port that has a policy would take its protection
 * away, or believe that it has none: that is refused.
 * @throws {SecureConversationError} `CONFIG_INVALID` for one that a policy protects
 */
export function unprotectedPlan({ wsdl, port, binding, endpoint, addressing }: UnprotectedPort, reading: Reading) {
  if (isProtecting(endpoint)) refuseListed(port, binding.element);
  const operations = readOperations(wsdl, binding, addressing).map(operation => {
    checkMessages(operation, port, reading);
    return unprotectedOperation(operation);
  });
  if (operations.length === 0) failAt('WSDL_INVALID', binding.element, 'the binding has no operation');
  // Whoever changes an action on the way may as well change the Body.
  checkToldApart({ operations, addressing, transport: 'https' }, binding.element);
  const address = addressOf(port.element, binding, 'http');
  return {
    service: port.service,
    port: port.name,
    address,
    audience: `${expandedName(port.service.namespace, port.service.local)}/${port.name}`,
    soap: binding.soap,
    addressing,
    dialect: nothing.dialect,
    suite: nothing.suite,
    transport: /^https:/i.test(address) ? 'https' : 'http',
    operations,
    isUnprotected: true,
  } satisfies PlainPlan;
}

function isProtecting({ binding, supporting, wss, trust, ...parts }: EndpointDraft): boolean {
  return [binding, supporting[0], wss, trust].some(asked => asked !== undefined) || namesParts(parts);
}

function namesParts({ signed, encrypted }: Pick<MessageDraft, 'signed' | 'encrypted'>): boolean {
  return [signed, encrypted].some(({ body, headers }) => body || headers.length > 0);
}

function checkMessages(operation: Operation, port: WsdlPort, reading: Reading): void {
  const { input, output } = operation;
  const policies = [
    messagePolicy(operation, 'input', input.message),
    ...(output === undefined ? [] : [messagePolicy(operation, 'output', output.message)]),
  ];
  for (const alternative of policies.flat())
    if (namesParts(readMessagePolicy(alternative, reading))) refuseListed(port, operation.binding);
}

function refuseListed({ name }: WsdlPort, at: Element): never {
  const hint = 'take it out of unprotectedPorts: its policy says how it is protected';
  return failAt('CONFIG_INVALID', at, `port ${name} is named in unprotectedPorts, but it has a policy`, hint);
}

const suite = suiteNamed('Basic256Sha256') as MessagePlan['suite'];

/** Dialect and suite are those that faults and types want; no message has anything of them. */
const nothing: MessagePlan = {
  dialect: newestDialect,
  suite,
  layout: 'lax',
  timestamp: false,
  protection: { kind: 'none' },
  supporting: [],
  signed: noParts,
  encrypted: noParts,
};

function unprotectedOperation({ name, soapAction, input, output, faults }: Operation): OperationPlan {
  return {
    name,
    input: input.content,
    output: output?.content,
    soapAction,
    inputAction: input.action,
    outputAction: output?.action ?? '',
    faults,
    request: nothing,
    response: nothing,
  };
}
