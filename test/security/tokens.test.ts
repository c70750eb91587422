import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { dialects, ns, tokenTypes } from '../../src/names.ts';
import {
  type CertificateClaims,
  parseBinaryToken,
  refersToCertificate,
  writeBinaryToken,
} from '../../src/security/binary-token.ts';
import { contextKeys, derivedKey } from '../../src/security/context-keys.ts';
import { parseContextToken } from '../../src/security/context-token.ts';
import {
  checkDistinct,
  deriveOutgoing,
  parseDerivedKeyToken,
  writeDerivedKeyToken,
} from '../../src/security/derived-key.ts';
import {
  makeEncryptedKey,
  openEncryptedKey,
  parseEncryptedKey,
  recipientOf,
  sha1Of,
} from '../../src/security/encrypted-key.ts';
import { parseSupportingToken } from '../../src/security/supporting-tokens.ts';
import { checkFreshness, parseInstant, parseTimestamp, writeTimestamp } from '../../src/security/timestamp.ts';
import { type TokenReference, writeDirectReference } from '../../src/security/token-reference.ts';
import { parseUsernameToken, writeUsernameToken } from '../../src/security/username-token.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanText } from '../../src/xml/scan.ts';
import { own } from '../message/captures.ts';
import { suite } from '../message/plans.ts';

const dialect = dialects.feb2005;
const root = (text: string) => scanText(text).root;
const refusal = (fault: string, reason?: string) =>
  expect.objectContaining(reason === undefined ? { fault } : { fault, reason });

/** What is written is its own canonical form. */
function canonical(text: string) {
  const element = root(text);
  expect(canonicalize(element)).toBe(text);
  return element;
}

describe('Timestamp', () => {
  const times = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9998, 0, 1) });

  test('parse of write is identity', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 86_400_000 }), (createdMs, lifetimeMs) => {
        const element = canonical(writeTimestamp('TS', createdMs, lifetimeMs));
        expect(parseTimestamp(element)).toEqual({ element, id: 'TS', createdMs, expiresMs: createdMs + lifetimeMs });
      }),
    );
  });

  test('a day is one exactly when the calendar has it', () => {
    const digits = (max: number, length: number) =>
      fc.integer({ min: 0, max }).map(value => String(value).padStart(length, '0'));
    fc.assert(
      fc.property(digits(2600, 4), digits(15, 2), digits(35, 2), digits(26, 2), (year, month, day, hour) => {
        const text = `${year}-${month}-${day}T${hour}:00:00.000Z`;
        const date = new Date(text);
        const real = !Number.isNaN(date.getTime()) && date.toISOString() === text && year !== '0000';
        const read = () =>
          parseTimestamp(root(`<u:Timestamp xmlns:u="${ns.wsu}"><u:Created>${text}</u:Created></u:Timestamp>`));
        if (!real) expect(read).toThrow(refusal('invalidSecurity', 'timestamp-value'));
        else if (Number(year) >= 100) expect(read().createdMs).toBe(date.getTime());
      }),
      { numRuns: 2000 },
    );
  });

  test('an instant is the same in every zone, and with every fraction', () => {
    const pad = (value: number) => String(value).padStart(2, '0');
    const fraction = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(times, fc.integer({ min: -840, max: 840 }), fraction, (ms, offset, digits) => {
        const second = ms - (ms % 1_000);
        const local = new Date(second + offset * 60_000).toISOString().slice(0, 19);
        const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
        const milliseconds = Number(digits.padEnd(3, '0').slice(0, 3));
        expect(parseInstant(`${local}.${digits}${zone}`)).toBe(second + milliseconds);
      }),
    );
  });

  test('is fresh from Created − skew to min(Expires, Created + TTL) + skew, both ends included', () => {
    const at = (createdMs: number, expiresMs: number | undefined, nowMs: number) => () =>
      checkFreshness(
        { element: root('<x/>'), id: undefined, createdMs, expiresMs },
        { nowMs, clockSkewMs: 60, timestampTtlMs: 300 },
      );
    expect(at(1060, 1300, 1000)).not.toThrow();
    expect(at(1061, 1300, 1000)).toThrow(refusal('messageExpired', 'timestamp-in-future'));
    expect(at(640, undefined, 1000)).not.toThrow();
    expect(at(639, undefined, 1000)).toThrow(refusal('messageExpired', 'timestamp-stale'));
    expect(at(900, 940, 1000)).not.toThrow();
    expect(at(900, 939, 1000)).toThrow(refusal('messageExpired', 'timestamp-expired'));
    expect(at(900, 899, 1000)).toThrow(refusal('messageExpired', 'timestamp-order'));
  });
});

