/** The operations of a binding: names, body elements and actions. Only document/literal with one element is spoken. */
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
import type { QName } from './plan.ts';
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
  readonly content: QName;
  readonly action: string;
}

/** One operation of a binding. */
export interface Operation {
  readonly name: string;
  readonly binding: Element;
  readonly portType: Element;
  readonly soapAction: string;
  readonly input: OperationMessage;
  readonly output: OperationMessage | undefined;
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
 * @throws {SecureConversationError} WSDL_INVALID with file and line when one is not document/literal with one body
 * element.
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
  requireDocumentLiteral(binding, element);
  const soapOperation = childNamed(element, binding.extension, 'operation');
  const soapAction = (soapOperation && attributeOf(soapOperation, '', 'soapAction')) ?? '';
  const output = childNamed(portType, ns.wsdl, 'output');
  return {
    name,
    binding: element,
    portType,
    soapAction,
    input: readMessage(wsdl, requiredChild(portType, ns.wsdl, 'input'), addressing, soapAction),
    output: output && readMessage(wsdl, output, addressing, ''),
  };
}

/** WSDL 1.1 lets operations share a name; WS-I Basic Profile 1.1 R2304 does not, and nor do we. */
function operationNamed(portType: Element, name: string, at: Element): Element {
  const named = childrenNamed(portType, ns.wsdl, 'operation').filter(e => attributeOf(e, '', 'name') === name);
  if (named[1] !== undefined) failAt('WSDL_INVALID', named[1], `a second operation ${name}`);
  return named[0] ?? failAt('WSDL_INVALID', at, `the portType has no operation ${name}`);
}

function requireDocumentLiteral({ element: binding, extension }: SoapBinding, operation: Element): void {
  const styled = [childNamed(operation, extension, 'operation'), childNamed(binding, extension, 'binding')];
  const style = styled.map(e => e && attributeOf(e, '', 'style')).find(value => value !== undefined);
  if (style === 'rpc') failAt('WSDL_INVALID', operation, 'style rpc: only document/literal is spoken');
  for (const direction of elementsOf(operation)) {
    const body = childNamed(direction, extension, 'body');
    if (body === undefined || (attributeOf(body, '', 'use') ?? 'literal') === 'literal') continue;
    failAt('WSDL_INVALID', body, 'only use="literal" is spoken');
  }
}

function readMessage(
  wsdl: Wsdl,
  element: Element,
  addressing: AddressingVersion | undefined,
  soapAction: string,
): OperationMessage {
  const message = componentOf(wsdl, 'message', element, 'message');
  const action =
    addressing === undefined
      ? soapAction
      : (explicitAction(element) ?? (soapAction || defaultAction(element, addressing)));
  return { element, message, content: readContent(message), action };
}

function readContent(message: Element): QName {
  const parts = childrenNamed(message, ns.wsdl, 'part');
  const [part] = parts;
  if (part === undefined || parts.length > 1 || !part.hasAttribute('element')) {
    failAt('WSDL_INVALID', message, 'a message must have one part, given by element');
  }
  return qnameOf(part, 'element');
}

function explicitAction(element: Element): string | undefined {
  return actionNamespaces.map(namespace => attributeOf(element, namespace, 'Action')).find(action => action);
}

/**
 * `[target namespace][delimiter][portType][delimiter][name]`, WSA 1.0 Metadata §4.4.4; 2004/08 §3.3 knows no `:` for
 * URNs.
 */
function defaultAction(element: Element, addressing: AddressingVersion): string {
  const operation = element.parentNode as Element;
  const portType = operation.parentNode as Element;
  const namespace = attributeOf(portType.parentNode as Element, '', 'targetNamespace') ?? '';
  const delimiter = addressing.urnActions && /^urn:/i.test(namespace) ? ':' : '/';
  const name = attributeOf(element, '', 'name') ?? defaultName(operation, element);
  const base = namespace.endsWith(delimiter) ? namespace.slice(0, -1) : namespace;
  return [base, requiredAttribute(portType, 'name'), name].join(delimiter);
}

/** Name of an input or output that has none (WSDL 1.1 §2.4.5). */
function defaultName(operation: Element, element: Element): string {
  const name = requiredAttribute(operation, 'name');
  if (childNamed(operation, ns.wsdl, 'output') === undefined) return name;
  return element.localName === 'input' ? `${name}Request` : `${name}Response`;
}
