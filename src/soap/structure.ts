import { type FaultClass, refuse } from '../errors.ts';
import { type Content, type Element, marks } from '../xml/tree.ts';

/**
 * The children of an element that may hold nothing beside them but white space and comments (WS-I BP 1.1 R1011 and the
 * schemas of WS-Security): text between structural elements has no meaning that a verifier and a reader could agree on.
 *
 * @param element an element, or decrypted content
 * @throws {Refusal} of class `fault` for text, a CDATA section or a character reference between the children.
 */
export function elementContent(element: Content, fault: FaultClass, reason: string): readonly Element[] {
  if ((element.marks & marks.text) !== 0) refuse(fault, reason);
  return element.children;
}