describe('UsernameToken', () => {
  test('parse of write is identity, for every text that XML can hold', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .filter(value => /^[\t\n\r\u0020-\uD7FF\u{10000}-\u{10FFFF}]*$/u.test(value));
    fc.assert(
      fc.property(text, text, (username, password) => {
        const element = canonical(writeUsernameToken('UT', { username, password }));
        expect(parseUsernameToken(element)).toEqual({ username, password });
      }),
    );
  });
});

describe('BinarySecurityToken', () => {
  const certificate = own('alice').certificate.raw;

  test('parse of write is identity', () => {
    const element = canonical(writeBinaryToken('BST', { certificate }));
    expect(parseSupportingToken(element, '')).toMatchObject({
      element,
      id: 'BST',
      kind: 'x509',
      claims: { certificate },
    });
  });

  test('of a path is the certificate with its issuers, at most four in all', () => {
    const path = (count: number) => Array.from({ length: count }, () => certificate);
    for (const count of [0, 1, 3]) {
      const element = canonical(writeBinaryToken('BST', { certificate, issuers: path(count) }));
      expect(parseBinaryToken(element)).toEqual({ certificate, issuers: path(count) });
    }
    const refused = refusal('invalidSecurity', 'binary-token-path');
    expect(() => parseBinaryToken(root(writeBinaryToken('BST', { certificate, issuers: path(4) })))).toThrow(refused);
    const alone = writeBinaryToken('BST', { certificate });
    expect(() => parseBinaryToken(root(alone.replace('#X509v3', '#X509PKIPathv1')))).toThrow(refused);
  });

  test('is meant by what names its certificate, and as the type that it has', () => {
    const { thumbprintSha1, subjectKeyIdentifier, issuerSerial } = own('alice');
    const type = { tokenType: undefined };
    const named = (valueType: string, value = thumbprintSha1) =>
      ({ ...type, kind: 'keyIdentifier', valueType, value: Buffer.from(value, 'base64') }) as const;
    const thumbprint = named(tokenTypes.thumbprintSha1);
    const means = (reference: TokenReference, claims = { certificate } as CertificateClaims) =>
      refersToCertificate(reference, claims);
    expect(means(thumbprint)).toBe(true);
    expect(means({ ...type, kind: 'issuerSerial', ...issuerSerial })).toBe(true);
    expect(means(named(tokenTypes.subjectKeyIdentifier, subjectKeyIdentifier ?? thumbprintSha1))).toBe(true);
    expect(means({ ...thumbprint, tokenType: tokenTypes.x509v3 })).toBe(true);
    expect(means({ ...thumbprint, tokenType: tokenTypes.x509PkiPath })).toBe(false);
    expect(means({ ...thumbprint, tokenType: tokenTypes.x509PkiPath }, { certificate, issuers: [] })).toBe(true);
    expect(means(named('urn:other'))).toBe(false);
    expect(means({ ...type, kind: 'direct', uri: '#BST', valueType: undefined, instance: undefined })).toBe(false);
    expect(means(thumbprint, { certificate: own('bob').certificate.raw })).toBe(false);
    expect(means(thumbprint, { certificate: Buffer.alloc(100) })).toBe(false);
  });

  test('of another type or encoding is refused', () => {
    const text = writeBinaryToken('BST', { certificate });
    expect(() => parseBinaryToken(root(text.replace('#X509v3', '#X509v1')))).toThrow(refusal('invalidSecurityToken'));
    expect(() => parseBinaryToken(root(text.replace('#Base64Binary', '#HexBinary')))).toThrow(
      refusal('invalidSecurity'),
    );
    expect(() => parseBinaryToken(root(text.replace(/ EncodingType="[^"]*"/, '')))).toThrow(refusal('invalidSecurity'));
  });
});

describe('SecurityContextToken', () => {
  const token = (children: string) =>
    root(
      `<c:SecurityContextToken xmlns:c="${dialect.wsc}" xmlns:u="${ns.wsu}" u:Id="i">` +
        `${children}</c:SecurityContextToken>`,
    );
  const state = (text: string) => `<k:State xmlns:k="${ns.state}">${text}</k:State>`;
  const id = '<c:Identifier>urn:uuid:1</c:Identifier>';

  test('is Identifier, Instance and the exact text of our State', () => {
    expect(parseContextToken(token(id), dialect)).toMatchObject({
      id: 'urn:uuid:1',
      instance: undefined,
      state: undefined,
      wsuId: 'i',
    });
    const full = parseContextToken(token(`${id}<c:Instance>urn:uuid:2</c:Instance>${state(' AA\nAA ')}`), dialect);
    expect(full).toMatchObject({ instance: 'urn:uuid:2', state: ' AA\nAA ', dialect });
  });

  test('holds a State of 4096 characters and no more', () => {
    expect(parseContextToken(token(id + state('A'.repeat(4096))), dialect).state).toHaveLength(4096);
    expect(() => parseContextToken(token(id + state('A'.repeat(4097))), dialect)).toThrow(refusal('invalidSecurity'));
  });

  test('with anything else in it, or in another order, is refused', () => {
    const instance = '<c:Instance>urn:uuid:2</c:Instance>';
    for (const children of [
      '',
      instance,
      state('A') + id,
      id + id,
      id + state('A') + instance,
      id + instance + instance,
      id + state('A') + state('A'),
      `${id}<c:State>A</c:State>`,
      `${id}x`,
      '<c:Identifier>no uri</c:Identifier>',
      '<c:Identifier/>',
      `<c:Identifier>urn:${'x'.repeat(253)}</c:Identifier>`,
      '<c:Identifier u:Id="x">urn:uuid:1</c:Identifier>',
    ]) {
      expect(() => parseContextToken(token(children), dialect), children.slice(0, 80)).toThrow(
        refusal('invalidSecurity'),
      );
    }
  });
});

describe('DerivedKeyToken', () => {
  const secret = () => new SecretKey(Buffer.alloc(32, 7));
  const source = writeDirectReference('#SCT', dialect.sct);
  const write = (nonce: Buffer, lengthBytes = 16) =>
    writeDerivedKeyToken(dialect, 'DK', { nonce: nonce.toString('base64'), lengthBytes }, source);

  test('both ends derive the same key', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.constantFrom(16, 24, 32),
        (bytes, lengthBytes) => {
          const nonce = Buffer.from(bytes);
          const token = parseDerivedKeyToken(canonical(write(nonce, lengthBytes)), dialect);
          const sent = deriveOutgoing(secret(), { nonce: nonce.toString('base64'), lengthBytes });
          expect(sent.length).toBe(lengthBytes);
          expect(secretBytes(derivedKey(contextKeys(secret()), token)).equals(secretBytes(sent))).toBe(true);
        },
      ),
    );
  });

  test('has its Nonce in the namespace that the dialect says', () => {
    const other = { ...dialect, nonceNamespace: ns.wsse };
    const key = { nonce: Buffer.alloc(16, 3).toString('base64'), lengthBytes: 16 };
    const text = writeDerivedKeyToken(other, 'DK', key, source);
    expect(parseDerivedKeyToken(canonical(text), other).nonce.toString('base64')).toBe(key.nonce);
    expect(() => parseDerivedKeyToken(root(text), dialect)).toThrow(refusal('invalidSecurity'));
    expect(() => parseDerivedKeyToken(root(write(Buffer.alloc(16, 3))), other)).toThrow(refusal('invalidSecurity'));
  });

  test('an offset cuts into the same stream', () => {
    const nonce = Buffer.alloc(16, 3);
    const whole = secretBytes(deriveOutgoing(secret(), { nonce: nonce.toString('base64'), lengthBytes: 32 }));
    const text = write(nonce).replace('<c:Offset>0<', '<c:Offset>16<');
    expect(
      secretBytes(derivedKey(contextKeys(secret()), parseDerivedKeyToken(root(text), dialect))).equals(
        whole.subarray(16),
      ),
    ).toBe(true);
    const generation = text.replace('<c:Offset>16</c:Offset>', '<c:Generation>1</c:Generation>');
    expect(parseDerivedKeyToken(root(generation), dialect).offset).toBe(16);
  });

  test('a label of its own makes another key', () => {
    const nonce = Buffer.alloc(16, 3);
    const labelled = parseDerivedKeyToken(
      root(write(nonce).replace('<c:Nonce>', '<c:Label>other</c:Label><c:Nonce>')),
      dialect,
    );
    const plain = parseDerivedKeyToken(root(write(nonce)), dialect);
    expect(
      secretBytes(derivedKey(contextKeys(secret()), labelled)).equals(
        secretBytes(derivedKey(contextKeys(secret()), plain)),
      ),
    ).toBe(false);
  });

  test('the bounds of Offset, Label and Nonce are 64, 128 bytes and 16 to 128 bytes; Length is 16, 24 or 32', () => {
    const nonce = Buffer.alloc(16);
    const changed = (from: string, to: string) => () =>
      parseDerivedKeyToken(root(write(nonce).replace(from, to)), dialect);
    const label = (bytes: number) => changed('<c:Nonce>', `<c:Label>${'x'.repeat(bytes)}</c:Label><c:Nonce>`);
    expect(changed('Offset>0<', 'Offset>64<')).not.toThrow();
    expect(changed('Offset>0<', 'Offset>65<')).toThrow(refusal('invalidSecurity'));
    expect(label(128)).not.toThrow();
    expect(label(129)).toThrow(refusal('invalidSecurity'));
    for (const length of ['0', '1', '15', '17', '33', '64']) {
      expect(changed('Length>16<', `Length>${length}<`), length).toThrow(
        refusal('invalidSecurity', 'derived-key-length'),
      );
    }
    expect(changed(' u:Id="DK"', '')).toThrow(refusal('invalidSecurity', 'derived-key-id'));
    for (const [bytes, good] of [
      [15, false],
      [16, true],
      [128, true],
      [129, false],
    ] as const) {
      const read = () => parseDerivedKeyToken(root(write(Buffer.alloc(bytes))), dialect);
      if (good) expect(read().nonce).toHaveLength(bytes);
      else expect(read).toThrow(refusal('invalidSecurity'));
    }
  });

  test('label and nonce are one seed, however its octets are divided: one key, and no two tokens of a message', () => {
    const seed = Buffer.from('WS-SecureConversationWS-SecureConversationé0123456789abcdef');
    const tokenAt = (end: number) => ({
      ...parseDerivedKeyToken(root(write(Buffer.alloc(16))), dialect),
      label: seed.subarray(0, end).toString('utf8'),
      nonce: seed.subarray(end),
    });
    const tokens = [1, 20, 42, 44].map(tokenAt);
    const key = contextKeys(secret());
    const [first, ...others] = tokens.map(token => derivedKey(key, token));
    for (const other of others) expect(other).toBe(first);
    for (const token of tokens.slice(1))
      expect(() => checkDistinct([tokenAt(1), token])).toThrow(refusal('invalidSecurity', 'derived-key-overlap'));
    const another = { ...tokenAt(20), nonce: seed.subarray(21) };
    expect(() => checkDistinct([tokenAt(20), another])).not.toThrow();
    expect(derivedKey(key, another)).not.toBe(first);
  });

  test('a key is known by its offset and its length too', () => {
    const key = contextKeys(secret());
    const token = { offset: 0, lengthBytes: 16, label: 'x', nonce: Buffer.alloc(16, 1) };
    const octets = (change: object) => secretBytes(derivedKey(key, { ...token, ...change }));
    expect(octets({ lengthBytes: 32 }).subarray(0, 16)).toEqual(octets({}));
    expect(octets({ offset: 16 })).toEqual(octets({ lengthBytes: 32 }).subarray(16));
  });

  test('the last four keys of a secret are kept, a fifth takes the place of the oldest', () => {
    const key = contextKeys(secret());
    const token = (n: number) => ({ offset: 0, lengthBytes: 16, label: 'x', nonce: Buffer.alloc(16, n) });
    const first = derivedKey(key, token(1));
    for (const n of [2, 3, 4]) derivedKey(key, token(n));
    expect(derivedKey(key, token(1))).toBe(first);
    derivedKey(key, token(5));
    expect(derivedKey(key, token(1))).not.toBe(first);
    expect(derivedKey(contextKeys(secret()), token(5))).not.toBe(derivedKey(key, token(5)));
  });
});

