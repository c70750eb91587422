import { describe, expect, test } from 'vitest';
import { dialects, ns, tokenTypes } from '../../src/names.ts';
import { collectIds, elementById, hasId, hasLookAlike, idOfReference } from '../../src/security/ids.ts';
import {
  derivedKeyIdOf,
  parseTokenReference,
  refersToContext,
  refersToEncryptedKey,
  writeDirectReference,
  writeEncryptedKeyReference,
  writeEncryptedKeySha1Reference,
} from '../../src/security/token-reference.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanText } from '../../src/xml/scan.ts';

const dialect = dialects.feb2005;
const refusal = (fault: string, reason?: string) =>
  expect.objectContaining(reason === undefined ? { fault } : { fault, reason });
const parse = (text: string) => parseTokenReference(scanText(text).root);
const direct = (attributes: string, outer = '') =>
  parse(
    `<o:SecurityTokenReference xmlns:o="${ns.wsse}" xmlns:k="${ns.wsse11}" xmlns:c="${dialect.wsc}" ${outer}>` +
      `<o:Reference ${attributes}/></o:SecurityTokenReference>`,
  );

describe('a reference to a context', () => {
  const context = { id: 'urn:uuid:1', instance: 'urn:uuid:2', wsuId: 'SCT' };
  const means = (attributes: string, outer = '') => refersToContext(direct(attributes, outer), context, { dialect });

  test('is its wsu:Id, its Identifier or # and its Identifier', () => {
    for (const uri of ['#SCT', 'urn:uuid:1', '#urn:uuid:1']) expect(means(`URI="${uri}"`), uri).toBe(true);
    for (const uri of ['SCT', '?SCT', '#', '', '#sct', 'urn:uuid:2', '#urn:uuid:10'])
      expect(means(`URI="${uri}"`), uri).toBe(false);
    expect(refersToContext(direct('URI="#undefined"'), { ...context, wsuId: undefined }, { dialect })).toBe(false);
  });

  test('has the right ValueType and TokenType, or none', () => {
    expect(means(`URI="#SCT" ValueType="${dialect.sct}"`)).toBe(true);
    expect(means(`URI="#SCT" ValueType="${dialects['200512'].sct}"`)).toBe(false);
    expect(means('URI="#SCT" ValueType=""')).toBe(false);
    expect(means('URI="#SCT"', `k:TokenType="${dialect.sct}"`)).toBe(true);
    expect(means('URI="#SCT"', `k:TokenType="${dialect.dk}"`)).toBe(false);
  });

  test('has the right Instance, or none', () => {
    expect(means('URI="#SCT" c:Instance="urn:uuid:2"')).toBe(true);
    expect(means('URI="#SCT" c:Instance="urn:uuid:3"')).toBe(false);
    expect(
      refersToContext(direct('URI="#SCT" c:Instance="urn:uuid:2"'), { ...context, instance: undefined }, { dialect }),
    ).toBe(false);
  });

  test('is a direct one', () => {
    expect(refersToContext(parse(writeEncryptedKeySha1Reference('AAAA')), context, { dialect })).toBe(false);
    expect(
      refersToContext({ tokenType: undefined, kind: 'issuerSerial', issuer: 'CN=x', serialNumber: '1' }, context, {
        dialect,
      }),
    ).toBe(false);
  });
});

describe('where two dialects are mixed', () => {
  const mixed = { dialect, mixedWith: dialects['200512'] };
  const context = { id: 'urn:uuid:1', instance: undefined, wsuId: 'SCT' };

  test.each([dialect, mixed.mixedWith])('a reference may name the types of either: $name', ({ sct, dk }) => {
    expect(refersToContext(direct(`URI="#SCT" ValueType="${sct}"`), context, mixed)).toBe(true);
    expect(refersToContext(direct('URI="#SCT"', `k:TokenType="${sct}"`), context, mixed)).toBe(true);
    expect(derivedKeyIdOf(direct(`URI="#DK" ValueType="${dk}"`), mixed)).toBe('DK');
  });

  test('and no other, nor that of another token', () => {
    const { dk } = mixed.mixedWith;
    expect(refersToContext(direct(`URI="#SCT" ValueType="${dk}"`), context, mixed)).toBe(false);
    expect(refersToContext(direct('URI="#SCT" ValueType="urn:x"'), context, mixed)).toBe(false);
    expect(derivedKeyIdOf(direct('URI="#DK" ValueType="urn:x"'), mixed)).toBeUndefined();
  });

  test('and a derived key may be named by the type of what it is derived from', () => {
    for (const type of [dialect.sct, mixed.mixedWith.sct, tokenTypes.encryptedKey])
      expect(derivedKeyIdOf(direct(`URI="#DK" ValueType="${type}"`, `k:TokenType="${type}"`), mixed)).toBe('DK');
    expect(derivedKeyIdOf(direct(`URI="#DK" ValueType="${tokenTypes.encryptedKey}"`), { dialect })).toBeUndefined();
  });
});

