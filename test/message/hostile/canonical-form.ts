import { algorithms } from '../../../src/names.ts';
import { parts } from '../builder.ts';
import { chain, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';
import { inclusive } from './structures.ts';

/** Prefix lists, what stands between elements, what multiplies: the letters C, P and D. */
const { add, scenarios } = scenarioList();

// Prefix lists
add('calls', 'C02-seventeen-prefixes', 'a PrefixList above the limit', {
  reference: inclusive(` PrefixList="${Array.from({ length: 17 }, (_, n) => `p${n}`).join(' ')}"`),
});
add('calls', 'C02-not-a-prefix', 'a PrefixList with something that is no prefix', {
  reference: inclusive(' PrefixList="a b:c"'),
});
add('calls', 'C02-no-prefix-list', 'InclusiveNamespaces without PrefixList', { reference: inclusive('') });
add('calls', 'C02-control-unknown-prefixes', 'a PrefixList of prefixes that aren’t declared, in odd white space', {
  reference: inclusive(' PrefixList=" q&#9;r&#10;#default "'),
});
add('calls', 'C03-inclusive-c14n', 'inclusive canonicalisation of SignedInfo', {
  signedInfo: replace(algorithms.excC14n, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'),
});
add('calls', 'C05-digest-of-nothing', 'the digest of the empty string for each Reference', {
  reference: text => text.replace(/<ds:DigestValue>[^<]*/, '<ds:DigestValue>2jmj7l5rSw0yVb/vlWAYkK/YBwk='),
});

// What stands between elements
const betweenParts: Readonly<Record<string, readonly [marker: string, where: string]>> = {
  envelope: ['<soap:Header>', 'the parts of the Envelope'],
  header: ['<wsa:Action', 'header blocks'],
  security: ['<wsu:Timestamp', 'the children of the Security header'],
  timestamp: ['<wsu:Expires', 'the children of the Timestamp'],
  body: ['<m:Echo', 'the Body and its child'],
};
for (const [place, [marker, where]] of Object.entries(betweenParts)) {
  add('tls-calls', `P11-cdata-between-${place}`, `a CDATA section full of comments’ beginnings between ${where}`, {
    finished: insertBefore(marker, `<![CDATA[${'<!--'.repeat(20)}]]>`),
  });
  add('tls-calls', `P11-empty-cdata-between-${place}`, `an empty CDATA section between ${where}`, {
    finished: insertBefore(marker, '<![CDATA[]]>'),
  });
  add('tls-calls', `P11-other-space-between-${place}`, `a space that is none of XML's between ${where}`, {
    finished: insertBefore(marker, '\u00A0'),
  });
}
add('tls-calls', 'P11-control-comments-between', 'comments and white space between all structural elements', {
  finished: text => text.replaceAll('><wsa:', '> <!-- <![CDATA[ --> <wsa:'),
});

// What multiplies
const thirty = (write: (index: number) => string) => Array.from({ length: 30 }, (_, i) => write(i)).join('');
const longNames = thirty(i => ` xmlns:p${i}="urn:${'x'.repeat(500)}${i}"`);
const manyUses = `<m:text${thirty(i => ` p${i}:a=""`)}>x</m:text>`;
for (const plan of ['signed-calls', 'calls'] as const) {
  add(
    plan,
    `D20-canonical-form-multiplies-${plan}`,
    'thirty long namespaces of the Body, used by each of 30 children',
    {
      unsigned: chain(
        replace('<soap:Body ', `<soap:Body${longNames} `),
        replace(parts.content, `<m:Echo>${manyUses.repeat(30)}</m:Echo>`),
      ),
    },
  );
}
add('tls-calls', 'D20-namespace-of-513-characters', 'a namespace name above the limit', {
  finished: replace('<m:Echo>', `<m:Echo xmlns:q="urn:${'x'.repeat(509)}">`),
});
add(
  'signed-calls',
  'D20-control-namespace-of-512-characters',
  'a namespace name of as many characters as it may have',
  {
    unsigned: replace('<m:Echo>', `<m:Echo xmlns:q="urn:${'x'.repeat(508)}">`),
  },
);

export const canonicalForm: readonly Scenario[] = scenarios;
