/** The operations of a binding: names, bodies and actions. Their messages are document/literal or rpc/literal. */
import type { Element } from '@xmldom/xmldom';
import {
  type AddressingVersion,
  addressingVersions,
  ns,
  type SoapVersion,
  soapVersions,
  wsamNamespaces,
  wsawNamespaces,
} from '../names.ts';
import { attributeOf, childNamed, childrenNamed, elementsOf, failAt, qnameOf, requiredAttribute } from './document.ts';
import type { FaultPlan, QName } from './plan.ts';
import { componentOf, requiredChild, type Wsdl } from './wsdl.ts';

/** A SOAP binding: the WSDL elements and what they say. */
export interface SoapBinding {
  readonly element: Element;
  readonly portType: Element;
  readonly soap: SoapVersion;
  /** Namespace of the WSDL extension elements (`soap12:operation`, `soap12:address`). */
  readonly extension: string;
}

/** One direction of an operation. */
export interface OperationMessage {
  /** wsdl:input or wsdl:output of the portType. */
  readonly element: Element;
  /** wsdl:message. */
  readonly message: Element;
  /** The one child of the Body. */
  readonly content: QName;
  /** What stands in it where the style is rpc, in the order of the message (WS-I BP 1.1 R2301); undefined: document. */
  readonly parts: readonly RpcPart[] | undefined;
  readonly action: string;
}

/** A part of a message of style rpc: an element in no namespace, of a type (WS-I BP 1.1 R2203, R2735). */
export interface RpcPart {
  readonly name: string;
  readonly type: QName;
}

/** One operation of a binding. */
export interface Operation {
  readonly name: string;
  readonly binding: Element;
  readonly portType: Element;
  readonly soapAction: string;
  readonly input: OperationMessage;
  readonly output: OperationMessage | undefined;
  readonly faults: readonly FaultPlan[];
}

const httpTransport = 'http://schemas.xmlsoap.org/soap/http';

/** Namespaces that an Action attribute may be in, the newest first (WSA 1.0 Metadata §4.4, and its forerunners). */
const actionNamespaces: readonly string[] = [
  ...wsamNamespaces,
  ...wsawNamespaces,
  ...Object.values(addressingVersions).map(({ namespace }) => namespace),
];

/**
 * The SOAP binding that a wsdl:port refers to.
 * @throws {SecureConversationError} WSDL_INVALID when it is missing or is not a SOAP binding over HTTP.
 */
export function readBinding(wsdl: Wsdl, port: Element): SoapBinding {
  const element = componentOf(wsdl, 'binding', port, 'binding');
  const portType = componentOf(wsdl, 'portType', element, 'type');
  for (const soap of Object.values(soapVersions)) {
    const extension = soap.wsdlBinding;
    const soapElement = childNamed(element, extension, 'binding');
    if (soapElement === undefined) continue;
    const transport = requiredAttribute(soapElement, 'transport');
    if (transport !== httpTransport)
      failAt('WSDL_INVALID', soapElement, `transport ${transport} is not SOAP over HTTP`);
    return { element, portType, soap, extension };
  }
  return failAt('WSDL_INVALID', element, `binding ${requiredAttribute(element, 'name')} is not a SOAP binding`);
}

/**
 * The operations of a binding, in its order.
 * @throws {SecureConversationError} WSDL_INVALID with file and line when one is neither document/literal with
 * one body element nor rpc/literal.
 */
export function readOperations(
  wsdl: Wsdl,
  binding: SoapBinding,
  addressing: AddressingVersion | undefined,
): Operation[] {
  return childrenNamed(binding.element, ns.wsdl, 'operation').map(element =>
    readOperation(wsdl, binding, element, addressing),
  );
}

