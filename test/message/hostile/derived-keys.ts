import { dialects, tokenTypes } from '../../../src/names.ts';
import { derivedKeyToken, dk, encryptedKeyStr, parts, reference, str, wsc } from '../builder.ts';
import { chain, insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';
import { dks, sctStr, wrapped } from './structures.ts';

/** Derived keys: the letter K. */
const { add, scenarios } = scenarioList();

for (const [name, value] of Object.entries({
  'minus-1': '-1',
  0: '0',
  1: '1',
  15: '15',
  17: '17',
  33: '33',
  huge: '1000000000000000000000000000000',
  empty: '',
  space: '16 ',
  plus: '+16',
  float: '16.0',
  exponent: '1.6e1',
  hex: '0x10',
  'full-width': '１６',
  'other-length': '32',
})) {
  add('calls', `K01-length-${name}`, 'a Length that is no length of the suite', {
    unsigned: replace('<wsc:Length>16<', `<wsc:Length>${value}<`),
  });
}
add('calls', 'K01-two-lengths', 'two Lengths', {
  unsigned: insertAfter('<wsc:Length>16</wsc:Length>', '<wsc:Length>16</wsc:Length>'),
});
add('calls', 'K01-no-length', 'no Length: 32, which is not the suite’s', {
  unsigned: replace('<wsc:Length>16</wsc:Length>', ''),
});
for (const value of ['-1', '65', '10000000', '2147483647']) {
  add('calls', `K02-offset-${value}`, 'an Offset out of bounds', {
    unsigned: replace('<wsc:Offset>0<', `<wsc:Offset>${value}<`),
  });
}
for (const value of ['-1', '5', '2147483647']) {
  add('calls', `K03-generation-${value}`, 'a Generation out of bounds', {
    unsigned: replace('<wsc:Offset>0</wsc:Offset>', `<wsc:Generation>${value}</wsc:Generation>`),
  });
}
add('calls', 'K04-generation-and-offset', 'Generation and Offset', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', '<wsc:Generation>0</wsc:Generation><wsc:Offset>0</wsc:Offset>'),
});
add('calls', 'K04-control-neither', 'neither Generation nor Offset: offset 0', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', ''),
});
add('calls', 'K04-control-generation', 'Generation 0: offset 0', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', '<wsc:Generation>0</wsc:Generation>'),
});
const dke = derivedKeyToken('DKe', sctStr);
add('calls', 'K05-overlap', 'two tokens that yield the same bytes', {
  unsigned: replace(dke, dks.replace('"DKs"', '"DKe"')),
});
add('calls', 'K05-partial-overlap', 'two tokens whose bytes overlap', {
  unsigned: replace(dke, dks.replace('"DKs"', '"DKe"').replace('Offset>0<', 'Offset>15<')),
});
add('calls', 'K05-one-for-both', 'one token for signature and encryption', { encryptedData: replace('#DKe', '#DKs') });
for (const [name, value] of Object.entries({
  empty: '',
  'one-byte': 'AA==',
  'fifteen-bytes': Buffer.alloc(15).toString('base64'),
  '129-bytes': Buffer.alloc(129).toString('base64'),
  'no-padding': Buffer.alloc(16).toString('base64').slice(0, -2),
  'url-alphabet': '__________________-_-A==',
  'pad-bits': 'AAAAAAAAAAAAAAAAAAAAAB==',
  concatenated: 'AAAAAAAAAAAAAAAAAAAAAA==AAAA',
})) {
  add('calls', `K06-nonce-${name}`, 'a Nonce of a wrong length or that is no base64', {
    unsigned: text => text.replace(/<wsc:Nonce>[^<]*/, `<wsc:Nonce>${value}`),
  });
}
add('calls', 'K06-no-nonce', 'no Nonce', { unsigned: text => text.replace(/<wsc:Nonce>[^<]*<\/wsc:Nonce>/, '') });
add('calls', 'K07-label-empty', 'an empty Label', { unsigned: insertBefore('<wsc:Nonce>', '<wsc:Label></wsc:Label>') });
add('calls', 'K07-label-129', 'a Label of 129 bytes', {
  unsigned: insertBefore('<wsc:Nonce>', `<wsc:Label>${'x'.repeat(129)}</wsc:Label>`),
});
add('calls', 'K08-properties', 'wsc:Properties', {
  unsigned: insertBefore('<wsc:Offset>', '<wsc:Properties><m:x/></wsc:Properties>'),
});
add('calls', 'K08-child-after-nonce', 'a child after the last that may be there', {
  unsigned: insertAfter('</wsc:Nonce>', '<wsc:Nonce>AAAAAAAAAAAAAAAAAAAAAA==</wsc:Nonce>'),
});
add('calls', 'K09-algorithm', 'an unknown derivation', {
  unsigned: replace('<wsc:DerivedKeyToken', '<wsc:DerivedKeyToken Algorithm="urn:example:kdf"'),
});
add('calls', 'K09-algorithm-of-the-other-dialect', 'the derivation of the other dialect', {
  unsigned: replace('<wsc:DerivedKeyToken', `<wsc:DerivedKeyToken wsc:Algorithm="${dialects['200512'].dkPsha1}"`),
});
add('calls', 'K09-algorithm-of-another-namespace', 'Algorithm in a namespace of no specification', {
  unsigned: replace(
    '<wsc:DerivedKeyToken wsu:Id="DKs"',
    `<wsc:DerivedKeyToken wsu:Id="DKs" m:Algorithm="${wsc}/dk/p_sha1"`,
  ),
});
add('calls', 'K09-control-algorithm', 'Algorithm, spelled both ways', {
  unsigned: chain(
    replace('<wsc:DerivedKeyToken wsu:Id="DKs"', `<wsc:DerivedKeyToken wsu:Id="DKs" Algorithm="${wsc}/dk/p_sha1"`),
    replace('<wsc:DerivedKeyToken wsu:Id="DKe"', `<wsc:DerivedKeyToken wsu:Id="DKe" wsc:Algorithm="${wsc}/dk/p_sha1"`),
  ),
});
add('calls', 'K10-derived-from-derived', 'a key derived from a derived key', {
  unsigned: replace(dks, derivedKeyToken('DKs', str(reference('#DKe', dk)))),
});
add('calls', 'K10-derived-from-itself', 'a key derived from itself', {
  unsigned: replace(dks, derivedKeyToken('DKs', str(reference('#DKs', dk)))),
});
add('calls', 'K10-derived-from-encrypted-key', 'a key derived from an EncryptedKey', {
  unsigned: replace(dks, derivedKeyToken('DKs', encryptedKeyStr)),
});
add('bootstrap', 'K10-derived-from-another-key', 'a key derived from another EncryptedKey', {
  unsigned: text =>
    text.replace(
      reference('#EK', tokenTypes.encryptedKey),
      `<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">` +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>',
    ),
});
add('bootstrap', 'K11-token-after-use', 'a DerivedKeyToken after the Signature, layout strict', {
  unsigned: text => {
    const token = derivedKeyToken('DKs', encryptedKeyStr);
    return text.replace(token, '').replace('<SIGNATURE/>', `<SIGNATURE/>${token}`);
  },
});
add('bootstrap', 'K11-list-after-data', 'the ReferenceList after an EncryptedData that it names, layout strict', {
  unsigned: text => text.replace('<REFERENCES/>', '').replace('<SIGNATURE/>', '<REFERENCES/><SIGNATURE/>'),
});
add('calls', 'K11-control-lax', 'tokens after the Signature, layout lax', {
  unsigned: text =>
    text.replace(parts.sct + dks + dke, '').replace('<SIGNATURE/>', `<SIGNATURE/>${dks}${dke}${parts.sct}`),
});
add('calls', 'K11-in-another-header', 'a DerivedKeyToken in another header block', {
  unsigned: text => text.replace(dks, '').replace('<wsse:Security', `${wrapped(dks)}<wsse:Security`),
});
add('calls', 'K12-five-tokens', 'a fifth DerivedKeyToken', {
  unsigned: insertAfter(
    dke,
    [1, 2, 3].map(n => dks.replace('"DKs"', `"DK${n}"`).replace('Nonce>o', `Nonce>${n}`)).join(''),
  ),
});
add('calls', 'K13-mixed-dialects', 'a DerivedKeyToken of the other dialect', {
  unsigned: text =>
    text.replace(
      dks,
      dks
        .replaceAll('wsc:', 'x:')
        .replace('<x:DerivedKeyToken', `<x:DerivedKeyToken xmlns:x="${dialects['200512'].wsc}"`),
    ),
});
add('calls', 'K14-secret-used-directly', 'the secret of the context signs although derived keys are required', {
  signature: replace(parts.keyInfo, `<ds:KeyInfo>${sctStr}</ds:KeyInfo>`),
});
add('calls', 'K14-secret-encrypts-directly', 'the secret of the context encrypts although derived keys are required', {
  encryptedData: replace(str(reference('#DKe', dk)), sctStr),
});
add('calls-without-derived-keys', 'K14-derived-key-forbidden', 'a DerivedKeyToken where the plan has none', {
  unsigned: insertAfter(parts.sct, dks),
});

export const derivedKeys: readonly Scenario[] = scenarios;
