import { algorithms, ns, tokenTypes } from '../../../src/names.ts';
import { alice, binaryToken, contextId, dk, encryptedKeyStr, parts, reference, sct, str } from '../builder.ts';
import { own } from '../captures.ts';
import { chain, insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';

/** Messages that one certificate signs, and that are encrypted to another: the letter L. */
const { add, scenarios } = scenarioList();

const named = 'certificate-bootstrap';
const bob = own('bob');
const bst = binaryToken('BST', alice);
const encryptedKey = /<xenc:EncryptedKey .*<\/xenc:EncryptedKey>/;
const list = /<xenc:ReferenceList>.*<\/xenc:ReferenceList>/;
const signature = /<ds:Signature .*<\/ds:Signature>/;
const keyInfo = (inner: string) => `<ds:KeyInfo>${inner}</ds:KeyInfo>`;
const byCertificate = keyInfo(str(reference('#BST', tokenTypes.x509v3)));
const otherKeyInfo = (inner: string) => ({ signature: replace(byCertificate, keyInfo(inner)) });
const { n = '', e = '' } = bob.certificate.publicKey.export({ format: 'jwk' });
const base64 = (text: string) => Buffer.from(text, 'base64url').toString('base64');
const thumbprint = (value: string) =>
  `<wsse:KeyIdentifier EncodingType="${tokenTypes.base64Binary}" ValueType="${tokenTypes.thumbprintSha1}">` +
  `${value}</wsse:KeyIdentifier>`;
const derivedToken = (source: string) =>
  `<wsc:DerivedKeyToken wsu:Id="DKs">${source}<wsc:Offset>0</wsc:Offset><wsc:Length>16</wsc:Length>` +
  `<wsc:Nonce>${Buffer.alloc(16, 0xa1).toString('base64')}</wsc:Nonce></wsc:DerivedKeyToken>`;

add(named, 'L01-signature-missing', 'no Signature', { finished: replace(signature, '') });
add(named, 'L01-certificate-missing', 'a Signature by a certificate that is not there', { unsigned: replace(bst, '') });
add(named, 'L01-key-missing', 'no EncryptedKey', {
  finished: xml => replace(encryptedKey, list.exec(xml)?.[0] ?? '')(xml),
});
add(named, 'L01-nothing-but-a-timestamp', 'neither Signature nor tokens', {
  finished: chain(replace(signature, ''), replace(encryptedKey, ''), replace(bst, '')),
});

add(named, 'L02-another-certificate', 'a certificate that nobody believes, with its own Signature', {
  unsigned: replace(bst, binaryToken('BST', bob)),
  signer: bob,
});
add(named, 'L02-another-key', 'a Signature by another key than that of the certificate', { signer: bob });
add(named, 'L02-value-changed', 'another SignatureValue', {
  signature: replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA'),
});
add(named, 'L02-value-longer', 'the SignatureValue with a zero before it', {
  signature: text =>
    text.replace(/(?<=<ds:SignatureValue>)[^<]*/, value =>
      Buffer.concat([Buffer.alloc(1), Buffer.from(value, 'base64')]).toString('base64'),
    ),
});
add(named, 'L02-hmac-with-the-certificate', 'an HMAC keyed with the certificate, which everybody has', {
  secret: alice.certificate.raw,
});
add(named, 'L02-hmac-by-the-key-that-encrypts', 'an HMAC, by the key that was encrypted to the service', {
  ...otherKeyInfo(encryptedKeyStr),
  secret: Buffer.alloc(16, 1),
});
add(named, 'L02-rsa-by-the-key-that-encrypts', 'a Signature by RSA that names the EncryptedKey as its key', {
  ...otherKeyInfo(encryptedKeyStr),
});
add(named, 'L02-rsa-sha256', 'another algorithm than the suite’s', {
  signedInfo: replace(algorithms.rsaSha1, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'),
});
add(named, 'L03-key-value', 'a public key in KeyInfo', {
  ...otherKeyInfo(
    `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent>` +
      '</ds:RSAKeyValue></ds:KeyValue>',
  ),
  signer: bob,
});
add(named, 'L03-certificate-in-key-info', 'a certificate in KeyInfo', {
  ...otherKeyInfo(
    `<ds:X509Data><ds:X509Certificate>${bob.certificate.raw.toString('base64')}</ds:X509Certificate></ds:X509Data>`,
  ),
  signer: bob,
});
add(named, 'L03-embedded-certificate', 'a certificate embedded in the reference', {
  ...otherKeyInfo(str(`<wsse:Embedded>${binaryToken('BST2', bob)}</wsse:Embedded>`)),
  signer: bob,
});
add(named, 'L03-named-by-thumbprint-of-another', 'the thumbprint of another certificate, which signed', {
  ...otherKeyInfo(str(thumbprint(bob.thumbprintSha1))),
  signer: bob,
});
add(named, 'L03-control-named-by-thumbprint', 'the certificate in the message, named by its thumbprint', {
  ...otherKeyInfo(str(thumbprint(alice.thumbprintSha1))),
});
add(named, 'L04-two-certificates', 'a second certificate', {
  unsigned: insertAfter(bst, binaryToken('BST2', bob)),
});
add(named, 'L04-two-signatures', 'the Signature twice', {
  signature: text => text + text.replace('Id="SIG"', 'Id="SIG2"'),
});
add(named, 'L04-two-signatures-by-two', 'a second Signature, by a second certificate', {
  unsigned: insertAfter(bst, binaryToken('BST2', bob)),
  signature: text => text + text.replace('Id="SIG"', 'Id="SIG2"').replace('#BST', '#BST2'),
});
add(named, 'L04-two-keys', 'the EncryptedKey twice', {
  finished: xml => xml.replace(encryptedKey, found => found + found.replace('Id="EK"', 'Id="EK2"').replace(list, '')),
});

add(named, 'L05-to-another-certificate', 'an EncryptedKey for the certificate of somebody else', {
  finished: replace(/(?<=ThumbprintSHA1">)[^<]*/, alice.thumbprintSha1),
});
add(named, 'L05-to-the-certificate-in-the-message', 'an EncryptedKey for the certificate of its sender', {
  finished: xml =>
    xml.replace(/(<xenc:EncryptedKey .*?<ds:KeyInfo>).*?(<\/ds:KeyInfo>)/, (_, open, close) =>
      [open, str(reference('#BST', tokenTypes.x509v3)), close].join(''),
    ),
});
add(named, 'L05-rsa15', 'an EncryptedKey by RSA 1.5', {
  finished: replace(algorithms.rsaOaepMgf1p, 'http://www.w3.org/2001/04/xmlenc#rsa-1_5'),
});
const otherCipher = (change: (cipher: Buffer) => Buffer) => (xml: string) =>
  xml.replace(/(<xenc:EncryptedKey .*?<xenc:CipherValue>)([^<]*)/, (_, open, value) =>
    [open, change(Buffer.from(value, 'base64')).toString('base64')].join(''),
  );
add(named, 'L05-garbage', 'octets that RSA-OAEP does not open', { finished: otherCipher(cipher => cipher.fill(7)) });
add(named, 'L05-longer', 'the octets with a zero before them', {
  finished: otherCipher(cipher => Buffer.concat([Buffer.alloc(1), cipher])),
});
add(named, 'L05-shorter', 'octets without the last one', { finished: otherCipher(cipher => cipher.subarray(0, -1)) });

add(named, 'L06-control-list-beside', 'the ReferenceList beside the EncryptedKey', {
  finished: xml => {
    const found = list.exec(xml)?.[0] ?? '';
    return chain(replace(list, ''), insertAfter('</xenc:EncryptedKey>', found))(xml);
  },
});
add(named, 'L06-two-lists', 'a ReferenceList in the EncryptedKey and one behind it', {
  finished: xml => insertAfter('</xenc:EncryptedKey>', list.exec(xml)?.[0] ?? '')(xml),
});
add(named, 'L06-two-lists-the-other-first', 'a ReferenceList in the EncryptedKey and one before it', {
  finished: xml => insertBefore('<xenc:EncryptedKey ', list.exec(xml)?.[0] ?? '')(xml),
});
add(named, 'L06-no-list', 'ciphertext that no ReferenceList names', { finished: replace(list, '') });
add(named, 'L06-list-of-another', 'a ReferenceList that names something else', {
  finished: replace('<xenc:DataReference URI="#EDb"/>', '<xenc:DataReference URI="#BST"/>'),
});
add(named, 'L06-more-in-the-key', 'a name in the EncryptedKey', {
  finished: insertBefore('</xenc:EncryptedKey>', '<xenc:CarriedKeyName>K</xenc:CarriedKeyName>'),
});
add(named, 'L06-name-instead-of-the-list', 'a name in the EncryptedKey, and the ReferenceList beside it', {
  finished: xml => {
    const found = list.exec(xml)?.[0] ?? '';
    const name = '<xenc:CarriedKeyName>K</xenc:CarriedKeyName>';
    return chain(replace(list, name), insertAfter('</xenc:EncryptedKey>', found))(xml);
  },
});
add('bootstrap', 'L06-list-in-a-key-that-signs', 'a ReferenceList in an EncryptedKey that also signs', {
  finished: xml => {
    const found = list.exec(xml)?.[0] ?? '';
    return chain(replace(list, ''), insertBefore('</xenc:EncryptedKey>', found))(xml);
  },
});

add(named, 'L07-body-in-clear', 'a Body that is not encrypted', {
  finished: xml =>
    chain(replace(list, ''), replace(/<xenc:EncryptedData .*<\/xenc:EncryptedData>/, parts.content))(xml),
});
add(named, 'L07-encrypted-for-the-signer', 'ciphertext that names the certificate as its key', {
  encryptedData: replace(encryptedKeyStr, str(reference('#BST', tokenTypes.x509v3))),
});
add(named, 'L07-encrypted-by-nothing', 'ciphertext that names no key of the message', {
  encryptedData: replace('URI="#EK"', 'URI="#EK2"'),
});
add(named, 'L07-another-content', 'a Body that was signed as another one than it was encrypted', {
  plaintext: replace('pay 1 to bob', 'pay 1000000 to eve'),
});
add(named, 'L07-no-content', 'a Body of which nothing was encrypted', { plaintext: () => '' });
add(named, 'L07-no-xml', 'a Body that is no XML', { plaintext: () => '<m:Echo' });
add(named, 'L07-padding', 'wrong padding', {
  cipher: bytes => Buffer.concat([bytes.subarray(0, -17), Buffer.alloc(1, 0x5a), bytes.subarray(-16)]),
});
add(named, 'L07-truncated', 'the last block missing', { cipher: bytes => bytes.subarray(0, -16) });
add(named, 'L07-a-type-that-is-not-signed', 'a type whose prefix is declared in the plaintext alone', {
  unsigned: replace('<m:text>', `<m:text xmlns:xsi="${ns.xsi}" xmlns:q="urn:q" xsi:type="q:T">`),
});
add(named, 'L07-a-type-with-another-meaning', 'the prefix of a type bound to something else after it was signed', {
  unsigned: replace('<m:text>', `<m:text xmlns:xsi="${ns.xsi}" xmlns:q="urn:q" xsi:type="q:T">`),
  plaintext: replace('xmlns:q="urn:q"', 'xmlns:q="urn:other"'),
});
add(named, 'L07-control-a-signed-type', 'a type whose prefix the PrefixList names', {
  unsigned: replace('<m:text>', `<m:text xmlns:xsi="${ns.xsi}" xmlns:q="urn:q" xsi:type="q:T">`),
  prefixes: ['q'],
});

add(named, 'L08-body-not-signed', 'a Signature over all but the Body', {
  sign: ['TS', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add(named, 'L08-to-not-signed', 'a Signature over all but To', {
  sign: ['TS', 'Body', 'ReplyTo', 'MessageID', 'Action'],
});
add(named, 'L08-timestamp-not-signed', 'a Signature over all but the Timestamp', {
  sign: ['Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add(named, 'L08-to-changed', 'a To that was changed on the way', {
  finished: replace('8080/EchoSymmetric', '6666/EchoSymmetric'),
});
add(named, 'L08-key-signed', 'the EncryptedKey among what is signed', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'EK'],
});
add(named, 'L08-control-token-signed', 'the certificate among what is signed', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'BST'],
});

add(named, 'L09-user', 'a UsernameToken of somebody else’s, in clear', {
  unsigned: insertAfter(bst, parts.usernameToken),
});
add(named, 'L09-conversation', 'the token of a conversation', { unsigned: insertAfter(bst, parts.sct) });
add(named, 'L09-derived-key', 'a key that is derived from the EncryptedKey', {
  unsigned: insertAfter(bst, derivedToken(encryptedKeyStr)),
});
add(named, 'L09-signed-by-a-derived-key', 'an HMAC with a key that is derived from the EncryptedKey', {
  unsigned: insertAfter(bst, derivedToken(encryptedKeyStr)),
  ...otherKeyInfo(str(reference('#DKs', dk))),
  secret: Buffer.alloc(16, 1),
});
add(named, 'L09-signed-by-a-conversation', 'a Signature by RSA that names a conversation as its key', {
  unsigned: insertAfter(bst, parts.sct),
  ...otherKeyInfo(str(reference(contextId, sct))),
});
add(named, 'L10-certificate-after-its-use', 'the certificate behind the Signature by its key, in a strict layout', {
  unsigned: chain(replace(bst, ''), insertAfter('<SIGNATURE/>', bst)),
});

add(
  named,
  'L11-bootstrap',
  'a bootstrap with a user and a key that signs, where certificates are asked for',
  {},
  'bootstrap',
);
add(
  'bootstrap',
  'L11-certificates-instead-of-the-user',
  'certificates, where a user and a key that signs are asked for',
  {},
  named,
);
add(named, 'L11-call', 'a call in a conversation, where certificates are asked for', {}, 'calls');
add(
  'calls',
  'L11-certificates-instead-of-the-conversation',
  'certificates, where a conversation is asked for',
  {},
  named,
);
add(
  named,
  'L11-over-tls',
  'a certificate that endorses over TLS, where the message is to be encrypted',
  {},
  'tls-endorsed-certificate',
);
add('tls-endorsed-certificate', 'L11-certificates-over-tls', 'an encrypted message, where TLS encrypts', {}, named);
add(
  'endorsed-bootstrap',
  'L11-certificates-instead-of-the-endorsement',
  'certificates, where a conversation endorses a key that signs',
  {},
  named,
);

export const certificates: readonly Scenario[] = scenarios;