/** One of them. @throws {SecureConversationError} as {@link readOperations} */
export function readOperation(
  wsdl: Wsdl,
  binding: SoapBinding,
  element: Element,
  addressing: AddressingVersion | undefined,
): Operation {
  const name = requiredAttribute(element, 'name');
  const portType = operationNamed(binding.portType, name, element);
  requireLiteral(binding, element);
  const soapOperation = childNamed(element, binding.extension, 'operation');
  const soapAction = (soapOperation && attributeOf(soapOperation, '', 'soapAction')) ?? '';
  const output = childNamed(portType, ns.wsdl, 'output');
  const style = styleOf(binding, element);
  const contentOf = (direction: 'input' | 'output'): ContentOf => {
    const bound = childNamed(element, ns.wsdl, direction);
    const bodyName = direction === 'input' ? name : `${name}Response`;
    const { extension } = binding;
    return message => readContent(wsdl, { operation: element, style, bodyName, bound, extension }, message);
  };
  return {
    name,
    binding: element,
    portType,
    soapAction,
    input: readMessage(wsdl, requiredChild(portType, ns.wsdl, 'input'), contentOf('input'), addressing, soapAction),
    output: output && readMessage(wsdl, output, contentOf('output'), addressing, ''),
    faults: readFaults(wsdl, portType, addressing),
  };
}

/** WSDL 1.1 lets operations share a name; WS-I Basic Profile 1.1 R2304 does not, and nor do we. */
function operationNamed(portType: Element, name: string, at: Element): Element {
  const named = childrenNamed(portType, ns.wsdl, 'operation').filter(e => attributeOf(e, '', 'name') === name);
  if (named[1] !== undefined) failAt('WSDL_INVALID', named[1], `a second operation ${name}`);
  return named[0] ?? failAt('WSDL_INVALID', at, `the portType has no operation ${name}`);
}

function requireLiteral({ extension }: SoapBinding, operation: Element): void {
  for (const direction of elementsOf(operation)) {
    const [parts] = childrenNamed(direction, ns.wsdlMime, 'multipartRelated');
    if (parts !== undefined)
      failAt('WSDL_INVALID', parts, 'messages with attachments (SwA, mime:multipartRelated) are not spoken');
    const body = childNamed(direction, extension, 'body');
    if (body === undefined || (attributeOf(body, '', 'use') ?? 'literal') === 'literal') continue;
    failAt('WSDL_INVALID', body, 'only use="literal" is spoken');
  }
}

type Style = 'document' | 'rpc';

/** That of the operation, else that of its binding (WSDL 1.1 §3.4). */
function styleOf({ element: binding, extension }: SoapBinding, operation: Element): Style {
  const styled = [childNamed(operation, extension, 'operation'), childNamed(binding, extension, 'binding')];
  const style = styled.map(e => e && attributeOf(e, '', 'style')).find(value => value !== undefined);
  return style === 'rpc' ? 'rpc' : 'document';
}

/** What a message's Body holds. */
type ContentOf = (message: Element) => Pick<OperationMessage, 'content' | 'parts'>;

function readMessage(
  wsdl: Wsdl,
  element: Element,
  contentOf: ContentOf,
  addressing: AddressingVersion | undefined,
  soapAction: string,
): OperationMessage {
  const message = componentOf(wsdl, 'message', element, 'message');
  const action =
    addressing === undefined
      ? soapAction
      : (explicitAction(element) ?? (soapAction || defaultAction(element, addressing)));
  return { element, message, ...contentOf(message), action };
}

/** Those whose message has an element, as it must (WSDL 1.1 §3.6): without one there is nothing to write them by. */
function readFaults(wsdl: Wsdl, portType: Element, addressing: AddressingVersion | undefined): FaultPlan[] {
  return childrenNamed(portType, ns.wsdl, 'fault').flatMap(fault => {
    const [part, other] = childrenNamed(componentOf(wsdl, 'message', fault, 'message'), ns.wsdl, 'part');
    if (part === undefined || other !== undefined || !part.hasAttribute('element')) return [];
    return [
      { content: qnameOf(part, 'element'), action: addressing === undefined ? '' : faultAction(fault, addressing) },
    ];
  });
}

/** Its own, else the default of WS-Addressing: in 2004/08 (§3.3) one for all faults. */
function faultAction(fault: Element, addressing: AddressingVersion): string {
  const said = explicitAction(fault);
  return said ?? (addressing.namesFaults ? defaultAction(fault, addressing) : addressing.faultAction);
}

