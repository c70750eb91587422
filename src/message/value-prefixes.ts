import { ns } from '../names.ts';
import { securityLimits } from '../security/grammar.ts';
import { isFaultName } from '../soap/fault-shape.ts';
import { splitQualifiedName, trimSpace } from '../xml/characters.ts';
import { bindingOf, type Element } from '../xml/tree.ts';

/** How far into a value a prefix is looked for: no prefix is longer. */
const lookedAtChars = 256;

/**
 * The prefixes that values of an element and all inside it begin with, in the words of a PrefixList (Exclusive XML
 * Canonicalization 1.0 §2). Whether a value is a QName is known of xsi:type and of a fault's codes alone; these come
 * first, should a PrefixList not hold all.
 */
export function valuePrefixes(element: Element): readonly string[] {
  const names = new Set<string>();
  const others = new Set<string>();
  collect(element, names, others);
  if (names.size + others.size === 0) return none;
  return [...new Set([...names, ...others])].slice(0, securityLimits.prefixes);
}

const none: readonly string[] = [];

function collect(element: Element, names: Set<string>, others: Set<string>): void {
  for (const { namespace, local, value } of element.attributes) {
    const isName = local === 'type' && namespace === ns.xsi;
    add(element, value, isName, isName ? names : others);
  }
  if (element.children.length === 0) {
    const { source, contentStart, contentEnd } = element;
    if (contentStart === contentEnd) return;
    const isName = isFaultName(element);
    const text = source.slice(contentStart, Math.min(contentEnd, contentStart + lookedAtChars));
    add(element, text, isName, isName ? names : others);
  }
  for (const child of element.children) collect(child, names, others);
}

function add(element: Element, value: string, isName: boolean, prefixes: Set<string>): void {
  const text = value.length > lookedAtChars ? value.slice(0, lookedAtChars) : value;
  const prefix = trimSpace(splitQualifiedName(text).prefix ?? '');
  // A text that begins with a colon has no prefix either.
  if (prefix === '') {
    if (isName) prefixes.add('#default');
  } else if (bindingOf(element.scope, prefix) !== undefined) prefixes.add(prefix);
}
