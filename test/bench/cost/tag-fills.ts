import { ns } from '../../../src/names.ts';
import { alternated, around, type Fill, type Fills, nested, numbered, repeated, series } from './fill.ts';

const longName = (end: string) => `${'n'.repeat(240)}${end}`;
const longUri = (end: string, chars = 500) => `urn:${'u'.repeat(chars - 4 - end.length)}${end}`;
const attributes = (count: number, attribute: (index: number) => string) => `<a${series(count, attribute)}/>`;
/** Names of two letters, in canonical order. */
const short = (index: number) => String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26));
const reversed = (index: number) => short(59 - index);
const declarations = (count: number, uri: (index: number) => string) =>
  series(count, index => ` xmlns:${short(index)}="${uri(index)}"`);

/** Elements, their names and end tags (XML 1.0 §3). */
export const elementFills: Fills = {
  'elements-empty': repeated('<a/>'),
  'elements-empty-with-space': repeated('<a />'),
  'elements-empty-as-pairs': repeated('<a></a>'),
  'elements-with-text': repeated('<a>x</a>'),
  'elements-with-spaces': repeated('<a> </a>'),
  'elements-with-references': repeated('<a>&amp;</a>'),
  'elements-with-comments': repeated('<a><!----></a>'),
  'elements-with-cdata': repeated('<a><![CDATA[]]></a>'),
  'elements-with-line-ends': repeated('<a>\r</a>'),
  'elements-in-lines': repeated('<a/>\n'),
  'elements-in-comments': alternated('<a/>', '<!---->'),
  'elements-of-two-names': alternated('<a/>', '<b/>'),
  'elements-of-many-names': numbered(index => `<a${index}/>`),
  'elements-nested': nested(50),
  'elements-nested-with-text': nested(50, 'x'),
  'elements-nested-and-empty': repeated(`${'<a>'.repeat(20)}${'<b/>'.repeat(20)}${'</a>'.repeat(20)}`),
  'elements-of-long-names': repeated(`<${longName('a')}/>`),
  'elements-of-long-names-that-differ-late': alternated(`<${longName('a')}/>`, `<${longName('b')}/>`),
  'elements-of-long-names-as-pairs': repeated(`<${longName('a')}></${longName('a')}>`),
  'elements-of-names-beyond-ascii': repeated('<é/>'),
  'elements-of-long-names-beyond-ascii': repeated(`<${'é'.repeat(240)}/>`),
  'elements-of-names-of-four-bytes': repeated('<a𐀀/>'),
  'elements-with-prefix': around('<p:a xmlns:p="urn:p">', repeated('<p:a/>'), '</p:a>'),
  'elements-with-xml-prefix': repeated('<xml:a/>'),
  'tags-with-spaces': repeated(`<a${' '.repeat(60)}></a${' '.repeat(60)}>`),
  'tag-of-spaces': around('<a', repeated(' '), '/>'),
  'end-tag-of-spaces': around('<a></a', repeated(' '), '>'),
};

/** Attributes and their values (XML 1.0 §3.1, §3.3.3). */
export const attributeFills: Fills = {
  'attribute-of-each': repeated('<a b=""/>'),
  'attributes-sorted': repeated(attributes(60, index => ` ${short(index)}=""`)),
  'attributes-reversed': repeated(attributes(60, index => ` ${reversed(index)}=""`)),
  'attributes-in-single-quotes': repeated(attributes(60, index => ` ${short(index)}=''`)),
  'attributes-with-spaces': repeated(attributes(60, index => `  ${short(index)} = ""`)),
  'attributes-in-lines': repeated(attributes(60, index => `\n${short(index)}=""`)),
  'attributes-of-pairs': repeated(attributes(60, index => ` ${reversed(index)}=""`).replace('/>', '></a>')),
  'attributes-of-long-names': repeated(attributes(60, index => ` ${longName(short(index))}=""`)),
  'attributes-of-long-names-reversed': repeated(attributes(60, index => ` ${longName(reversed(index))}=""`)),
  'attributes-of-names-beyond-ascii': repeated(attributes(60, index => ` é${reversed(index)}=""`)),
  'attributes-with-xml-prefix': repeated(attributes(60, index => ` xml:${reversed(index)}=""`)),
  'values-long': repeated(`<a b="${'x'.repeat(8_000)}"/>`),
  'values-of-references': repeated(`<a b="${'&#9;'.repeat(2_000)}"/>`),
  'values-of-entities': repeated(`<a b="${'&lt;'.repeat(2_000)}"/>`),
  'values-of-line-ends': repeated(`<a b="${'\r\n'.repeat(4_000)}"/>`),
  'values-of-tabs': repeated(`<a b="${'\t'.repeat(8_000)}"/>`),
  'values-of-brackets': repeated(`<a b="${'>'.repeat(8_000)}"/>`),
  'values-of-quotes': repeated(`<a b='${'"'.repeat(8_000)}'/>`),
  'values-of-everything': repeated(`<a b='${'"\t\r\n&amp;'.repeat(800)}'/>`),
  'values-short-of-references': repeated(attributes(60, index => ` ${short(index)}="&lt;"`)),
  'values-short-of-line-ends': repeated(attributes(60, index => ` ${short(index)}="\n"`)),
};

/** A wrapper that declares `count` namespaces, around what is repeated. */
function inScope(count: number, uri: (index: number) => string, inside: Fill): Fill {
  const open: string[] = [];
  for (let from = 0; from < count; from += 30) {
    open.push(`<w${series(Math.min(30, count - from), i => ` xmlns:${short(from + i)}="${uri(from + i)}"`)}>`);
  }
  return around(open.join(''), inside, '</w>'.repeat(open.length));
}

