/** SignedParts and EncryptedParts (WS-SecurityPolicy 1.2 §4.1.1, §4.2.1). */
import { attributeOf, elementsOf } from './document.ts';
import type { Assertion } from './normal-form.ts';
import type { Parts, QName } from './plan.ts';
import { elements, invalid, type Row, unsupported } from './vocabulary.ts';

export const noParts: Parts = { body: false, headers: [] };

/** Everything that either names, each header once. */
export function unitePartsOf(all: readonly Parts[]): Parts {
  return all.reduce((left, right) => {
    const added = right.headers.filter(header => !left.headers.some(other => isSameName(other, header)));
    return { body: left.body || right.body, headers: [...left.headers, ...added] };
  }, noParts);
}

/** A row that adds the parts an assertion names to one member of the draft. */
export function partsRow<K extends string>(member: K): Row<Record<K, Parts>> {
  return elements((draft, assertion) => {
    draft[member] = unitePartsOf([draft[member], readParts(assertion)]);
  });
}

function readParts(assertion: Assertion): Parts {
  const children = elementsOf(assertion.element);
  if (children.length === 0) unsupported(assertion, '(without parts: the body and every header)');
  const headers: QName[] = [];
  let body = false;
  for (const child of children) {
    const isOwn = child.namespaceURI === assertion.name.namespace;
    if (isOwn && child.localName === 'Body') body = true;
    else if (isOwn && child.localName === 'Header') headers.push(readHeader({ element: child }));
    else unsupported({ element: child });
  }
  return { body, headers };
}

/** A header without Name stands for its whole namespace. */
function readHeader(header: Pick<Assertion, 'element'>): QName {
  const namespace = attributeOf(header.element, '', 'Namespace') ?? invalid(header, 'has no Namespace');
  return { namespace, local: attributeOf(header.element, '', 'Name') ?? '' };
}

function isSameName(a: QName, b: QName): boolean {
  return a.namespace === b.namespace && a.local === b.local;
}
