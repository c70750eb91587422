import { algorithms, ns, tokenTypes } from '../../../src/names.ts';
import { derivedKeyToken, encryptedKeyStr, parts, reference } from '../builder.ts';
import { chain, insertAfter, replace, type Scenario, scenarioList } from './steps.ts';
import { dks, list, sctStr, strayKey } from './structures.ts';

/** What nothing has a use for, what comes too late, what comes out of the decryption. */
const { add, scenarios } = scenarioList();

// A bootstrap over TLS, of which nothing is signed
const strayData =
  `<xenc:EncryptedData Id="EDx" Type="${algorithms.encryptedElement}">` +
  `<xenc:EncryptionMethod Algorithm="${algorithms.aes128Cbc}"/>` +
  `<ds:KeyInfo>${sctStr}</ds:KeyInfo><xenc:CipherData>` +
  `<xenc:CipherValue>${Buffer.alloc(32, 1).toString('base64')}</xenc:CipherValue>` +
  '</xenc:CipherData></xenc:EncryptedData>';
for (const [name, structure] of Object.entries({
  'context-token': parts.sct,
  'encrypted-key': strayKey,
  'derived-key': dks,
  'encrypted-data': strayData,
  'reference-list': list(1, '#TS'),
})) {
  for (const plan of ['tls-bootstrap', 'tls-answer'] as const) {
    add(plan, `G18-${name}-in-${plan}`, 'a token or what is encrypted, where nothing has a use for it', {
      unsigned: insertAfter(parts.timestamp, structure),
    });
  }
}
const certificate =
  `<wsse:BinarySecurityToken wsu:Id="BST" ValueType="${tokenTypes.x509v3}" EncodingType="${tokenTypes.base64Binary}">` +
  `${Buffer.alloc(90, 0x30).toString('base64')}</wsse:BinarySecurityToken>`;
add('tls-bootstrap', 'G18-binary-token-in-tls-bootstrap', 'a certificate that nothing has a use for', {
  unsigned: insertAfter(parts.timestamp, certificate),
});
const several = (structure: string, id: string, count: number) =>
  Array.from({ length: count }, (_, n) => structure.replace(`"${id}"`, `"${id}${n}"`)).join('');
add('calls', 'G21-three-binary-tokens', 'more certificates than a header may hold', {
  unsigned: insertAfter(parts.timestamp, several(certificate, 'BST', 3)),
});
add('calls', 'G21-five-encrypted-data', 'more EncryptedData than a header may hold', {
  unsigned: insertAfter(parts.timestamp, several(strayData, 'EDx', 5)),
});

// Layout strict: a token before what uses it
const moved = (part: string | RegExp, before: string) => (text: string) => {
  const found = typeof part === 'string' ? part : (part.exec(text)?.[0] ?? '');
  return replace(before, found + before)(replace(found, '')(text));
};
add('bootstrap', 'K11-key-after-derived-keys', 'the EncryptedKey after the keys derived from it, layout strict', {
  unsigned: moved(/<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/, '<REFERENCES/>'),
});
add('bootstrap', 'K11-key-after-data', 'a DerivedKeyToken after the EncryptedData that it decrypts, layout strict', {
  unsigned: moved(derivedKeyToken('DKe', encryptedKeyStr), '<SIGNATURE/>'),
});

// What comes out of the decryption, and ids once more
const otherNamespace = chain(
  replace('<wsse:UsernameToken wsu:Id="UT">', '<wsse:UsernameToken wsu:Id="UT" xmlns:wsse="urn:example">'),
  text => text.replace(/wsse:(Username|Password)(?=[ >])/g, 'w:$1'),
  text => text.replace(/<w:\w+/g, `$& xmlns:w="${ns.wsse}"`),
);
const inside = (name: string) => (text: string) => text.replaceAll('wsse:UsernameToken', name);
const withoutToken = ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'];
add(
  'bootstrap',
  'G17-namespace-inside',
  'a UsernameToken of another namespace comes out, its children of the right one',
  {
    unsigned: otherNamespace,
  },
);
add(
  'bootstrap',
  'G17-namespace-inside-not-signed',
  'a UsernameToken of another namespace comes out, and is not signed',
  {
    unsigned: otherNamespace,
    sign: withoutToken,
  },
);
add('bootstrap', 'G17-other-name-inside', 'a signed element comes out that is no token', {
  unsigned: inside('wsse:Embedded'),
});
add('bootstrap', 'G17-other-name-inside-not-signed', 'an element comes out that is no token, and is not signed', {
  unsigned: inside('wsse:Embedded'),
  sign: withoutToken,
});
add('bootstrap', 'G17-nothing-inside', 'white space comes out in the place of the UsernameToken', {
  sign: withoutToken,
  token: () => ' ',
});
for (const [name, recipient] of Object.entries({
  direct: reference('#EK', tokenTypes.thumbprintSha1),
  'of-another-kind': `<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">AAAA</wsse:KeyIdentifier>`,
})) {
  add('bootstrap', `E08-recipient-${name}`, 'an EncryptedKey whose recipient is no certificate', {
    finished: text => text.replace(/<wsse:KeyIdentifier.*?<\/wsse:KeyIdentifier>/, recipient),
  });
}
add('bootstrap', 'G17-part-of-timestamp-inside', 'a signed part of a Timestamp comes out', {
  unsigned: inside('wsu:Created'),
});
add('signed-calls', 'X07-xml-id', 'the Body is named by its xml:id', {
  unsigned: replace('<soap:Body wsu:Id="Body">', '<soap:Body xml:id="Body">'),
});
add('calls', 'R13-other-algorithm-name', 'DigestMethod names its algorithm in an attribute of another name', {
  reference: replace('<ds:DigestMethod Algorithm', '<ds:DigestMethod URI'),
});
add('bootstrap', 'E03-oaep-digest', 'OAEP with another digest than its default', {
  finished: text =>
    text.replace(
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/>`,
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}">` +
        `<ds:DigestMethod Algorithm="${algorithms.sha256}"/></xenc:EncryptionMethod>`,
    ),
});
add('bootstrap', 'G20-content-of-oaep-digest', 'content where none may stand: OAEPparams, say', {
  finished: text =>
    text.replace(
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/>`,
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}">` +
        `<ds:DigestMethod Algorithm="${algorithms.sha1}"><m:x/></ds:DigestMethod></xenc:EncryptionMethod>`,
    ),
});

export const useAndOrder: readonly Scenario[] = scenarios;
