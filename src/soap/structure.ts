import { type FaultClass, refuse } from '../errors.ts';
import type { Content, Element } from '../xml/tree.ts';

const other = /[^\t\n\r ]/;
const comment = /<!--[\s\S]*?-->/g;

/**
 * The children of an element that may hold nothing beside them but white space and comments (WS-I BP 1.1 R1011 and the
 * schemas of WS-Security): text between structural elements has no meaning that a verifier and a reader could agree on.
 *
 * @param element an element, or decrypted content
 * @throws {Refusal} of class `fault` for text, a CDATA section or a character reference between the children.
 */
export function elementContent(element: Content, fault: FaultClass, reason: string): readonly Element[] {
  const children = element.children;
  let position = element.contentStart;
  for (const child of children) {
    if (child.start !== position) checkGap(element.source.slice(position, child.start), fault, reason);
    position = child.end;
  }
  if (element.contentEnd !== position) checkGap(element.source.slice(position, element.contentEnd), fault, reason);
  return children;
}

function checkGap(gap: string, fault: FaultClass, reason: string): void {
  if (other.test(gap) && other.test(gap.replace(comment, ''))) refuse(fault, reason);
}
