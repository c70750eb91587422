import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decrypt, encrypt, encryptToBase64 } from '../../src/crypto/cipher.ts';
import { unwrapKey } from '../../src/crypto/keywrap.ts';
import { pSha1 } from '../../src/crypto/psha1.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { type EncryptionAlgorithm, suiteNamed, suites } from '../../src/crypto/suites.ts';
import { loadCertificate } from '../../src/crypto/x509.ts';
import { Refusal } from '../../src/errors.ts';
import { recordedBootstrap, vectorJson, vectorText } from './vector.ts';

interface CbcVector {
  name: string;
  suite: string;
  key: string;
  ciphertext: string;
}
interface GcmVector extends CbcVector {
  iv: string;
  plaintext: string;
  tag: string;
}
const vectors = vectorJson<{ cbc: { iv: string; plaintext: string; vectors: CbcVector[] }; gcm: GcmVector[] }>(
  'crypto/aes.json',
);

function algorithmOf(suite: string): EncryptionAlgorithm {
  const found = suiteNamed(suite);
  if (found === undefined) throw new Error(`no suite ${suite}`);
  return found.encryption;
}

function keyOf(hex: string): SecretKey {
  return new SecretKey(Buffer.from(hex, 'hex'));
}

/** Code, class and reason of the refusal, or 'opened'. */
function outcome(algorithm: EncryptionAlgorithm, key: SecretKey, data: Uint8Array): string {
  try {
    decrypt(algorithm, key, data);
    return 'opened';
  } catch (error) {
    if (!(error instanceof Refusal)) return 'another error';
    return `${error.fault} ${error.reason} ${error.message} ${error.cause}`;
  }
}

const refused = 'failedCheck decrypt message refused: decrypt undefined';

const supported = [...new Set(Object.values(suites).map(suite => suite.encryption))].filter(each => each.supported);
const algorithms = fc.constantFrom(...supported);
const plaintexts = fc.uint8Array({ maxLength: 100 });
const keyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

function keyFor(algorithm: EncryptionAlgorithm, bytes: Uint8Array): SecretKey {
  return new SecretKey(bytes.subarray(0, algorithm.keyBytes));
}

describe('known answers', () => {
  test.each(vectors.cbc.vectors)('NIST SP 800-38A $name', ({ suite, key, ciphertext }) => {
    const { iv, plaintext } = vectors.cbc;
    const algorithm = algorithmOf(suite);
    const data = encrypt(algorithm, keyOf(key), Buffer.from(plaintext, 'hex'), () => Buffer.from(iv, 'hex'));
    expect(data.subarray(0, 80).toString('hex')).toBe(iv + ciphertext);
    expect(data.length).toBe(96);
    expect(decrypt(algorithm, keyOf(key), data).toString('hex')).toBe(plaintext);
  });

  test.each(vectors.gcm)('GCM $name', ({ suite, key, iv, plaintext, ciphertext, tag }) => {
    const algorithm = algorithmOf(suite);
    const data = encrypt(algorithm, keyOf(key), Buffer.from(plaintext, 'hex'), () => Buffer.from(iv, 'hex'));
    expect(data.toString('hex')).toBe(iv + ciphertext + tag);
    expect(decrypt(algorithm, keyOf(key), data).toString('hex')).toBe(plaintext);
  });

  test('what Apache CXF encrypted is read', async () => {
    const { label, encryptedKey, encryption } = recordedBootstrap();
    const { privateKey } = loadCertificate(vectorText('keys/bob.crt'), vectorText('keys/bob.key'));
    const secret = await unwrapKey(privateKey, Buffer.from(encryptedKey, 'base64'), 16, systemRandom);
    const seed = Buffer.concat([Buffer.from(label), Buffer.from(encryption.nonce, 'base64')]);
    const key = new SecretKey(pSha1(secret, seed, encryption.keyBytes));
    expect(encryption.parts.length).toBe(2);
    for (const { cipherValue, plaintext } of encryption.parts) {
      const data = Buffer.from(cipherValue, 'base64');
      expect(decrypt(algorithmOf('Basic128'), key, data).toString('utf8')).toBe(plaintext);
    }
  });
});