const numberedUri = (index: number) => `urn:${short(index)}`;
const lateUri = (index: number) => longUri(short(index));
const byTurns = (first: string, second: string) =>
  attributes(60, index => ` ${index % 2 === 0 ? first : second}:${reversed(index)}=""`);
const useAll = (count: number) => attributes(count, index => ` ${short(index)}:b=""`);

/** Namespace declarations, and names that use them (Namespaces in XML 1.0). */
export const namespaceFills: Fills = {
  'declaration-of-default': repeated('<a xmlns="urn:x"/>'),
  'declaration-of-default-undone': around('<a xmlns="urn:x">', repeated('<b xmlns=""/>'), '</a>'),
  'declaration-of-prefix': repeated('<p:a xmlns:p="urn:p"/>'),
  'declaration-without-use': repeated('<a xmlns:p="urn:p"/>'),
  'declaration-of-xml': repeated(`<a xmlns:xml="${ns.xml}"/>`),
  'declaration-once-more': around('<p:a xmlns:p="urn:p">', repeated('<p:a xmlns:p="urn:p"/>'), '</p:a>'),
  'declaration-of-another-uri-by-turns': alternated(
    `<p:a xmlns:p="${longUri('a')}"/>`,
    `<p:a xmlns:p="${longUri('b')}"/>`,
  ),
  'declarations-used': repeated(`<a${declarations(30, numberedUri)}${series(30, i => ` ${short(i)}:b=""`)}/>`),
  'declarations-without-use': repeated(`<a${declarations(30, numberedUri)}/>`),
  'declarations-of-long-uris': repeated(`<a${declarations(30, lateUri)}/>`),
  'declarations-of-long-prefixes': repeated(`<a${series(30, i => ` xmlns:${longName(short(i))}="urn:x"`)}/>`),
  'declarations-nested': repeated(`${series(50, i => `<p:a xmlns:p="urn:${short(i)}">`)}${series(50, () => '</p:a>')}`),
  'declarations-nested-of-long-uris': repeated(
    `${series(50, i => `<p:a xmlns:p="${longUri(short(i))}">`)}${series(50, () => '</p:a>')}`,
  ),
  'names-of-the-innermost-of-120': inScope(120, numberedUri, repeated(`<${short(119)}:a/>`)),
  'names-of-the-outermost-of-120': inScope(120, numberedUri, repeated('<aa:a/>')),
  'attributes-of-the-outermost-of-120': inScope(
    120,
    numberedUri,
    repeated(attributes(60, index => ` aa:${reversed(index)}=""`)),
  ),
  'declarations-among-120': inScope(
    90,
    numberedUri,
    repeated(`<a${series(30, index => ` xmlns:p${short(index)}="urn:x"`)}/>`),
  ),
  'children-that-use-30': inScope(30, numberedUri, repeated(useAll(30))),
  'children-that-use-30-long-uris': inScope(30, lateUri, repeated(useAll(30))),
  'children-that-use-1-long-uri': inScope(1, lateUri, repeated('<aa:a/>')),
  'children-that-use-the-default-namespace': around(`<a xmlns="${longUri('')}">`, repeated('<b/>'), '</a>'),
  'attributes-of-two-namespaces': around('<a xmlns:p="urn:p" xmlns:q="urn:q">', repeated(byTurns('p', 'q')), '</a>'),
  'attributes-of-namespaces-that-differ-late': around(
    `<a xmlns:p="${longUri('p')}" xmlns:q="${longUri('q')}">`,
    repeated(byTurns('p', 'q')),
    '</a>',
  ),
  'attributes-of-prefixes-that-differ-late': around(
    `<a xmlns:${longName('p')}="urn:p" xmlns:${longName('q')}="urn:q">`,
    repeated(byTurns(longName('p'), longName('q'))),
    '</a>',
  ),
};

/** Namespace names longer than any that is accepted, which our own writer would not write. */
export const tooLongFills: Fills = {
  'declarations-of-8-kB': repeated(`<a${declarations(2, index => longUri(short(index), 8_000))}/>`),
  'children-that-use-1-uri-of-8-kB': inScope(1, index => longUri(short(index), 8_000), repeated('<aa:a/>')),
  'attributes-of-namespaces-of-8-kB-that-differ-late': around(
    `<a xmlns:p="${longUri('p', 8_000)}" xmlns:q="${longUri('q', 8_000)}">`,
    repeated(byTurns('p', 'q')),
    '</a>',
  ),
};

/** A wrapper that declares `u` as the prefix of wsu:Id. */
const withIds = (inside: Fill) => around(`<a xmlns:u="${ns.wsu}">`, inside, '</a>');
const multiple = 4_096;

/** Attributes that are ids, or look like ids. */
export const idFills: Fills = {
  ids: withIds(numbered(index => `<b u:Id="i${index}"/>`)),
  // Texts of digits have hashes that can be chosen in Node before 20.20.2.
  'ids-of-digits': withIds(numbered(index => `<b u:Id="${(index + 1) * multiple}"/>`)),
  'ids-long': withIds(numbered(index => `<b u:Id="${'i'.repeat(1_000)}${index}"/>`)),
  'ids-of-xml': numbered(index => `<b xml:id="i${index}"/>`),
  'ids-of-xml-of-digits': numbered(index => `<b xml:id="${(index + 1) * multiple}"/>`),
  'look-alikes': numbered(index => `<b Id="i${index}"/>`),
  'look-alikes-of-digits': numbered(index => `<b Id="${(index + 1) * multiple}"/>`),
  'look-alikes-of-each-name': numbered(
    index => `<b ID="${index}" Id="${index}" id="${index}" AssertionID="${index}"/>`,
  ),
  'look-alikes-alike': repeated('<b Id="i"/>'),
};
