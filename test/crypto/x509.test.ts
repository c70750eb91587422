import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCertificate } from '../../src/crypto/der.ts';
import { sameName } from '../../src/crypto/distinguished-name.ts';
import {
  describeCertificate,
  findCertificate,
  loadCertificate,
  loadPeerCertificate,
  parseCertificate,
} from '../../src/crypto/x509.ts';
import { SecureConversationError } from '../../src/errors.ts';
import { anotherKeyPem } from '../support/rsa-keys.ts';
import { vectorText } from './vector.ts';

const bobPem = vectorText('keys/bob.crt');
const bob = loadCertificate(bobPem, vectorText('keys/bob.key'));
const alice = loadPeerCertificate(vectorText('keys/alice.crt'));
const names = loadPeerCertificate(vectorText('keys/names.crt'));
const list = [alice, names, bob];

function base64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SecureConversationError && error.code === 'CERTIFICATE_INVALID') return error.message;
  }
  return 'no error of ours';
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a certificate', () => {
  test('is referred to by what Apache CXF and OpenSSL say of it', () => {
    expect(bob.thumbprintSha1).toBe('PyEsxRiXm3oIBGoQxvXa3Zo6/2g=');
    expect(bob.subjectKeyIdentifier).toBe('Itzs9tTqJQd88FGqhXJpcHASTGg=');
    expect(bob.issuerSerial).toEqual({
      issuer: 'CN=cxfca,OU=eng,O=apache.org',
      serialNumber: '305730157213329572501485577903688552406382394373',
    });
    expect(describeCertificate(bob.certificate)).toEqual(loadPeerCertificate(bobPem));
    expect(alice.subjectKeyIdentifier).not.toBe(bob.subjectKeyIdentifier);
  });

  test('without a subject key identifier has none', () => {
    expect(names.subjectKeyIdentifier).toBeUndefined();
  });

  test('has the name of its issuer written as Java writes it', () => {
    expect(names.issuerSerial).toEqual({
      issuer:
        '1.2.840.113549.1.9.1=#160e6361406578616d706c652e6f7267,CN=issuer,OU=\\#1 \\"Sales\\",' +
        'O=M\u00fcller\\, S\u00f6hne \\+ Partner,DC=example,C=DE',
      serialNumber: '255',
    });
  });

  test('is read from DER as from PEM, and from nothing else', () => {
    expect(parseCertificate(bob.certificate.raw)?.thumbprintSha1).toBe(bob.thumbprintSha1);
    expect(parseCertificate(Buffer.from(bobPem))).toBeUndefined();
    expect(parseCertificate(Buffer.alloc(0))).toBeUndefined();
    expect(parseCertificate(bob.certificate.raw.subarray(0, 500))).toBeUndefined();
    expect(parseCertificate(new X509Certificate(vectorText('keys/ec.crt')).raw)).toBeUndefined();
  });

  test.each([
    ['cut off', bob.certificate.raw.subarray(0, -1)],
    ['empty', Buffer.alloc(0)],
    ['without fields', Buffer.from('30023000', 'hex')],
    ['with an attribute without a value', Buffer.from('3012301002010130003009310730050603550403', 'hex')],
  ])('%s is an error of range', (_, der) => {
    expect(() => readCertificate(der)).toThrow(RangeError);
  });

  test('of which bytes were changed is read or refused, with no other error', () => {
    const raw = bob.certificate.raw;
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.nat(255), fc.nat(raw.length), (at, value, end) => {
        const changed = Buffer.from(raw.subarray(0, Math.max(end, at + 1)));
        changed[at] = value;
        parseCertificate(changed);
        const refused = errorOf(() => readCertificate(changed));
        expect(refused ?? new RangeError()).toBeInstanceOf(RangeError);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('finding a certificate', () => {
  test('by thumbprint, key identifier, issuer and serial number, or the token itself', () => {
    expect(findCertificate(list, { kind: 'thumbprint', value: base64(bob.thumbprintSha1) })).toBe(bob);
    expect(findCertificate(list, { kind: 'keyIdentifier', value: base64('Itzs9tTqJQd88FGqhXJpcHASTGg=') })).toBe(bob);
    expect(findCertificate(list, { kind: 'issuerSerial', ...bob.issuerSerial })).toBe(bob);
    expect(findCertificate(list, { kind: 'issuerSerial', ...names.issuerSerial })).toBe(names);
    expect(findCertificate(list, { kind: 'token', der: bob.certificate.raw })).toBe(bob);
  });

  test('finds none that differs in anything', () => {
    const { issuer, serialNumber } = bob.issuerSerial;
    expect(
      findCertificate(list, { kind: 'thumbprint', value: base64(bob.thumbprintSha1).subarray(1) }),
    ).toBeUndefined();
    expect(findCertificate(list, { kind: 'thumbprint', value: Buffer.alloc(0) })).toBeUndefined();
    expect(findCertificate(list, { kind: 'keyIdentifier', value: base64(bob.thumbprintSha1) })).toBeUndefined();
    expect(findCertificate(list, { kind: 'keyIdentifier', value: Buffer.alloc(0) })).toBeUndefined();
    expect(findCertificate(list, { kind: 'issuerSerial', issuer: 'CN=cxfca', serialNumber })).toBeUndefined();
    expect(findCertificate(list, { kind: 'issuerSerial', issuer, serialNumber: '1' })).toBeUndefined();
    expect(findCertificate(list, { kind: 'token', der: alice.certificate.raw.subarray(1) })).toBeUndefined();
    expect(findCertificate([], { kind: 'issuerSerial', issuer, serialNumber })).toBeUndefined();
  });
});

describe('an issuer name', () => {
  test.each([
    [
      'RFC 2253, by Java',
      '1.2.840.113549.1.9.1=#160e6361406578616d706c652e6f7267,CN=issuer,OU=\\#1 \\"Sales\\",' +
        'O=Müller\\, Söhne \\+ Partner,DC=example,C=DE',
    ],
    [
      'Java',
      'EMAILADDRESS=ca@example.org, CN=issuer, OU="#1 \\"Sales\\"", O="Müller, Söhne + Partner", DC=example, C=DE',
    ],
    [
      'OpenSSL in one line, as of old',
      '/C=DE/DC=example/O=M\\xC3\\xBCller, S\\xC3\\xB6hne \\+ Partner/OU=#1 "Sales"/CN=issuer' +
        '/emailAddress=ca@example.org',
    ],
    [
      'OpenSSL in one line',
      'C = DE, DC = example, O = "M\\C3\\BCller, S\\C3\\B6hne + Partner", OU = "#1 \\"Sales\\"", CN = issuer, ' +
        'emailAddress = ca@example.org',
    ],
    [
      'OpenSSL in long names',
      'countryName=DE, domainComponent=example, organizationName=Müller\\, Söhne \\+ Partner, ' +
        'organizationalUnitName=#1 \\"Sales\\", commonName=issuer, emailAddress=ca@example.org',
    ],
    [
      '.NET, which doubles quotes',
      'E=ca@example.org, CN=issuer, OU="#1 ""Sales""", O="Müller, Söhne + Partner", DC=example, C=DE',
    ],
    ['.NET', 'E=ca@example.org, CN=issuer, OU="#1 \\"Sales\\"", O="Müller, Söhne + Partner", DC=example, C=DE'],
    [
      'the order of the certificate',
      'C=DE,DC=example,O=M\\C3\\BCller\\, S\\C3\\B6hne \\+ Partner,OU=\\#1 \\"Sales\\",CN=issuer,E=ca@example.org',
    ],
    [
      'another case and spacing',
      'oid.1.2.840.113549.1.9.1=CA@example.org , cn = ISSUER;ou=\\#1  \\"Sales\\" ;' +
        'o="Müller, Söhne + Partner",dc=Example,c=de',
    ],
  ])('is recognised as written by %s', (_, text) => {
    expect(sameName(names.issuerSerial.issuer, text)).toBe(true);
  });

  test.each([
    '',
    'CN=issuer',
    'CN',
    '=x',
    'C=DE,DC=example,O="Müller, Söhne + Partner,OU=x',
    'E=ca@example.org,CN=issuer,OU=\\#1 \\"Sales\\",O=Müller\\, Söhne \\+ Partner,DC=other,C=DE',
    'CN=issuer,E=ca@example.org,OU=\\#1 \\"Sales\\",O=Müller\\, Söhne \\+ Partner,DC=example,C=DE',
    `E=ca@example.org,CN=${'x'.repeat(2000)}`,
  ])('is not recognised in %j', text => {
    expect(sameName(names.issuerSerial.issuer, text)).toBe(false);
  });

  test.each(['\u00a0', '\u2028', '\ufeff'])('has %j as a character like others', space => {
    for (const name of [
      `${space}CN=x`,
      `CN${space}=x`,
      `CN=${space}x`,
      `CN=x${space}`,
      `CN=${space}"x"`,
      `CN=x${space},`,
    ])
      expect(sameName('CN=x', name)).toBe(false);
    expect(sameName('CN=x\ty', 'CN= x  y ')).toBe(true);
    expect(sameName(`CN=x${space}y`, 'CN=x y')).toBe(false);
    expect(sameName(`CN=x${space}`, ` cn = "x${space}" `)).toBe(true);
  });

  test('of more than 1024 characters is not read', () => {
    const long = (chars: number) => `CN=${'x'.repeat(chars - 3)}`;
    expect(sameName(long(1024), long(1024))).toBe(true);
    expect(sameName(long(1025), long(1025))).toBe(false);
  });

  test('that is no name equals nothing, not even itself', () => {
    expect(sameName('', '')).toBe(false);
    expect(sameName('nonsense', 'nonsense')).toBe(false);
  });

  test('of any text is compared without an error', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'CN=#0a,;+"\\ .'), maxLength: 40 });
    fc.assert(
      fc.property(texts, text => void expect(sameName(names.issuerSerial.issuer, text)).toBe(false)),
      { numRuns: 3000 },
    );
  });
});

