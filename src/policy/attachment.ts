/** Which policies are attached to which subject of a WSDL (WS-PolicyAttachment 1.2 and 1.5 §4). */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { childNamed, elementsOf } from './document.ts';
import { merge, type NormalPolicy, normalForm } from './normal-form.ts';
import { isPolicyElement, policyAt, policyLinksAt } from './policy-documents.ts';

/** The elements of one operation: in the binding and in the portType. */
export interface OperationElements {
  readonly binding: Element;
  readonly portType: Element;
}

export type MessageDirection = 'input' | 'output' | 'fault';

/**
 * Effective policy of a subject: the merge of everything attached to its elements.
 * @param elements the elements of the subject, the one that errors name first
 * @throws {SecureConversationError} POLICY_INVALID with file and line.
 */
export function effectivePolicy(elements: readonly Element[]): NormalPolicy {
  const attached = elements.flatMap(attachedPolicies);
  return merge(attached.map(normalForm), elements[0] as Element);
}

/** Elements of the policies and references that are attached to one WSDL element, as children or by wsp:PolicyURIs. */
export function attachedPolicies(element: Element): Element[] {
  const children = elementsOf(element).filter(
    child => isPolicyElement(child, 'Policy') || isPolicyElement(child, 'PolicyReference'),
  );
  return [...policyLinksAt(element).map(({ uri }) => policyAt(uri, element)), ...children];
}

/** Elements whose policies make up the policy of one direction of an operation: the message itself among them. */
export function messageSubject(operation: OperationElements, direction: MessageDirection, message: Element): Element[] {
  const inBinding = childNamed(operation.binding, ns.wsdl, direction);
  const inPortType = childNamed(operation.portType, ns.wsdl, direction);
  return [inBinding, inPortType, message].filter(element => element !== undefined);
}
