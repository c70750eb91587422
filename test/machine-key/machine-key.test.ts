import { createCipheriv, createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { decryptionNames, decryptions, validationNames } from '../../src/machine-key/algorithms.ts';
import { type MachineKey, machineKey } from '../../src/machine-key/machine-key.ts';
import { deriveKey, purposeContext } from '../../src/machine-key/sp800-108.ts';
import { seededRandom } from '../keyring/made.ts';
import { derivationVector, protectVector, protectVectors } from './vectors.ts';

const random = seededRandom('machine-key');

function hex(bytes: number, seed = 'key'): string {
  return Buffer.from(seededRandom(`${seed} ${bytes}`)(bytes)).toString('hex');
}

function secret(text: string): SecretKey {
  return new SecretKey(Buffer.from(text, 'hex'));
}

describe.each(protectVectors)('vector $name', vector => {
  const { config, primaryPurpose, purposes, iv, input, output } = vector;
  const key = machineKey(config, primaryPurpose);
  test('derives its keys', () => {
    const derived = (master: string) =>
      deriveKey(secret(master), primaryPurpose, purposeContext(purposes)).toString('hex');
    expect([null, derived(config.decryptionKey)]).toContain(vector.cipherKey);
    expect([null, derived(config.validationKey)]).toContain(vector.macKey);
  });
  test('is protected to its bytes', () => {
    expect(key.protect(input, purposes, () => iv).toString('base64url')).toBe(output);
  });
  test('is unprotected to its data', () => {
    expect(key.unprotect(Buffer.from(output, 'base64url'), purposes)).toEqual(input);
  });
});

test('all known answers are there', () => {
  expect(protectVectors.map(({ name }) => name.slice(0, 2))).toEqual([
    'P1',
    'P2',
    'V1',
    'V2',
    'V3',
    'V4',
    'V5',
    'V6',
    'V7',
  ]);
  expect(protectVectors.filter(({ cipherKey, macKey }) => cipherKey !== null && macKey !== null)).toHaveLength(7);
});

test('a published derivation is reproduced', () => {
  const { master, label, purposes, derived } = derivationVector;
  expect(deriveKey(secret(master), label, purposeContext(purposes)).toString('hex')).toBe(derived);
});

test('a purpose of 128 bytes has a length of two bytes in the context', () => {
  expect(purposeContext(['x'.repeat(127)]).subarray(0, 2)).toEqual(Buffer.from('7f78', 'hex'));
  expect(purposeContext(['x'.repeat(128)]).subarray(0, 3)).toEqual(Buffer.from('800178', 'hex'));
  expect(purposeContext(['é', 'x'.repeat(16_384)]).subarray(0, 7)).toEqual(Buffer.from('02c3a980800178', 'hex'));
});

const anyKey: fc.Arbitrary<MachineKey> = fc
  .constantFrom(...decryptionNames)
  .chain(decryption =>
    fc.tuple(fc.constant(decryption), fc.constantFrom(...Object.keys(decryptions[decryption].ciphers))),
  )
  .chain(([decryption, keyBytes]) =>
    fc.record({
      validationKey: fc.integer({ min: 16, max: 200 }).map(bytes => hex(bytes)),
      decryptionKey: fc.constant(hex(Number(keyBytes))),
      validation: fc.constantFrom(...validationNames),
      decryption: fc.constant(decryption),
    }),
  )
  .map(config => machineKey(config));
const anyPurposes = fc.array(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 150 }).filter(text => text.trim() !== ''),
  { maxLength: 4 },
);
const anyBytes = fc.uint8Array({ maxLength: 300 });