describe('a name with several attributes in one part', () => {
  // openssl req -x509 -multivalue-rdn -subj '/C=DE/O=Example \/ Sons, "Ltd"/CN=alice+UID=a1+serialNumber=7'
  const several = loadPeerCertificate(vectorText('keys/several-in-one.crt')).issuerSerial.issuer;

  test('is written with a plus', () => {
    expect(several).toBe('2.5.4.5=#130137+CN=alice+UID=a1,O=Example / Sons\\, \\"Ltd\\",C=DE');
  });

  test.each([
    ['RFC 4514', 'UID=a1+CN=alice+SERIALNUMBER=7,O=Example / Sons\\, \\"Ltd\\",C=DE'],
    ['.NET', 'SERIALNUMBER=7 + CN=alice + OID.0.9.2342.19200300.100.1.1=a1, O="Example / Sons, ""Ltd""", C=DE'],
    ['OpenSSL', 'C = DE, O = "Example / Sons, \\"Ltd\\"", serialNumber = 7 + CN = alice + UID = a1'],
  ])('is recognised as written by %s', (_, text) => {
    expect(sameName(several, text)).toBe(true);
  });

  test.each([
    ['apart', 'SERIALNUMBER=7,CN=alice,UID=a1,O=Example / Sons\\, \\"Ltd\\",C=DE'],
    ['with one missing', 'CN=alice+UID=a1,O=Example / Sons\\, \\"Ltd\\",C=DE'],
    ['in another part', 'SERIALNUMBER=7+CN=alice,UID=a1+O=Example / Sons\\, \\"Ltd\\",C=DE'],
  ])('is another one with its attributes %s', (_, text) => {
    expect(sameName(several, text)).toBe(false);
  });

  test('in one line keeps a slash that is in a value, and is none where it begins with something else', () => {
    expect(sameName('O=a/b\\, c,C=DE', '/C=DE/O=a/b, c')).toBe(true);
    expect(sameName('O=a,C=DE', '/x/C=DE/O=a')).toBe(false);
    expect(sameName('O=a,C=DE', '/')).toBe(false);
  });
});

