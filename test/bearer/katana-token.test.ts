import { createDecipheriv, createHash } from 'node:crypto';
import { constants, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTicket, encodeTicket, type KatanaTicket, maxTicketBytes } from '../../src/bearer/katana-ticket.ts';
import {
  katanaCookiePurposes,
  katanaPurposes,
  katanaTicket,
  maxKatanaTokenChars,
  openKatanaToken,
  readKatanaToken,
  sealKatanaToken,
} from '../../src/bearer/katana-token.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { type MachineKey, machineKey } from '../../src/machine-key/machine-key.ts';
import { deriveKey, purposeContext } from '../../src/machine-key/sp800-108.ts';
import { at, seededRandom } from '../keyring/made.ts';
import { cookieVector, protectVector, tokenVectors } from '../machine-key/vectors.ts';
import { cpuMs } from '../support/cost.ts';

const random = seededRandom('katana');
const issuedMs = at('2026-01-01T00:00:00Z');
const expiresMs = at('2026-01-01T00:20:00Z');
const key = machineKey(protectVector('V1').config);
const otherKeys = ['V2', 'V3', 'V4'].map(name => machineKey(protectVector(name).config));
const { accessToken } = katanaPurposes;
const ticket = katanaTicket({ claims: [{ type: 'sub', value: '42' }], issuedMs, expiresMs });
const token = sealKatanaToken(ticket, accessToken, key, random);

/** Protects what is no ticket, or not gzip at all. */
function sealed(compressed: Uint8Array, purposes: readonly string[] = accessToken): string {
  return key.protect(compressed, purposes, random).toString('base64url');
}

function sealedTicket(changes: Partial<KatanaTicket>): string {
  return sealKatanaToken({ ...ticket, ...changes }, accessToken, key, random);
}

const purposesOf: Readonly<Record<string, readonly string[]>> = {
  V1: katanaPurposes.accessToken,
  V2: katanaPurposes.accessToken,
  V3: katanaPurposes.refreshToken,
  V4: katanaPurposes.authorizationCode,
  V5: katanaCookiePurposes('ApplicationCookie'),
};

describe.each(tokenVectors)('vector $name', vector => {
  const purposes = purposesOf[vector.name.slice(0, 2)] ?? [];
  const own = machineKey(vector.config);
  test('has the purposes of its kind', () => {
    expect(purposes).toEqual(vector.purposes);
  });
  test('is opened to its ticket', () => {
    expect(openKatanaToken(vector.output, purposes, [own], issuedMs)).toEqual({
      ticket: vector.ticket,
      keyId: own.id,
      issuedMs,
      expiresMs: Date.parse(vector.ticket.properties.get('.expires') ?? ''),
    });
  });
  test('is written again to its ticket, which any zlib may compress in its own way', () => {
    const again = Buffer.from(
      sealKatanaToken(vector.ticket, purposes, own, () => vector.iv),
      'base64url',
    );
    expect(gunzipSync(own.unprotect(again, purposes) ?? '')).toEqual(vector.ticketBytes);
  });
  test('opens for no other purpose', () => {
    const others = Object.values(purposesOf).filter(other => other !== purposes);
    for (const other of [...others, katanaCookiePurposes('ExternalCookie'), []].filter(
      p => p.join() !== purposes.join(),
    ))
      expect(openKatanaToken(vector.output, other, [own], issuedMs)).toBeUndefined();
  });
});

test('the cookie of a real Katana is decrypted to its ticket', () => {
  const sealed = Buffer.from(cookieVector.token, 'base64url');
  const master = new SecretKey(Buffer.from(cookieVector.decryptionKey, 'hex'));
  expect(cookieVector.purposes).toEqual(katanaCookiePurposes('ApplicationCookie'));
  const cipherKey = deriveKey(master, 'User.MachineKey.Protect', purposeContext(cookieVector.purposes));
  expect(cipherKey.toString('hex')).toBe(cookieVector.cipherKey);
  const decryption = createDecipheriv('aes-256-cbc', cipherKey, sealed.subarray(0, 16));
  const compressed = decryption.update(sealed.subarray(16, sealed.length - cookieVector.tagBytes));
  const bytes = gunzipSync(Buffer.concat([compressed, decryption.final()]));
  expect(bytes).toHaveLength(cookieVector.ticketLength);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(cookieVector.ticketSha256);
  const read = decodeTicket(bytes);
  expect(read?.claims).toHaveLength(cookieVector.claims);
  expect(read?.properties.get('.issued')).toBe(cookieVector.issued);
  expect(read?.authenticationType).toBe('ApplicationCookie');
});

