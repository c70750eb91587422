import { dialects, ns } from '../../../src/names.ts';
import { call, echo, replaced } from '../../support/initiator.ts';
import type { Family } from './family.ts';
import { around, type Fill, type Fills, nested, numbered, repeated, series } from './fill.ts';
import { bootstrapAnswer, type Conversations, echoOperation, fault, signedBodyCall } from './places.ts';
import { type PartByName, signedAnew } from './signing.ts';
import { type MeasuredServer, measuredBootstrap, measuredCaller, type Subject } from './subjects.ts';

/** Families of what only a user can write (signed parts, arguments), and of what a client reads. */

const letters = (index: number) => String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26));
const declared = (count: number, chars: number) =>
  series(count, index => ` xmlns:${letters(index)}="urn:${'u'.repeat(chars)}${letters(index)}"`);
const prefixes = (count: number) => Array.from({ length: count }, (_, index) => letters(index));

/** A signed Body: its attributes, and what its child holds. */
interface SignedBody {
  readonly attributes: string;
  readonly fill: Fill;
  readonly prefixes?: readonly string[];
}

const users = (count: number) => repeated(`<a${series(count, index => ` ${letters(index)}:b=""`)}/>`);

/** Canonical forms of a signed Body, by what is declared on it and used, or wanted by a PrefixList, inside. */
const signedBodies: Readonly<Record<string, SignedBody>> = {
  'namespaces-used-by-each-child': { attributes: declared(30, 8), fill: users(30) },
  'long-namespaces-used-by-each-child': { attributes: declared(30, 480), fill: users(30) },
  'long-namespace-used-by-each-child': { attributes: declared(1, 480), fill: repeated('<aa:a/>') },
  'prefix-list': { attributes: declared(30, 8), fill: repeated('<a/>'), prefixes: prefixes(16) },
  'prefix-list-and-declarations': {
    attributes: declared(30, 8),
    fill: repeated('<a xmlns:x="urn:x"/>'),
    prefixes: prefixes(16),
  },
  'prefix-list-redeclared': {
    attributes: declared(30, 8),
    fill: repeated(`<a${declared(16, 8)}/>`),
    prefixes: prefixes(16),
  },
  'prefix-list-declared-by-turns': {
    attributes: declared(30, 8),
    fill: repeated(`<a${declared(16, 8)}/><a${declared(16, 9)}/>`),
    prefixes: prefixes(16),
  },
  'prefix-list-of-long-namespaces': {
    attributes: declared(30, 480),
    fill: repeated('<a xmlns:x="urn:x"/>'),
    prefixes: prefixes(16),
  },
  'prefix-list-of-what-is-not-declared': {
    attributes: '',
    fill: repeated('<a xmlns:x="urn:x"/>'),
    prefixes: prefixes(16).map(prefix => `${prefix}z`),
  },
  'carriage-returns': { attributes: '', fill: repeated('&#xD;') },
  'quotes-in-values': { attributes: '', fill: repeated(`<a b='${'"'.repeat(8_000)}'/>`) },
};

/** What the arguments of a call are read from: the content of the operation's element. */
const argumentFills: Fills = {
  list: repeated('<text/>'),
  'list-of-texts': repeated('<text>x</text>'),
  'list-of-numbers': repeated('<a>1</a>'),
  'children-of-many-names': numbered(index => `<a${index}>x</a${index}>`),
  'children-of-names-of-methods': repeated('<constructor/><toString/><__proto__/>'),
  'children-with-attributes': repeated(`<text${series(60, index => ` a${index}=""`)}/>`),
  'children-with-attributes-and-text': repeated('<text a="b">x</text>'),
  'children-nested': nested(50),
  'lists-nested': repeated(`${'<text><text/>'.repeat(50)}${'</text>'.repeat(50)}`),
  nil: around(`<x xmlns:i="${ns.xsi}">`, repeated('<text i:nil="true"/>'), '</x>'),
  'nil-of-spaces': around(`<x xmlns:i="${ns.xsi}">`, repeated(`<text i:nil="${' '.repeat(8_000)}"/>`), '</x>'),
  typed: around(`<x xmlns:i="${ns.xsi}" xmlns:q="${echo}">`, repeated('<text i:type="q:Echo">x</text>'), '</x>'),
  'typed-as-an-element': around(
    `<x xmlns:i="${ns.xsi}" xmlns:q="${echo}">`,
    repeated('<text i:type="q:WhoAmIResponse"/>'),
    '</x>',
  ),
  'typed-by-colons': around(`<x xmlns:i="${ns.xsi}">`, repeated(`<text i:type="${':'.repeat(8_000)}"/>`), '</x>'),
  'text-in-comments': around('<text>', repeated('x<!---->'), '</text>'),
  'text-in-cdata': around('<text>', repeated('<![CDATA[x]]>'), '</text>'),
  'text-of-spaces': around('<text>', repeated(' '), '</text>'),
  'text-after-spaces': around('<text>x', repeated(' '), 'x</text>'),
  'text-of-references': around('<text>', repeated('&lt;'), '</text>'),
  'text-of-colons': around('<text>', repeated('a:'), '</text>'),
  number: around('<a>', repeated('9'), '</a>'),
  'number-of-zeros': around('<a>0.', repeated('0'), '1</a>'),
  mixed: repeated('x<a/>'),
};

const subcode = (inside: string) => `<s:Subcode><s:Value>s:x</s:Value>${inside}</s:Subcode>`;
const subcodes = (depth: number): string => (depth === 0 ? '' : subcode(subcodes(depth - 1)));