describe('a reference to an EncryptedKey', () => {
  const sha1 = Buffer.alloc(20, 5).toString('base64');
  const key = { id: 'EK', sha1 };

  test('is its Id or the SHA-1 of its octets', () => {
    expect(refersToEncryptedKey(parse(writeEncryptedKeyReference('EK')), key)).toBe(true);
    expect(refersToEncryptedKey(parse(writeEncryptedKeyReference('EX')), key)).toBe(false);
    expect(refersToEncryptedKey(parse(writeEncryptedKeySha1Reference(sha1)), key)).toBe(true);
    expect(refersToEncryptedKey(parse(writeEncryptedKeySha1Reference('AAAA')), key)).toBe(false);
    expect(refersToEncryptedKey(direct('URI="#undefined"'), { id: undefined, sha1 })).toBe(false);
  });

  test('has the types of an EncryptedKey, or none', () => {
    expect(refersToEncryptedKey(direct('URI="#EK"'), key)).toBe(true);
    expect(refersToEncryptedKey(direct(`URI="#EK" ValueType="${dialect.sct}"`), key)).toBe(false);
    expect(refersToEncryptedKey(direct('URI="#EK"', `k:TokenType="${dialect.sct}"`), key)).toBe(false);
    const thumbprint = parse(
      writeEncryptedKeySha1Reference(sha1).replace(tokenTypes.encryptedKeySha1, tokenTypes.thumbprintSha1),
    );
    expect(refersToEncryptedKey(thumbprint, key)).toBe(false);
  });
});

test('a reference to a derived key is # and an id, with the right types or none', () => {
  expect(derivedKeyIdOf(direct('URI="#DK"'), { dialect })).toBe('DK');
  expect(derivedKeyIdOf(direct(`URI="#DK" ValueType="${dialect.dk}"`), { dialect })).toBe('DK');
  expect(derivedKeyIdOf(direct(`URI="#DK" ValueType="${dialect.sct}"`), { dialect })).toBeUndefined();
  expect(derivedKeyIdOf(direct('URI="#DK"', `k:TokenType="${dialect.sct}"`), { dialect })).toBeUndefined();
  expect(derivedKeyIdOf(direct('URI="DK"'), { dialect })).toBeUndefined();
});

test('a SecurityTokenReference is one of its forms and nothing else', () => {
  const of = (inner: string, attributes = '') =>
    `<o:SecurityTokenReference xmlns:o="${ns.wsse}" xmlns:ds="${ns.ds}" xmlns:c="${dialect.wsc}" ${attributes}>` +
    `${inner}</o:SecurityTokenReference>`;
  const identifier = `<o:KeyIdentifier ValueType="${tokenTypes.thumbprintSha1}">AAAA</o:KeyIdentifier>`;
  const issuer = '<ds:X509IssuerName>CN=x</ds:X509IssuerName>';
  const serial = '<ds:X509SerialNumber>1</ds:X509SerialNumber>';
  expect(parse(of(identifier))).toMatchObject({ kind: 'keyIdentifier' });
  expect(
    parse(of(`<ds:X509Data><ds:X509IssuerSerial>${issuer}${serial}</ds:X509IssuerSerial></ds:X509Data>`)),
  ).toMatchObject({
    kind: 'issuerSerial',
    issuer: 'CN=x',
    serialNumber: '1',
  });
  for (const bad of [
    of(''),
    of('x'),
    of(identifier + identifier),
    of(identifier, 'Usage="x"'),
    of('<o:Reference/>'),
    of('<o:Reference URI="#x"><o:x/></o:Reference>'),
    of('<o:Reference URI="#x" Id="y"/>'),
    of('<o:Reference URI="#x"/>', 'c:Nonce="AAAA"'),
    of('<o:KeyIdentifier>AAAA</o:KeyIdentifier>'),
    of(identifier.replace('<o:KeyIdentifier', '<o:KeyIdentifier EncodingType="urn:hex"')),
    of('<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>'),
    of(`<ds:X509Data><ds:X509IssuerSerial>${issuer}</ds:X509IssuerSerial></ds:X509Data>`),
    of(`<ds:X509Data><ds:X509IssuerSerial>${issuer}${serial}${serial}</ds:X509IssuerSerial></ds:X509Data>`),
    of(`<ds:X509Data Id="x"><ds:X509IssuerSerial>${issuer}${serial}</ds:X509IssuerSerial></ds:X509Data>`),
    of(`<ds:X509Data><ds:X509IssuerSerial Id="x">${issuer}${serial}</ds:X509IssuerSerial></ds:X509Data>`),
    of('<o:Reference URI="#x" c:Instance="urn:y" c:Nonce="AAAA"/>'),
    of(`<o:Reference URI="#x" xmlns:d="${ns.wsse11}" d:Instance="urn:y"/>`),
    of('<ds:KeyName>x</ds:KeyName>'),
  ]) {
    expect(() => parse(bad), bad).toThrow(refusal('invalidSecurity'));
  }
});

