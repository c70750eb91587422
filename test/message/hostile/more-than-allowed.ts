import { algorithms, dialects, tokenTypes } from '../../../src/names.ts';
import { reference, sct } from '../builder.ts';
import { replace, type Scenario, scenarioList } from './steps.ts';
import { inclusive } from './structures.ts';

/** One thing more than a structure may hold, after what it must hold: the letter G, from 19. */
const { add, scenarios } = scenarioList();

const foreign = ' m:x=""';
const after = (attribute: string) => (text: string) => replace(attribute, attribute + foreign)(text);
for (const [name, attribute] of Object.entries({
  'context-token': 'wsu:Id="SCT"',
  'derived-key': 'wsu:Id="DKs"',
  timestamp: 'wsu:Id="TS"',
  'reference-uri': 'URI="#SCT"',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after the one that is known', {
    unsigned: after(attribute),
  });
}
for (const [name, attribute] of Object.entries({ 'signed-reference': 'URI="#Body"', digest: `"${algorithms.sha1}"` })) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after the one that is known', {
    reference: (text, id) => (id === 'Body' ? after(attribute)(text) : text),
  });
}
add('calls', 'G19-attribute-of-transform', 'a foreign attribute after the one that is known', {
  reference: (text, id) => (id === 'Body' ? after(`<ds:Transform Algorithm="${algorithms.excC14n}"`)(text) : text),
});
for (const [name, from] of Object.entries({
  'signature-method': `SignatureMethod Algorithm="${algorithms.hmacSha1}"`,
  'canonicalization-method': `CanonicalizationMethod Algorithm="${algorithms.excC14n}"`,
  'signed-info': '<ds:SignedInfo',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    signedInfo: after(from),
  });
}
for (const [name, from] of Object.entries({
  signature: 'Id="SIG"',
  'key-info': '<ds:KeyInfo',
  'signature-value': '<ds:SignatureValue',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    signature: after(from),
  });
}
add('calls', 'G19-attribute-of-transforms', 'an attribute where none may stand', {
  reference: (text, id) => (id === 'Body' ? after('<ds:Transforms')(text) : text),
});
for (const [name, from] of Object.entries({
  'encrypted-data': 'Id="EDb"',
  'cipher-data': '<xenc:CipherData',
  'cipher-value': '<xenc:CipherValue',
  'encryption-method': `"${algorithms.aes128Cbc}"`,
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    encryptedData: after(from),
  });
}
for (const [name, from] of Object.entries({
  'reference-list': '<xenc:ReferenceList',
  'data-reference': 'URI="#EDb"',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', { finished: after(from) });
}
for (const [name, from] of Object.entries({
  'encrypted-key': 'Id="EK"',
  'key-identifier': `ValueType="${tokenTypes.thumbprintSha1}"`,
  'username-token': '"UT"',
  password: `"${tokenTypes.passwordText}"`,
})) {
  const plan = name.startsWith('e') || name.startsWith('k') ? 'bootstrap' : 'tls-bootstrap';
  add(plan, `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', { unsigned: after(from) });
}
add('calls', 'G19-id-without-namespace', 'an Id without a namespace on an element of wsu', {
  unsigned: replace('<wsu:Timestamp wsu:Id="TS"', '<wsu:Timestamp Id="TS"'),
});
add('calls', 'G19-id-of-another-spelling', 'a wsu:ID', {
  unsigned: replace('<wsu:Timestamp wsu:Id="TS"', '<wsu:Timestamp wsu:ID="TS"'),
});
add('calls', 'G19-token-type-without-namespace', 'an attribute with a name that is known in another namespace', {
  unsigned: replace('<wsse:SecurityTokenReference>', `<wsse:SecurityTokenReference TokenType="${sct}">`),
});
add('tls-bootstrap', 'G19-attribute-of-username', 'an attribute where none may stand', {
  unsigned: replace('<wsse:Username>', `<wsse:Username${foreign}>`),
});
const filled = (from: string) => replace(`${from}/>`, `${from}><!-- --></${/\w+:\w+/.exec(from)?.[0]}>`);
add('calls', 'G20-content-of-digest-method', 'content where none may stand', {
  reference: (text, id) => (id === 'Body' ? filled(`<ds:DigestMethod Algorithm="${algorithms.sha1}"`)(text) : text),
});
add('calls', 'G20-content-of-signature-method', 'content where none may stand', {
  signedInfo: filled(`<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"`),
});
add('calls', 'G20-content-of-inclusive-namespaces', 'content where none may stand', {
  reference: text =>
    filled(`<x:InclusiveNamespaces xmlns:x="${algorithms.excC14n}" PrefixList="m"`)(inclusive(' PrefixList="m"')(text)),
});
add('calls', 'G20-content-of-encryption-method', 'content where none may stand: a KeySize, say', {
  encryptedData: filled(`<xenc:EncryptionMethod Algorithm="${algorithms.aes128Cbc}"`),
});
add('calls', 'G20-content-of-data-reference', 'content where none may stand: a transform, say', {
  finished: filled('<xenc:DataReference URI="#EDb"'),
});
add('calls', 'G20-content-of-reference', 'content where none may stand', {
  unsigned: text =>
    text.replace(reference('#SCT', sct), reference('#SCT', sct).replace('/>', '><m:x/></wsse:Reference>')),
});

add(
  'calls',
  'G19-other-attribute-with-the-algorithm',
  'the name of the derivation in an attribute that is none of its',
  {
    unsigned: replace('wsu:Id="DKs"', `wsu:Id="DKs" Derivation="${dialects.feb2005.dkPsha1}"`),
  },
);
add('calls', 'G21-nothing-encrypted', 'no EncryptedData in the Body, nothing at all', {
  encryptedData: () => '',
});

export const moreThanAllowed: readonly Scenario[] = scenarios;