/** Faults without protection: reason, subcodes and details, and what stands around them. */
const faults: Readonly<Record<string, (bytes: number) => string>> = {
  reason: bytes => fault('x'.repeat(bytes), ''),
  'reason-of-references': bytes => fault(repeated('&lt;')(bytes), ''),
  'reason-in-cdata': bytes => fault(repeated('<![CDATA[x]]>')(bytes), ''),
  reasons: bytes => fault('', repeated('<s:Reason/>')(bytes)),
  'subcodes-nested': bytes => fault('', repeated('<s:Node/>')(bytes), subcodes(50)),
  subcodes: bytes => fault('', '', repeated('<s:Subcode/>')(bytes)),
  subcode: bytes => fault('', '', `<s:Subcode><s:Value>${'x'.repeat(bytes)}</s:Value></s:Subcode>`),
  'subcode-of-spaces': bytes => fault('', '', `<s:Subcode><s:Value>${' '.repeat(bytes)}x</s:Value></s:Subcode>`),
  'subcode-of-colons': bytes => fault('', '', `<s:Subcode><s:Value>${':'.repeat(bytes)}</s:Value></s:Subcode>`),
  details: bytes => fault('', repeated('<s:Detail/>')(bytes)),
  'faults-of-1.1': bytes =>
    replaced(
      fault('', ''),
      /<s:Fault>.*<\/s:Fault>/s,
      `<f:Fault xmlns:f="${ns.soap11}">${repeated('<faultcode>x</faultcode>')(bytes)}</f:Fault>`,
    ),
};

/** The answer to a bootstrap over TLS, which nothing but TLS protects, with more of everything. */
const tokenResponses: Readonly<Record<string, (bytes: number) => string>> = {
  children: repeated('<t:x/>'),
  tokens: repeated('<t:RequestedSecurityToken/>'),
  'token-with-many-namespaces': around(
    `<t:RequestedAttachedReference${declared(30, 8)}>`,
    bytes => `<x>${repeated('<aa:a/>')(bytes)}</x>`,
    '</t:RequestedAttachedReference>',
  ),
  'key-size': around('<t:KeySize>', repeated('9'), '</t:KeySize>'),
  'key-size-of-spaces': around('<t:KeySize>', repeated(' '), '</t:KeySize>'),
  lifetime: around(`<t:Lifetime><u:Created xmlns:u="${ns.wsu}">`, repeated('2'), '</u:Created></t:Lifetime>'),
  'lifetime-in-brackets': around(
    `<t:Lifetime><u:Created xmlns:u="${ns.wsu}">`,
    repeated('('),
    '</u:Created></t:Lifetime>',
  ),
};

function tokenResponse(inside: string): string {
  const { wst, wsc } = dialects.feb2005;
  const token = `<c:SecurityContextToken xmlns:c="${wsc}"><c:Identifier>urn:x</c:Identifier></c:SecurityContextToken>`;
  return (
    `<t:RequestSecurityTokenResponse xmlns:t="${wst}">${inside}<t:RequestedSecurityToken>${token}` +
    '</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>'
  );
}

function table<T>(
  kind: string,
  rows: Readonly<Record<string, T>>,
  common: { signed: boolean; subject: Subject },
  write: (row: T, bytes: number) => string,
): Family[] {
  return Object.entries(rows).map(([name, row]) => ({
    name: `${kind}/${name}`,
    ...common,
    message: bytes => Buffer.from(write(row, bytes)),
  }));
}

/** All families of parts, arguments and answers. */
export function partFamilies(server: MeasuredServer, { tls, symmetric }: Conversations): readonly Family[] {
  const tlsServer = { signed: true, subject: server.subject('EchoTls11') };
  const symmetricServer = { signed: true, subject: server.subject('EchoSymmetric') };
  const inText = (inside: string) => `<Echo xmlns="${echo}">${inside}</Echo>`;
  const blocks = (bytes: number) => {
    const parts: PartByName[] = Array.from({ length: 15 }, (_, index) => ({ id: `h${index}`, prefixes: prefixes(16) }));
    const text = parts
      .map(
        ({ id }) =>
          `<x xmlns:u="${ns.wsu}"${declared(30, 8)} u:Id="${id}">${repeated('<a xmlns:x="urn:x"/>')(bytes / 15)}</x>`,
      )
      .join('');
    return signedAnew(replaced(call(tls), '<o:Security', `${text}<o:Security`), tls, parts);
  };
  const caller = { signed: false, subject: measuredCaller(symmetric, echoOperation(symmetric.plan)) };
  return [
    ...table('signed', signedBodies, tlsServer, ({ attributes, fill, prefixes: list = [] }, bytes) =>
      signedAnew(signedBodyCall(tls, inText(fill(bytes)), attributes), tls, [{ id: 'body', prefixes: list }]),
    ),
    ...table('signed', { 'header-blocks': blocks }, tlsServer, (write, bytes) => write(bytes)),
    ...table('arguments', argumentFills, symmetricServer, (fill, bytes) =>
      call(symmetric, { content: inText(fill(bytes)) }),
    ),
    ...table('fault', faults, caller, (write, bytes) => write(bytes)),
    ...table(
      'token-response',
      tokenResponses,
      { signed: false, subject: measuredBootstrap('EchoTls11') },
      (fill, bytes) => bootstrapAnswer(tls.plan, tokenResponse(fill(bytes))),
    ),
  ];
}