test('unprotect of protect is the data, for every algorithm and key length', () => {
  fc.assert(
    fc.property(anyKey, anyPurposes, anyBytes, (key, purposes, bytes) => {
      expect(key.unprotect(key.protect(bytes, purposes, random), purposes)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('what was protected for other purposes does not open', () => {
  fc.assert(
    fc.property(anyKey, anyPurposes, anyPurposes, (key, purposes, others) => {
      fc.pre(purposes.join('\0') !== others.join('\0') || purposes.length !== others.length);
      expect(key.unprotect(key.protect(Buffer.from('data'), purposes, random), others)).toBeUndefined();
    }),
  );
});

test('purposes can not be moved into one another', () => {
  const key = machineKey(protectVector('V1').config);
  const sealed = key.protect(Buffer.from('data'), ['ab', 'c'], random);
  for (const others of [['a', 'bc'], ['abc'], ['c', 'ab'], ['ab', 'c', 'c'], ['ab'], []])
    expect(key.unprotect(sealed, others)).toBeUndefined();
});

describe.each(protectVectors.filter(({ name }) => /^V[1457]/.test(name)))('$name', ({ config, purposes, output }) => {
  const key = machineKey(config);
  const sealed = Buffer.from(output, 'base64url');
  test('does not open with any single bit changed', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(key.unprotect(changed, purposes)).toBeUndefined();
    }
  });
  test('does not open cut at either end, nor with more behind it', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(key.unprotect(sealed.subarray(0, length), purposes)).toBeUndefined();
      expect(key.unprotect(sealed.subarray(sealed.length - length), purposes)).toBeUndefined();
    }
    expect(key.unprotect(Buffer.concat([sealed, Buffer.alloc(1)]), purposes)).toBeUndefined();
  });
  test('does not open with another key or algorithm', () => {
    const others = [
      { ...config, validationKey: hex(64) },
      { ...config, decryptionKey: hex(16), decryption: 'AES' },
      { ...config, validation: config.validation === 'SHA1' ? 'HMACSHA256' : 'SHA1' },
    ];
    for (const other of [others[0], others[2]])
      expect(machineKey(other ?? config).unprotect(sealed, purposes)).toBeUndefined();
    expect(
      machineKey(others[1] ?? config)
        .unprotect(sealed, purposes)
        ?.toString('hex'),
    ).not.toBe(key.unprotect(sealed, purposes)?.toString('hex'));
  });
});

test('any bytes at all give undefined', () => {
  const key = machineKey(protectVector('V4').config);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void expect(key.unprotect(bytes, ['a'])).toBeUndefined()),
  );
});

describe('bytes with a genuine tag over what can not be decrypted give undefined:', () => {
  const { config, purposes } = protectVector('V2');
  const key = machineKey(config);
  const derived = (master: string) => deriveKey(secret(master), 'User.MachineKey.Protect', purposeContext(purposes));
  const iv = Buffer.alloc(16, 7);
  const tagged = (body: Buffer) =>
    Buffer.concat([body, createHmac('sha256', derived(config.validationKey)).update(body).digest()]);
  const encrypted = (blocks: Buffer) => {
    const encryption = createCipheriv('aes-256-cbc', derived(config.decryptionKey), iv).setAutoPadding(false);
    return tagged(Buffer.concat([iv, encryption.update(blocks), encryption.final()]));
  };
  test('the tag is genuine', () => {
    expect(key.unprotect(encrypted(Buffer.alloc(16, 16)), purposes)).toEqual(Buffer.alloc(0));
  });
  test.each([
    ['nothing but the tag', tagged(Buffer.alloc(0))],
    ['an IV alone', tagged(iv)],
    ['half a block', tagged(Buffer.concat([iv, Buffer.alloc(8)]))],
    ['padding of 0', encrypted(Buffer.alloc(16))],
    ['padding of 17', encrypted(Buffer.alloc(32, 17))],
    ['uneven padding', encrypted(Buffer.from('00000000000000000000000000030203', 'hex'))],
  ])('%s', (_what, bytes) => {
    expect(key.unprotect(bytes, purposes)).toBeUndefined();
  });
});

test.each([[[' ']], [['a', '']], [['\ud800']], [[undefined as unknown as string]]])(
  'purposes %j are a mistake of the caller',
  purposes => {
    const key = machineKey(protectVector('V1').config);
    expect(() => key.protect(Buffer.alloc(1), purposes)).toThrow(TypeError);
    expect(() => key.unprotect(Buffer.alloc(100), purposes)).toThrow(TypeError);
  },
);