describe('EncryptedKey', () => {
  const bob = own('bob');
  const used = suite('Basic128');

  test.each(['thumbprint', 'keyIdentifier', 'issuerSerial'] as const)(
    'referring to the certificate by %s opens with its key',
    async by => {
      const { handle, write } = makeEncryptedKey('EK', bob, by, used, systemRandom);
      const text = write('');
      const parsed = parseEncryptedKey(canonical(text), used);
      const recipient = recipientOf(parsed, [own('alice'), bob]);
      const opened = await openEncryptedKey(parsed, used, recipient, systemRandom);
      expect(parsed.id).toBe('EK');
      expect(sha1Of(parsed.cipher)).toBe(handle.sha1);
      expect(secretBytes(opened).equals(secretBytes(handle.secret))).toBe(true);
      expect(() => recipientOf(parsed, [own('alice')])).toThrow(refusal('invalidSecurityToken'));
    },
  );

  test('of another length than the suite’s is as good as a wrong key', async () => {
    const { handle, write } = makeEncryptedKey('EK', bob, 'thumbprint', suite('Basic256'), systemRandom);
    const text = write('');
    const opened = await openEncryptedKey(parseEncryptedKey(root(text), used), used, bob, systemRandom);
    expect(opened.length).toBe(16);
    expect(secretBytes(handle.secret).subarray(0, 16).equals(secretBytes(opened))).toBe(false);
  });

  test('may name the digest of OAEP if it is SHA-1', () => {
    const text = makeEncryptedKey('EK', bob, 'thumbprint', used, systemRandom).write('');
    const naming = (uri: string) =>
      root(
        text.replace(
          '></e:EncryptionMethod>',
          `><ds:DigestMethod xmlns:ds="${ns.ds}" Algorithm="${uri}"/></e:EncryptionMethod>`,
        ),
      );
    expect(parseEncryptedKey(naming(`${ns.ds}sha1`), used).id).toBe('EK');
    expect(() => parseEncryptedKey(naming(`${ns.xenc}sha256`), used)).toThrow(refusal('unsupportedAlgorithm'));
  });
});

test('the password types are told apart by their whole URI', () => {
  const text = writeUsernameToken('UT', { username: 'a', password: 'b' }).replace(
    tokenTypes.passwordText,
    '#PasswordText',
  );
  expect(() => parseUsernameToken(root(text))).toThrow(refusal('invalidSecurity', 'password-type'));
});
