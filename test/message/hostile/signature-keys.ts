import { algorithms, ns, tokenTypes } from '../../../src/names.ts';
import { contextId, dk, parts, reference, sct, str } from '../builder.ts';
import { insertAfter, replace, type Scenario, scenarioList } from './steps.ts';

/** Signature algorithms and the keys that signatures name: the letter A. */
const { add, scenarios } = scenarioList();

for (const length of ['0', '1', '80', '160', '161', '-1', '']) {
  add('calls', `A01-output-length-${length === '' ? 'empty' : length}`, 'HMACOutputLength (CVE-2009-0217)', {
    signedInfo: replace(
      `<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"/>`,
      `<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}">` +
        `<ds:HMACOutputLength>${length}</ds:HMACOutputLength></ds:SignatureMethod>`,
    ),
  });
}
for (const [name, uri] of Object.entries({
  'rsa-sha1': algorithms.rsaSha1,
  'rsa-sha256': algorithms.rsaSha256,
  'ecdsa-sha1': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1',
  none: 'none',
  empty: '',
})) {
  add('calls', `A02-${name}`, 'a SignatureMethod for another kind of key', {
    signedInfo: replace(algorithms.hmacSha1, uri),
  });
}
add('calls', 'A03-hmac-with-public-data', 'an HMAC keyed with something that everybody knows', {
  secret: Buffer.alloc(16, 0x30),
});
for (const [name, uri] of Object.entries({
  sha256: algorithms.hmacSha256,
  sha512: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha512',
  md5: 'http://www.w3.org/2001/04/xmldsig-more#hmac-md5',
})) {
  add('calls', `A04-hmac-${name}`, 'another HMAC than the suite’s', { signedInfo: replace(algorithms.hmacSha1, uri) });
}
const keyInfos: Record<string, string> = {
  absent: '',
  two: parts.keyInfo + parts.keyInfo,
  'two-children': parts.keyInfo.replace('</ds:KeyInfo>', '<ds:KeyName>x</ds:KeyName></ds:KeyInfo>'),
  'key-name': '<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>',
  'key-value': '<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>',
  'x509-data': '<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>',
  'retrieval-method': '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/"/></ds:KeyInfo>',
  embedded: `<ds:KeyInfo>${str(`<wsse:Embedded>${parts.sct.replace('"SCT"', '"E"')}</wsse:Embedded>`)}</ds:KeyInfo>`,
  empty: '<ds:KeyInfo/>',
  'two-references': `<ds:KeyInfo>${str(reference('#DKs', dk) + reference('#DKs', dk))}</ds:KeyInfo>`,
};
for (const [name, keyInfo] of Object.entries(keyInfos)) {
  add('calls', `A05-key-info-${name}`, 'a KeyInfo that is not one reference', {
    signature: replace(parts.keyInfo, keyInfo),
  });
}
const keyReference = (uri: string, type: string) =>
  replace(parts.keyInfo, `<ds:KeyInfo>${str(reference(uri, type))}</ds:KeyInfo>`);
add('calls', 'A06-binary-token', 'a certificate of the sender’s as the key', {
  unsigned: insertAfter(
    parts.sct,
    `<wsse:BinarySecurityToken wsu:Id="BST" ValueType="${tokenTypes.x509v3}"` +
      ` EncodingType="${tokenTypes.base64Binary}">` +
      `${Buffer.alloc(90, 0x30).toString('base64')}</wsse:BinarySecurityToken>`,
  ),
  signature: keyReference('#BST', tokenTypes.x509v3),
});
add('calls', 'A06-username-token', 'a UsernameToken as the key', {
  unsigned: insertAfter(parts.sct, parts.usernameToken),
  plaintext: text => text,
  signature: keyReference('#UT', `${tokenTypes.passwordText}`),
});
add('calls', 'A06-encrypted-key-sha1', 'an EncryptedKey of another message as the key', {
  signature: replace(
    parts.keyInfo,
    `<ds:KeyInfo>${str(
      `<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">` +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>',
    )}</ds:KeyInfo>`,
  ),
});
add('calls', 'A07-value-type', 'a DerivedKeyToken referred to as if it were a context', {
  signature: keyReference('#DKs', sct),
});
add('calls', 'A07-token-type', 'a DerivedKeyToken with the TokenType of a context', {
  signature: replace(
    '<ds:KeyInfo><wsse:SecurityTokenReference>',
    `<ds:KeyInfo><wsse:SecurityTokenReference xmlns:k="${ns.wsse11}" k:TokenType="${sct}">`,
  ),
});
add('calls', 'A07-to-itself', 'a reference to the reference itself', {
  signature: replace(
    parts.keyInfo,
    '<ds:KeyInfo>' +
      `<wsse:SecurityTokenReference wsu:Id="STR">${reference('#STR', dk)}</wsse:SecurityTokenReference></ds:KeyInfo>`,
  ),
});
add('calls-without-derived-keys', 'A07-value-type-of-context', 'a context referred to as if it were a derived key', {
  signature: replace(`ValueType="${sct}"`, `ValueType="${dk}"`),
});
add('calls', 'A08-another-context', 'derived keys of a context that is not in the message', {
  unsigned: text =>
    text.replaceAll(reference('#SCT', sct), reference('urn:uuid:00000000-0000-4000-8000-00000000000a', sct)),
});
add('calls', 'A08-control-unattached', 'the context referred to by its Identifier', {
  unsigned: text => text.replaceAll(reference('#SCT', sct), reference(contextId, sct)),
});
add('calls', 'A08-control-hash-identifier', 'the context referred to by # and its Identifier, without ValueType', {
  unsigned: text => text.replaceAll(reference('#SCT', sct), `<wsse:Reference URI="#${contextId}"/>`),
});
add('calls-without-derived-keys', 'A08-another-instance', 'a reference to another Instance of the context', {
  signature: replace(
    '<wsse:Reference ',
    '<wsse:Reference wsc:Instance="urn:uuid:00000000-0000-4000-8000-00000000000b" ',
  ),
});

export const signatureKeys: readonly Scenario[] = scenarios;
