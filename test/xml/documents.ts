import fc from 'fast-check';

/** Namespace-well-formed documents in odd but legal writing, for the tests of the scanner and of canonicalisation. */

const prefixes = ['', 'a', 'b', 'B', 'ab', 'a-b', 'xmlfoo', 'ḁ', '\u{10000}p', '\uFDF0p'];
const uris = ['urn:x', 'urn:xy', 'http://example.com/ns', 'urn:q%20?a=1', 'urn:y'];
const locals = ['x', 'y', 'X', 'x1', 'item.name', 'Id', 'xmlnsfoo', '\uFDF0', '\u{10000}', 'ä'];

const texts = [
  'text',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '\t',
  '>',
  '"',
  "'",
  '&amp;',
  '&lt;',
  '&gt;',
  '&quot;',
  '&apos;',
  '&#13;',
  '&#xD;',
  '&#10;',
  '&#x9;',
  '&#x1F600;',
  '&#169;',
  'é',
  '\u{1F600}',
  '\u0085',
  '\u2028',
  '\uFEFF',
  '] ',
];
const markup = [
  '<!-- c -->',
  '<!---->',
  '<!--<a>&b;-->',
  '<![CDATA[]]>',
  '<![CDATA[<&>"\r\n\r]]]>',
  '<![CDATA[a]]>',
  '<![CDATA[]]]]><![CDATA[>]]>',
];
const values = texts.filter(text => text !== '"' && text !== "'");
const spaces = [' ', '  ', '\n', '\t', '\r\n '];

/** Choices that {@link writeDocument} turns into one element; numbers pick among what is possible at their place. */
export interface Choices {
  readonly prefix: number;
  readonly local: number;
  readonly declarations: readonly { readonly prefix: number; readonly uri: number }[];
  readonly attributes: readonly {
    readonly prefix: number;
    readonly local: number;
    readonly value: string;
    readonly quote: boolean;
  }[];
  readonly order: number;
  /** 0: the canonical way; else white space where it may be. */
  readonly oddness: number;
  readonly emptyTag: boolean;
  readonly content: readonly (string | Choices)[];
}

const index = fc.nat(60);
// Few names most of the time, so that prefixes are used, redeclared and shadowed.
const anyPrefix = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(prefixes.length - 1) });
const anyUri = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(uris.length) });
const attributeValue = fc.array(fc.constantFrom(...values), { maxLength: 3 }).map(parts => parts.join(''));

/** Trees of choices, up to five levels deep. */
export const choices: fc.Arbitrary<Choices> = fc.letrec<{ element: Choices }>(tie => ({
  element: fc.record({
    prefix: index,
    local: fc.nat(locals.length - 1),
    declarations: fc.array(fc.record({ prefix: anyPrefix, uri: anyUri }), {
      maxLength: 3,
    }),
    attributes: fc.array(
      fc.record({ prefix: index, local: fc.nat(locals.length - 1), value: attributeValue, quote: fc.boolean() }),
      { maxLength: 3 },
    ),
    order: fc.nat(3),
    oddness: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(spaces.length) }),
    emptyTag: fc.boolean(),
    content: fc.array(
      fc.oneof(
        { depthSize: 'small', maxDepth: 5, withCrossShrink: true },
        { weight: 3, arbitrary: fc.constantFrom(...texts, ...markup) },
        { weight: 4, arbitrary: tie('element') },
      ),
      { maxLength: 4 },
    ),
  }),
})).element;

type Scope = ReadonlyMap<string, string>;
const noScope: Scope = new Map([['', '']]);

/** The text of a document, or of an element inside `scope`. */
export function writeDocument(element: Choices, scope: Scope = noScope): string {
  const declared = declarationsOf(element);
  const inner = new Map([...scope, ...declared]);
  const name = qualified(pick(element.prefix, [...inner.keys()]), pick(element.local, locals));
  const written = [
    ...[...declared].map(([prefix, uri]) => `${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${uri}"`),
    ...attributesOf(element, inner),
  ];
  const tag =
    name +
    arranged(written, element.order)
      .map(attribute => gap(element, attribute))
      .join('');
  const content = element.content.map(part => (typeof part === 'string' ? part : writeDocument(part, inner))).join('');
  const space = element.oddness === 0 ? '' : pick(element.oddness, spaces);
  if (content === '' && element.emptyTag) return `<${tag}${space}/>`;
  return `<${tag}${space}>${content}</${name}${space}>`;
}

function declarationsOf(element: Choices): Map<string, string> {
  const declared = new Map<string, string>();
  for (const { prefix, uri } of element.declarations) {
    const name = pick(prefix, prefixes);
    const namespace = uris[uri] ?? '';
    // Only the default namespace can be undeclared.
    if (namespace !== '' || name === '') declared.set(name, namespace);
  }
  return declared;
}

function attributesOf(element: Choices, scope: Scope): string[] {
  const usable = ['', 'xml', ...[...scope.keys()].filter(prefix => prefix !== '')];
  const written = new Map<string, string>();
  for (const { prefix, local, value, quote } of element.attributes) {
    const chosen = pick(prefix, usable);
    const expanded = `${chosen === '' ? '' : (scope.get(chosen) ?? 'xml')} ${pick(local, locals)}`;
    const mark = quote ? '"' : "'";
    if (!written.has(expanded))
      written.set(expanded, `${qualified(chosen, pick(local, locals))}=${mark}${value}${mark}`);
  }
  return [...written.values()];
}

function qualified(prefix: string, local: string): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}

function pick(choice: number, among: readonly string[]): string {
  return among[choice % among.length] ?? '';
}

function arranged(parts: readonly string[], order: number): readonly string[] {
  if (order === 0) return parts;
  if (order === 1) return [...parts].sort();
  if (order === 2) return [...parts].reverse();
  return [...parts.slice(1), ...parts.slice(0, 1)];
}

function gap(element: Choices, attribute: string): string {
  if (element.oddness === 0) return ` ${attribute}`;
  const space = pick(element.oddness, spaces);
  return space + attribute.replace('=', `${space}=${space}`);
}

/** PrefixLists that name declared, undeclared and redeclared prefixes. */
export const prefixLists: fc.Arbitrary<string[]> = fc.array(
  fc.constantFrom('#default', 'a', 'b', 'B', 'ab', 'missing', '\u{10000}p'),
  {
    maxLength: 3,
  },
);