test('references are canonical as written', () => {
  for (const text of [
    writeDirectReference('#x', dialect.sct),
    writeEncryptedKeyReference('x'),
    writeEncryptedKeySha1Reference('AAAA'),
  ]) {
    expect(canonicalize(scanText(text).root)).toBe(text);
  }
});

describe('ids', () => {
  const ids = (text: string) =>
    collectIds(
      scanText(`<x xmlns:u="${ns.wsu}" xmlns:ds="${ns.ds}" xmlns:e="${ns.xenc}" xmlns:m="urn:m">${text}</x>`).ids,
    );

  test('are wsu:Id, or Id on elements of XML Signature and XML Encryption', () => {
    const table = ids('<m:a u:Id="a"/><ds:b Id="b"/><e:c Id="c"/>');
    for (const id of ['a', 'b', 'c']) expect(elementById(table, id).local).toBe(id);
  });

  test('of any other kind name nothing', () => {
    const table = ids(
      '<m:a Id="a"/><ds:b u:Id="b"/><m:c m:Id="c"/><m:d ID="d"/><m:e xml:id="e"/><m:f AssertionID="f"/><m:g id="g"/>',
    );
    for (const id of ['a', 'b', 'c', 'd', 'f', 'g'])
      expect(() => elementById(table, id), id).toThrow(refusal('invalidSecurity', 'reference-target'));
    expect(() => elementById(table, 'e')).toThrow(refusal('invalidSecurity', 'ambiguous-id'));
  });

  test('that look alike stand side by side until one is referred to', () => {
    const table = ids('<m:a u:Id="a"/><m:b ID="a"/><m:c m:Id="a"/>');
    expect(() => elementById(table, 'a')).toThrow(refusal('invalidSecurity', 'ambiguous-id'));
  });

  test('are never given twice', () => {
    for (const twice of [
      '<m:a u:Id="a"/><m:b u:Id="a"/>',
      '<m:a u:Id="a"/><ds:b Id="a"/>',
      '<m:a u:Id="a"/><m:b xml:id="a"/>',
      '<m:a xml:id="a"/><m:b xml:id="a"/>',
    ]) {
      expect(() => ids(twice), twice).toThrow(refusal('invalidSecurity', 'duplicate-id'));
    }
  });

  test('that begin with other characters than a name are told apart like others', () => {
    const table = ids('<m:a u:Id="1"/><m:b u:Id="#1"/><m:c u:Id="##1"/><m:d u:Id=""/><m:e u:Id="e"/><m:f ID="2"/>');
    for (const [id, local] of Object.entries({ '1': 'a', '#1': 'b', '##1': 'c', '': 'd', e: 'e' }))
      expect(elementById(table, id).local, id).toBe(local);
    expect(() => elementById(table, '2')).toThrow(refusal('invalidSecurity', 'reference-target'));
    expect([hasId(table, '1'), hasId(table, '2'), hasId(table, '#2')]).toEqual([true, false, false]);
    expect([hasLookAlike(table, '1'), hasLookAlike(table, '2'), hasLookAlike(table, '#2')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(() => ids('<m:a u:Id="1"/><m:b u:Id="1"/>')).toThrow(refusal('invalidSecurity', 'duplicate-id'));
  });

  test('are no keys of a table that Node hashes to a number which the message chooses', () => {
    const table = ids(`${['0', '1', '4096', '16777215'].map(id => `<m:a u:Id="${id}"/>`).join('')}`);
    const keys = [...table.elements.keys()];
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(key).not.toMatch(/^[0-9]/);
  });

  test('are referred to by # and an NCName', () => {
    for (const uri of ['#a', '#_0', '#uuid-1.x', '#é']) expect(idOfReference(uri)).toBe(uri.slice(1));
    for (const uri of ['', '#', 'a', '#0', '#-a', '#a b', '#a%41', '#xpointer(/)', '##a', '#a:b', ' #a']) {
      expect(() => idOfReference(uri), uri).toThrow(refusal('invalidSecurity', 'reference-uri'));
    }
  });
});