describe('every algorithm', () => {
  test('there are three key lengths in two modes', () => {
    expect(supported.map(each => each.cipher).sort()).toEqual(
      ['cbc', 'gcm'].flatMap(mode => [128, 192, 256].map(bits => `aes-${bits}-${mode}`)).sort(),
    );
  });

  test('decrypts what it encrypted', () => {
    fc.assert(
      fc.property(algorithms, keyBytes, plaintexts, (algorithm, bytes, plaintext) => {
        const key = keyFor(algorithm, bytes);
        const encrypted = encrypt(algorithm, key, plaintext, systemRandom);
        expect(decrypt(algorithm, key, encrypted)).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  test('takes a string as UTF-8', () => {
    const key = new SecretKey(Buffer.alloc(16, 1));
    const algorithm = algorithmOf('Basic128');
    expect(decrypt(algorithm, key, encrypt(algorithm, key, 'Gr\u00fc\u00dfe', systemRandom)).toString()).toBe(
      'Gr\u00fc\u00dfe',
    );
  });

  test('never uses an IV twice', () => {
    const key = new SecretKey(Buffer.alloc(16, 1));
    for (const algorithm of [algorithmOf('Basic128'), algorithmOf('Basic128GCM')]) {
      const ivs = new Set<string>();
      for (let i = 0; i < 2000; i++) {
        ivs.add(encrypt(algorithm, key, 'x', systemRandom).subarray(0, algorithm.ivBytes).toString('hex'));
      }
      expect(ivs.size).toBe(2000);
    }
  });

  test('refuses data that is too short, of a wrong length, or under another key, for one and the same reason', () => {
    fc.assert(
      fc.property(algorithms, keyBytes, fc.nat(27), (algorithm, bytes, length) => {
        return outcome(algorithm, keyFor(algorithm, bytes), Buffer.alloc(length, 9)) === refused;
      }),
    );
    for (const algorithm of supported) {
      const key = new SecretKey(Buffer.alloc(algorithm.keyBytes, 1));
      const data = encrypt(algorithm, key, 'x'.repeat(40), systemRandom);
      expect(outcome(algorithm, key, data.subarray(0, -1))).toBe(refused);
      expect(outcome(algorithm, key, data.subarray(1))).toBe(refused);
      expect(outcome(algorithm, key, Buffer.concat([data, Buffer.alloc(1)]))).toBe(refused);
      for (const length of [16, 24, 32, 64].filter(each => each !== algorithm.keyBytes)) {
        expect(outcome(algorithm, new SecretKey(Buffer.alloc(length, 1)), data)).toBe(refused);
      }
    }
  });

  test('a long text is encrypted in pieces to what it is encrypted to as a whole', () => {
    for (const algorithm of supported) {
      const key = new SecretKey(systemRandom(algorithm.keyBytes));
      const random = () => Buffer.alloc(algorithm.ivBytes, 7);
      for (const more of [0, 1, 2, 15]) {
        // The pairs of surrogates stand at odd places, so that one would be parted where a piece ends.
        const text = `x${'\u{1f600}'.repeat(300_000)}${'x'.repeat(more)}`;
        const whole = encrypt(algorithm, key, text, random).toString('base64');
        expect(encryptToBase64(algorithm, key, text, random) === whole).toBe(true);
      }
    }
  });

  test('does not encrypt with a key of another length', () => {
    for (const algorithm of supported) {
      const key = new SecretKey(Buffer.alloc(algorithm.keyBytes + 8));
      expect(() => encrypt(algorithm, key, 'x', systemRandom)).toThrow(TypeError);
      expect(() => encryptToBase64(algorithm, key, 'x'.repeat(300_000), systemRandom)).toThrow(TypeError);
    }
  });

  test('Triple DES is neither written nor read', () => {
    const key = new SecretKey(Buffer.alloc(24, 5));
    expect(() => encrypt(algorithmOf('TripleDes'), key, 'x', systemRandom)).toThrow(TypeError);
    const cipher = createCipheriv('des-ede3-cbc', Buffer.alloc(24, 5), Buffer.alloc(8));
    const data = Buffer.concat([Buffer.alloc(8), cipher.update('x'), cipher.final()]);
    expect(outcome(algorithmOf('TripleDes'), key, data)).toBe(refused);
  });
});

describe('CBC', () => {
  const algorithm = algorithmOf('Basic128');
  const key = new SecretKey(Buffer.alloc(16, 1));

  /** IV ‖ ciphertext of whole blocks, padded by the test. */
  function encryptBlocks(blocks: Buffer): Buffer {
    const iv = Buffer.alloc(16, 2);
    const cipher = createCipheriv('aes-128-cbc', Buffer.alloc(16, 1), iv).setAutoPadding(false);
    return Buffer.concat([iv, cipher.update(blocks), cipher.final()]);
  }

  test('only the last byte of the padding counts, the others are arbitrary', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (pad, bytes) => {
        const blocks = Buffer.from(bytes);
        blocks[31] = pad;
        expect(decrypt(algorithm, key, encryptBlocks(blocks))).toEqual(blocks.subarray(0, 32 - pad));
      }),
    );
  });

  test('a padding length of 0 or more than 16 is refused', () => {
    for (const pad of [0, ...Array.from({ length: 239 }, (_, i) => i + 17)]) {
      const blocks = Buffer.alloc(32, 0x61);
      blocks[31] = pad;
      expect(outcome(algorithm, key, encryptBlocks(blocks)), String(pad)).toBe(refused);
    }
  });

  test('an IV without a block is refused', () => {
    expect(outcome(algorithm, key, Buffer.alloc(16))).toBe(refused);
  });

  test('the padding that is written is 1 to 16 bytes', () => {
    for (let length = 0; length <= 33; length++) {
      const data = encrypt(algorithm, key, Buffer.alloc(length), systemRandom);
      expect(data.length).toBe(16 + (Math.floor(length / 16) + 1) * 16);
    }
  });
});

describe('GCM', () => {
  const algorithm = algorithmOf('Basic128GCM');
  const key = new SecretKey(Buffer.alloc(16, 1));
  const data = encrypt(algorithm, key, 'the plaintext of a part', systemRandom);

  test('no flipped bit of IV, ciphertext or tag opens', () => {
    for (let bit = 0; bit < data.length * 8; bit++) {
      const flipped = Buffer.from(data);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(outcome(algorithm, key, flipped)).toBe(refused);
    }
    expect(outcome(algorithm, key, data)).toBe('opened');
  });

  test.each([0, 4, 8, 12, 13, 14, 15])('a tag of %i bytes is refused', tagBytes => {
    expect(outcome(algorithm, key, data.subarray(0, data.length - 16 + tagBytes))).toBe(refused);
    const alone = encrypt(algorithm, key, '', systemRandom);
    expect(outcome(algorithm, key, alone.subarray(0, alone.length - 16 + tagBytes))).toBe(refused);
  });

  test('data of the CBC algorithm does not open', () => {
    expect(outcome(algorithm, key, encrypt(algorithmOf('Basic128'), key, 'x', systemRandom))).toBe(refused);
  });
});