test('a new ticket has the defaults of Katana', () => {
  expect(openKatanaToken(token, accessToken, [key], issuedMs)?.ticket).toEqual({
    authenticationType: 'Bearer',
    nameClaimType: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
    roleClaimType: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role',
    claims: [
      {
        type: 'sub',
        value: '42',
        valueType: 'http://www.w3.org/2001/XMLSchema#string',
        issuer: 'LOCAL AUTHORITY',
        originalIssuer: 'LOCAL AUTHORITY',
      },
    ],
    bootstrapToken: undefined,
    properties: new Map([
      ['.issued', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ['.expires', 'Thu, 01 Jan 2026 00:20:00 GMT'],
    ]),
  });
});

test('properties of the application stand beside the times and never in their place', () => {
  const made = katanaTicket({ claims: [], issuedMs, expiresMs, properties: { '.expires': 'never', client_id: 'web' } });
  expect(Object.fromEntries(made.properties)).toEqual({
    '.issued': 'Thu, 01 Jan 2026 00:00:00 GMT',
    '.expires': 'Thu, 01 Jan 2026 00:20:00 GMT',
    client_id: 'web',
  });
});

test('a claim of another issuer has that one as its original issuer too', () => {
  const [claim] = katanaTicket({ claims: [{ type: 'sub', value: '1', issuer: 'urn:a' }], issuedMs, expiresMs }).claims;
  expect(claim).toMatchObject({ issuer: 'urn:a', originalIssuer: 'urn:a' });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, Date.UTC(10_000, 0)])(
  'a ticket that ends at %d is not made',
  timeMs => {
    expect(() => katanaTicket({ claims: [], issuedMs, expiresMs: timeMs })).toThrow(TypeError);
  },
);

test('open of seal is the ticket', () => {
  const text = fc.string({ unit: 'grapheme' }).filter(value => value !== '\0');
  const claims = fc.array(fc.record({ type: text, value: text, issuer: text }), { maxLength: 8 });
  fc.assert(
    fc.property(claims, fc.dictionary(text, text), (made, properties) => {
      const fresh = katanaTicket({ claims: made, issuedMs, expiresMs, properties });
      const opened = openKatanaToken(sealKatanaToken(fresh, accessToken, key, random), accessToken, [key], issuedMs);
      expect(opened?.ticket).toEqual(fresh);
    }),
  );
});

describe('a token', () => {
  const open = (text: string, keys: readonly MachineKey[] = [key], nowMs = issuedMs) =>
    openKatanaToken(text, accessToken, keys, nowMs);

  test('opens with any of several machineKeys and says which one it was', () => {
    for (const keys of [
      [key, ...otherKeys],
      [...otherKeys, key],
    ])
      expect(open(token, keys)?.keyId).toBe(key.id);
    expect(open(token, otherKeys)).toBeUndefined();
    expect(open(token, [])).toBeUndefined();
  });

  test('ends when the second that it names begins', () => {
    expect(open(token, [key], expiresMs - 1)?.expiresMs).toBe(expiresMs);
    expect(open(token, [key], expiresMs)).toBeUndefined();
    expect(readKatanaToken(token, accessToken, [key])?.expiresMs).toBe(expiresMs);
  });

  test('does not open with any single character changed', () => {
    for (let i = 0; i < token.length; i += 1)
      for (const char of ['A', 'B', '-', '=', ' ', 'é'])
        if (token[i] !== char) expect(open(token.slice(0, i) + char + token.slice(i + 1))).toBeUndefined();
  });

  test('does not open cut at either end', () => {
    for (let length = 0; length < token.length; length += 1) {
      expect(open(token.slice(0, length))).toBeUndefined();
      expect(open(token.slice(token.length - length))).toBeUndefined();
    }
  });

  test('has one spelling', () => {
    const plain = Buffer.from(token, 'base64url').toString('base64');
    const odd = [plain, `${token}=`, `${token}==`, ` ${token}`, `${token}\n`, `${token}A`, `${token}AA`, `${token}AAA`];
    for (const text of odd.filter(other => other !== token)) expect(open(text)).toBeUndefined();
  });

  test('that is too long is not looked at', () => {
    const longest = 'A'.repeat(maxKatanaTokenChars + 4);
    const untouched: MachineKey = { ...key, unprotect: () => expect.unreachable() };
    expect(open(longest, [untouched])).toBeUndefined();
  });
});

describe('a genuine token is refused where', () => {
  const properties = (entries: Readonly<Record<string, string>>) => ({ properties: new Map(Object.entries(entries)) });
  test.each<[string, string]>([
    ['it never ends', sealedTicket(properties({ '.issued': 'Thu, 01 Jan 2026 00:00:00 GMT' }))],
    ['its end is an ISO time', sealedTicket(properties({ '.expires': '2026-01-01T00:20:00Z' }))],
    ['its end has the wrong weekday', sealedTicket(properties({ '.expires': 'Fri, 01 Jan 2026 00:20:00 GMT' }))],
    ['its end has a day of one digit', sealedTicket(properties({ '.expires': 'Thu, 1 Jan 2026 00:20:00 GMT' }))],
    ['its end is in lower case', sealedTicket(properties({ '.expires': 'thu, 01 jan 2026 00:20:00 gmt' }))],
    ['its end is no day', sealedTicket(properties({ '.expires': 'Mon, 30 Feb 2026 00:20:00 GMT' }))],
    ['its end is text', sealedTicket(properties({ '.expires': 'Invalid Date' }))],
    ['its end is empty', sealedTicket(properties({ '.expires': '' }))],
    [
      'its issue time is none',
      sealedTicket(properties({ '.issued': 'today', '.expires': 'Thu, 01 Jan 2026 00:20:00 GMT' })),
    ],
    ['its end has another name', sealedTicket(properties({ '.Expires': 'Thu, 01 Jan 2026 00:20:00 GMT' }))],
    ['its identity has no authentication type', sealedTicket({ authenticationType: '' })],
    ['its ticket is not compressed', sealed(encodeTicket(ticket))],
    ['its ticket has no gzip header', sealed(deflateRawSync(encodeTicket(ticket)))],
    ['its gzip is cut', sealed(gzipSync(encodeTicket(ticket)).subarray(0, -1))],
    ['its gzip has a wrong checksum', sealed(spoiled(gzipSync(encodeTicket(ticket)), -8))],
    ['its gzip holds nothing', sealed(gzipSync(''))],
    ['it holds nothing', sealed(Buffer.alloc(0))],
    ['bytes stand behind the ticket', sealed(gzipSync(Buffer.concat([encodeTicket(ticket), Buffer.alloc(1)])))],
  ])('%s', (_what, text) => {
    expect(openKatanaToken(text, accessToken, [key], issuedMs)).toBeUndefined();
  });

  test('it holds a bomb, of which no more is inflated than the largest ticket', async () => {
    const bomb = gzipSync(Buffer.alloc(48 * 1024 * 1024), { level: 9 });
    const text = sealed(bomb);
    expect(text.length).toBeLessThan(maxKatanaTokenChars);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 50; i += 1) expect(openKatanaToken(text, accessToken, [key], issuedMs)).toBeUndefined();
    // Inflating it whole takes 48 MiB each time.
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024);
    const opening = await cpuMs(() => openKatanaToken(text, accessToken, [key], issuedMs));
    expect(opening).toBeLessThan((await cpuMs(() => gunzipSync(bomb))) / 2);
  });

  test('its ticket is one byte too large', () => {
    const room = maxTicketBytes - encodeTicket(ticket).length - 6;
    const largest = encodeTicket({ ...ticket, properties: new Map([...ticket.properties, ['k', 'x'.repeat(room)]]) });
    expect(largest.length).toBeGreaterThan(maxTicketBytes - 4);
    expect(openKatanaToken(sealed(gzipSync(largest)), accessToken, [key], issuedMs)).toBeDefined();
    const larger = Buffer.concat([largest, Buffer.alloc(maxTicketBytes + 1 - largest.length)]);
    expect(openKatanaToken(sealed(gzipSync(larger)), accessToken, [key], issuedMs)).toBeUndefined();
  });
});

test('the longest token is one that does not compress at all', () => {
  const noise = Buffer.from(random(maxTicketBytes))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, 'x')
    .slice(0, 65_000);
  const large = { ...ticket, properties: new Map([...ticket.properties, ['k', noise]]) };
  const stored = gzipSync(encodeTicket(large), { level: constants.Z_NO_COMPRESSION });
  expect(openKatanaToken(sealed(stored), accessToken, [key], issuedMs)?.ticket).toEqual(large);
});

function spoiled(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.length + at] = (changed.at(at) ?? 0) ^ 1;
  return changed;
}