/** How a binding has one direction of an operation. */
interface BoundMessage {
  /** wsdl:operation of the binding. */
  readonly operation: Element;
  readonly style: Style;
  /** Of the Body's child where the style is rpc: the operation's name, or that and Response (WS-I BP 1.1 R2729). */
  readonly bodyName: string;
  /** wsdl:input or wsdl:output of the binding. */
  readonly bound: Element | undefined;
  readonly extension: string;
}

function readContent(wsdl: Wsdl, bound: BoundMessage, message: Element): ReturnType<ContentOf> {
  const parts = bodyParts(wsdl, bound, message);
  if (bound.style === 'document') return { content: documentContent(message, parts), parts: undefined };
  const body = bound.bound && childNamed(bound.bound, bound.extension, 'body');
  const namespace = (body && attributeOf(body, '', 'namespace')) ?? '';
  return { content: { namespace, local: bound.bodyName }, parts: parts.map(part => rpcPart(part, bound)) };
}

/** The parts of a message that its Body holds: those that the binding lists, else all that are no header blocks. */
function bodyParts(wsdl: Wsdl, { bound, extension }: BoundMessage, message: Element): Element[] {
  const parts = childrenNamed(message, ns.wsdl, 'part');
  const body = bound && childNamed(bound, extension, 'body');
  const listed = body && attributeOf(body, '', 'parts');
  if (body !== undefined && listed !== undefined) {
    const names = listed.split(/\s+/).filter(name => name !== '');
    const unknown = names.find(name => !parts.some(part => attributeOf(part, '', 'name') === name));
    if (unknown !== undefined) failAt('WSDL_INVALID', body, `the message has no part ${unknown}`);
    return parts.filter(part => names.includes(attributeOf(part, '', 'name') ?? ''));
  }
  const headers = bound === undefined ? [] : childrenNamed(bound, extension, 'header');
  const ofMessage = headers.filter(header => componentOf(wsdl, 'message', header, 'message') === message);
  const taken = ofMessage.map(header => requiredAttribute(header, 'part'));
  return parts.filter(part => !taken.includes(attributeOf(part, '', 'name') ?? ''));
}

function documentContent(message: Element, parts: readonly Element[]): QName {
  const [part] = parts;
  if (part === undefined || parts.length > 1 || !part.hasAttribute('element'))
    failAt('WSDL_INVALID', message, 'a Body of style document must have one part, given by element');
  return qnameOf(part, 'element');
}

function rpcPart(part: Element, { operation }: BoundMessage): RpcPart {
  const name = requiredAttribute(part, 'name');
  if (!part.hasAttribute('type'))
    failAt('WSDL_INVALID', operation, `style rpc, but the part ${name} of its message is not given by type`);
  return { name, type: qnameOf(part, 'type') };
}

function explicitAction(element: Element): string | undefined {
  return actionNamespaces.map(namespace => attributeOf(element, namespace, 'Action')).find(action => action);
}

/**
 * `[target namespace][delimiter][portType][delimiter][name]`, of a fault
 * `…[portType][delimiter][operation][delimiter]Fault[delimiter][name]`,
 * WSA 1.0 Metadata §4.4.4; 2004/08 §3.3 knows no `:` for URNs.
 */
function defaultAction(element: Element, addressing: AddressingVersion): string {
  const operation = element.parentNode as Element;
  const portType = operation.parentNode as Element;
  const namespace = attributeOf(portType.parentNode as Element, '', 'targetNamespace') ?? '';
  const delimiter = addressing.urnActions && /^urn:/i.test(namespace) ? ':' : '/';
  const name = attributeOf(element, '', 'name') ?? defaultName(operation, element);
  const names = element.localName === 'fault' ? [requiredAttribute(operation, 'name'), 'Fault', name] : [name];
  const base = namespace.endsWith(delimiter) ? namespace.slice(0, -1) : namespace;
  return [base, requiredAttribute(portType, 'name'), ...names].join(delimiter);
}

/** Name of an input or output that has none (WSDL 1.1 §2.4.5). */
function defaultName(operation: Element, element: Element): string {
  const name = requiredAttribute(operation, 'name');
  if (childNamed(operation, ns.wsdl, 'output') === undefined) return name;
  return element.localName === 'input' ? `${name}Request` : `${name}Response`;
}