test('3DES with a key of 16 bytes is 3DES with its first half once more behind it, as .NET has it', () => {
  const config = { validationKey: hex(64), decryptionKey: hex(16), decryption: '3DES' };
  const derived = deriveKey(secret(config.decryptionKey), 'User.MachineKey.Protect', purposeContext(['a']));
  const iv = Buffer.alloc(8, 5);
  const encryption = createCipheriv('des-ede3-cbc', Buffer.concat([derived, derived.subarray(0, 8)]), iv);
  const expected = Buffer.concat([iv, encryption.update('data'), encryption.final()]);
  expect(
    machineKey(config)
      .protect(Buffer.from('data'), ['a'], () => iv)
      .subarray(0, 16),
  ).toEqual(expected);
});

test('a machineKey takes a new IV each time', () => {
  const key = machineKey(protectVector('V1').config);
  const twice = [key.protect(Buffer.from('data'), ['a']), key.protect(Buffer.from('data'), ['a'])];
  expect(twice[0]).not.toEqual(twice[1]);
  expect(twice.map(bytes => key.unprotect(bytes, ['a'])?.toString())).toEqual(['data', 'data']);
});

describe('the id of a machineKey', () => {
  const { config } = protectVector('V1');
  const id = machineKey(config).id;
  test('is made of keys and algorithms, however they are written', () => {
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(machineKey({ ...config, validationKey: config.validationKey.toLowerCase() }).id).toBe(id);
    expect(machineKey({ ...config, decryption: 'Auto' }).id).toBe(id);
    expect(machineKey({ validationKey: config.validationKey, decryptionKey: config.decryptionKey }).id).toBe(
      machineKey({ ...config, validation: 'HMACSHA256', decryption: 'AES' }).id,
    );
  });
  test('is another one where anything differs', () => {
    const both = config.validationKey + config.decryptionKey;
    const moved = { validationKey: both.slice(0, 160), decryptionKey: both.slice(160) };
    const others = [
      { ...config, ...moved },
      { ...config, validation: 'HMACSHA256' },
      { ...config, decryptionKey: hex(32) },
    ];
    expect(new Set([id, ...others.map(other => machineKey(other).id)]).size).toBe(4);
  });
});

test('a machineKey that is printed shows no key, nor those derived from it', () => {
  const { config, purposes } = protectVector('V1');
  const key = machineKey(config);
  key.protect(Buffer.alloc(1), purposes);
  const printed = `${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)}`.toLowerCase();
  for (const text of [config.validationKey, config.decryptionKey, protectVector('V1').cipherKey ?? ''])
    expect(printed).not.toContain(text.toLowerCase().slice(0, 8));
});

const good = { validationKey: hex(64), decryptionKey: hex(32) };