describe('a serial number', () => {
  /** The certificate with another first octet of its serial number; nobody looks at its signature here. */
  const negative = () => {
    const der = Buffer.from(alice.certificate.raw);
    const at = der.indexOf(Buffer.from(alice.certificate.serialNumber, 'hex'));
    der.writeUInt8(0xf5, at);
    return describeCertificate(new X509Certificate(der));
  };

  test('that is negative is that number', () => {
    const octets = Buffer.from(alice.certificate.serialNumber, 'hex');
    octets.writeUInt8(0xf5, 0);
    const value = BigInt.asIntN(octets.length * 8, BigInt(`0x${octets.toString('hex')}`));
    expect(negative().issuerSerial.serialNumber).toBe(value.toString());
    expect(value < 0n).toBe(true);
  });

  test('is compared as a number, however it is written', () => {
    const found = (serialNumber: string, own = alice) =>
      findCertificate([own], { kind: 'issuerSerial', issuer: own.issuerSerial.issuer, serialNumber });
    const { serialNumber } = alice.issuerSerial;
    for (const text of [serialNumber, `00${serialNumber}`, `+${serialNumber}`, ` \n${serialNumber}\t`])
      expect(found(text)).toBe(alice);
    const own = negative();
    for (const text of [own.issuerSerial.serialNumber, own.issuerSerial.serialNumber.replace('-', '-0')])
      expect(found(text, own)).toBe(own);
    for (const text of [`-${serialNumber}`, `${serialNumber}0`, `0x${serialNumber}`, `${serialNumber}n`, '', '-', '٣'])
      expect(found(text)).toBeUndefined();
    expect(found(own.issuerSerial.serialNumber.slice(1), own)).toBeUndefined();
    expect(found('0'.repeat(61))).toBeUndefined();
  });
});

describe('a certificate that can not be used', () => {
  test('is named with its place', () => {
    expect(messageOf(() => loadPeerCertificate('nonsense', 'a.crt'))).toBe('a.crt: not a certificate in PEM format');
    expect(messageOf(() => loadPeerCertificate(vectorText('keys/ec.crt'), 'ec.crt'))).toBe(
      'ec.crt: not an RSA key of 2048 to 4096 bits',
    );
    expect(messageOf(() => loadCertificate(bobPem, 'nonsense', { key: 'b.key' }))).toBe(
      'b.key: not an unencrypted private key in PEM format',
    );
  });

  test('has a private key that is not its own', () => {
    const pem = anotherKeyPem();
    expect(messageOf(() => loadCertificate(bobPem, pem))).toBe('private key: not the key of the certificate');
    expect(createPublicKey(pem).asymmetricKeyType).toBe('rsa');
  });

  test('has a private key that is encrypted', () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    expect(messageOf(() => loadCertificate(bobPem, privateKey))).toBe(
      'private key: not an unencrypted private key in PEM format',
    );
  });
});
