import { describe, expect, test } from 'vitest';
import { type Suite, suiteNamed, suites, unsupportedAlgorithm } from '../../src/crypto/suites.ts';

const rows = Object.values(suites);

function row(name: string): Suite {
  const suite = suiteNamed(name);
  if (suite === undefined) throw new Error(`no suite ${name}`);
  return suite;
}

describe('the suite table', () => {
  test.each([
    // name, digest, encryption, key bits, signing key, encrypting key
    ['Basic256', 'sha1', 'aes256-cbc', 256, 24, 32],
    ['Basic192', 'sha1', 'aes192-cbc', 192, 24, 24],
    ['Basic128', 'sha1', 'aes128-cbc', 128, 16, 16],
    ['Basic256Sha256', 'sha256', 'aes256-cbc', 256, 24, 32],
    ['Basic192Sha256', 'sha256', 'aes192-cbc', 192, 24, 24],
    ['Basic128Sha256', 'sha256', 'aes128-cbc', 128, 16, 16],
    ['Basic256GCM', 'sha1', 'aes256-gcm', 256, 24, 32],
    ['Basic192GCM', 'sha1', 'aes192-gcm', 192, 24, 24],
    ['Basic128GCM', 'sha1', 'aes128-gcm', 128, 16, 16],
  ] as const)('%s is what WS-SecurityPolicy says it is', (name, hash, encryption, bits, signing, encrypting) => {
    const suite = row(name);
    expect(suite.name).toBe(name);
    expect(suite.digest.uri).toMatch(new RegExp(`#${hash}$`));
    expect(suite.signature.uri).toMatch(new RegExp(`#hmac-${hash}$`));
    expect(suite.asymmetricSignature.uri).toMatch(new RegExp(`#rsa-${hash}$`));
    expect([suite.digest.hash, suite.signature.hash, suite.asymmetricSignature.hash]).toEqual([hash, hash, hash]);
    expect(suite.encryption.uri).toMatch(new RegExp(`#${encryption}$`));
    expect(suite.encryption.mode).toBe(encryption.slice(-3));
    expect([suite.minKeyBits, suite.maxKeyBits, suite.defaultKeyBits]).toEqual([bits, 256, bits]);
    expect([suite.signatureKeyBytes, suite.encryptionKeyBytes]).toEqual([signing, encrypting]);
    expect(suite.encryption.keyBytes).toBe(encrypting);
    expect(suite.legacy).toBe(hash === 'sha1');
    expect(unsupportedAlgorithm(suite)).toBeUndefined();
  });

  test('every suite of WS-SecurityPolicy and of CXF is known by name', () => {
    const standard = ['Basic256', 'Basic192', 'Basic128', 'TripleDes'].flatMap(family =>
      ['', 'Rsa15', 'Sha256', 'Sha256Rsa15'].map(ending => family + ending),
    );
    const custom = ['Basic256GCM', 'Basic192GCM', 'Basic128GCM'].flatMap(family =>
      ['', 'Rsa15', 'Sha256Rsa15'].map(ending => family + ending),
    );
    expect(Object.keys(suites).sort()).toEqual([...standard, ...custom].sort());
    expect(rows.filter(suite => suite.namespace !== undefined).map(suite => suite.name)).toEqual(custom);
  });

  test('a suite with RSA 1.5 or Triple DES is recognised and not supported', () => {
    for (const suite of rows) {
      const refused = suite.name.endsWith('Rsa15') || suite.name.startsWith('TripleDes');
      expect(unsupportedAlgorithm(suite) !== undefined, suite.name).toBe(refused);
      expect(suite.keyTransport.supported, suite.name).toBe(!suite.name.endsWith('Rsa15'));
      expect(suite.encryption.supported, suite.name).toBe(!suite.name.startsWith('TripleDes'));
    }
    expect(unsupportedAlgorithm(row('TripleDes'))).toBe('http://www.w3.org/2001/04/xmlenc#tripledes-cbc');
    expect(unsupportedAlgorithm(row('Basic128Rsa15'))).toBe('http://www.w3.org/2001/04/xmlenc#rsa-1_5');
  });

  test('nothing in the table can be changed', () => {
    expect(Object.isFrozen(suites)).toBe(true);
    for (const suite of rows) {
      const parts = Object.values(suite).filter(value => typeof value === 'object');
      expect(parts.length).toBe(5);
      expect([suite, ...parts].every(Object.isFrozen), suite.name).toBe(true);
    }
  });

  test.each(['', 'basic128', 'Basic64', 'constructor', '__proto__', 'Basic128GCMSha256'])('%j is no suite', name => {
    expect(suiteNamed(name)).toBeUndefined();
  });
});