test.each<[string, object, string]>([
  [
    'an odd number of digits',
    { validationKey: hex(32).slice(1) },
    'validationKey has an odd number of hex digits (63)',
  ],
  [
    'other characters',
    { decryptionKey: `${hex(31)}0g` },
    'decryptionKey is not hex: character 64 of 64 is none of 0 to 9 and A to F',
  ],
  ...([' ', '\t'] as const).map((blank): [string, object, string] => [
    'white space inside',
    { decryptionKey: `${hex(15)}${blank}${hex(16)}0` },
    'decryptionKey is not hex: character 31 of 64 is a blank',
  ]),
  [
    'a line break inside',
    { decryptionKey: `${hex(15)}\n${hex(16)}0` },
    'decryptionKey is not hex: character 31 of 64 is a line break',
  ],
  ...(['"', "'"] as const).map((quote): [string, object, string] => [
    'a quotation mark',
    { decryptionKey: `${quote}${hex(32)}${quote}` },
    'decryptionKey is not hex: character 1 of 66 is a quotation mark',
  ]),
  ['nothing', { decryptionKey: '' }, 'decryptionKey is empty'],
  [
    'AutoGenerate',
    { validationKey: 'AutoGenerate,IsolateApps' },
    'validationKey is AutoGenerate: ASP.NET then makes a key that never leaves its server',
  ],
  [
    'AutoGenerate in other case',
    { decryptionKey: 'autogenerate' },
    'decryptionKey is AutoGenerate: ASP.NET then makes a key that never leaves its server',
  ],
  [
    'a flag behind the key',
    { validationKey: `${hex(64)},IsolateApps` },
    'validationKey must be hex digits alone: MachineKey.Protect takes no flag behind them',
  ],
  [
    'a flag alone',
    { validationKey: 'IsolateApps' },
    'validationKey is not hex: character 1 of 11 is none of 0 to 9 and A to F',
  ],
  ['a short validationKey', { validationKey: hex(15) }, 'validationKey has 15 bytes, it must have 16 to 1024'],
  ['a long validationKey', { validationKey: hex(1025) }, 'validationKey has 1025 bytes, it must have 16 to 1024'],
  ['an AES key of 20 bytes', { decryptionKey: hex(20) }, 'decryptionKey has 20 bytes, but AES takes 16, 24 or 32'],
  ['an AES key of 8 bytes', { decryptionKey: hex(8) }, 'decryptionKey has 8 bytes, but AES takes 16, 24 or 32'],
  ['a 3DES key of 32 bytes', { decryption: '3DES' }, 'decryptionKey has 32 bytes, but 3DES takes 16 or 24'],
  ['zeros', { validationKey: '0'.repeat(128) }, 'validationKey is not random, all its bytes are the same'],
  [
    'one byte many times',
    { decryptionKey: 'a5'.repeat(32) },
    'decryptionKey is not random, all its bytes are the same',
  ],
  [
    'MD5',
    { validation: 'MD5' },
    'validation is MD5, which MachineKey.Protect refuses: it must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  [
    'AES as validation',
    { validation: 'AES' },
    'validation is AES, which MachineKey.Protect refuses: it must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  ['DES', { decryption: 'DES' }, 'decryption is DES, which is broken: it must be Auto, AES or 3DES'],
  ['aes', { decryption: 'aes' }, 'decryption must be written AES: ASP.NET compares the case too'],
  ['auto', { decryption: 'auto' }, 'decryption must be written Auto: ASP.NET compares the case too'],
  ['sha1', { validation: 'sha1' }, 'validation must be written SHA1: ASP.NET compares the case too'],
  [
    'a class of .NET',
    { validation: 'alg:HMACRIPEMD160' },
    'validation names a class of .NET by "alg:", which is not known here: ' +
      'it must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  [
    'a class of .NET as cipher',
    { decryption: 'alg:Rijndael' },
    'decryption names a class of .NET by "alg:", which is not known here: it must be Auto, AES or 3DES',
  ],
  [
    'a name of Object.prototype',
    { validation: 'constructor' },
    'validation must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  ['a key in the wrong place', { decryption: hex(32) }, 'decryption must be Auto, AES or 3DES'],
])('%s makes no machineKey, and one sentence says why without quoting a value', (_what, change, sentence) => {
  expect(() => machineKey({ ...good, ...change })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: `machineKey: ${sentence}` }),
  );
});

test.each([
  ['nothing', undefined, 'must be an object'],
  ['no keys', {}, 'lacks the key validationKey'],
  ['a key that is no text', { ...good, decryptionKey: Buffer.alloc(32) }, 'decryptionKey must be a text'],
  ['what replaces it', { ...good, dataProtectorType: 'A, B' }, 'unknown key dataProtectorType'],
])('%s, as JavaScript may give it, makes no machineKey', (_what, given, sentence) => {
  expect(() => machineKey(given as typeof good)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: `machineKey: ${sentence}` }),
  );
});

test('the shortest and the longest keys make a machineKey', () => {
  for (const change of [
    { validationKey: hex(16) },
    { validationKey: hex(1024) },
    { decryption: '3DES', decryptionKey: hex(16) },
  ])
    expect(machineKey({ ...good, ...change }).id).toHaveLength(16);
});

test('a derived key is as long as its master', () => {
  for (const bytes of [16, 63, 64, 65, 128, 129, 1024])
    expect(deriveKey(new SecretKey(random(bytes)), 'label', Buffer.alloc(0))).toHaveLength(bytes);
  expect(secretBytes(secret(good.validationKey))).toHaveLength(64);
});
