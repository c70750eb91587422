import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeTicket,
  encodeTicket,
  type KatanaTicket,
  maxTicketBytes,
  ticketDefaults,
  ticketName,
} from '../../src/bearer/katana-ticket.ts';
import { tokenVectors } from '../machine-key/vectors.ts';

describe.each(tokenVectors)('the ticket of vector $name', ({ ticket, ticketBytes }) => {
  test('is written to its bytes', () => {
    expect(encodeTicket(ticket).toString('hex')).toBe(ticketBytes.toString('hex'));
  });
  test('is read from its bytes', () => {
    expect(decodeTicket(ticketBytes)).toEqual(ticket);
    expect([...(decodeTicket(ticketBytes)?.properties.keys() ?? [])]).toEqual([...ticket.properties.keys()]);
  });
  test('is read at no other length', () => {
    for (let length = 0; length < ticketBytes.length; length += 1)
      expect(decodeTicket(ticketBytes.subarray(0, length))).toBeUndefined();
    expect(decodeTicket(Buffer.concat([ticketBytes, Buffer.alloc(1)]))).toBeUndefined();
  });
});

const text = (min = 0) =>
  fc.string({ unit: 'grapheme', minLength: min, maxLength: 200 }).filter(value => value !== '\0');
const anyTicket: fc.Arbitrary<KatanaTicket> = fc.record({
  authenticationType: text(),
  nameClaimType: fc.oneof(text(), fc.constant(ticketDefaults.nameClaimType)),
  roleClaimType: fc.oneof(text(), fc.constant(ticketDefaults.roleClaimType)),
  claims: fc.array(
    fc.record({
      type: fc.oneof(text(), fc.constant(ticketDefaults.nameClaimType)),
      value: fc.oneof(text(), fc.constant('\0')),
      valueType: fc.oneof(text(), fc.constant(ticketDefaults.valueType)),
      issuer: fc.oneof(text(), fc.constant(ticketDefaults.issuer)),
      originalIssuer: fc.oneof(text(), fc.constant(ticketDefaults.issuer)),
    }),
    { maxLength: 6 },
  ),
  bootstrapToken: fc.option(
    text(1).filter(value => value.trim() !== ''),
    { nil: undefined },
  ),
  properties: fc
    .array(fc.tuple(fc.oneof(text(), fc.constant('__proto__'), fc.constant('7')), text()), { maxLength: 6 })
    .map(entries => new Map(entries)),
});

test('decode of encode is the ticket', () => {
  fc.assert(
    fc.property(anyTicket, ticket => {
      expect(decodeTicket(encodeTicket(ticket))).toEqual(ticket);
    }),
  );
});

test('decode is total: any bytes, and any change of a ticket, give a ticket or undefined', () => {
  const versioned = fc
    .uint8Array({ maxLength: 200 })
    .map(bytes => Buffer.concat([Buffer.from('03000000', 'hex'), bytes]));
  const isTotal = (bytes: Uint8Array) => void expect(typeof decodeTicket(bytes)).toBeOneOf(['object', 'undefined']);
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), versioned), isTotal));
  for (const { ticketBytes } of tokenVectors)
    for (let at = 0; at < ticketBytes.length; at += 1)
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(ticketBytes);
        changed[at] = value;
        isTotal(changed);
      }
});

const [, , small] = tokenVectors;
if (small === undefined) throw new Error('a vector is missing');
const layout = small.ticketBytes.toString('hex');
/** The ticket of vector V3 with one piece of its hex digits changed. */
const replaced = (from: string, to: string) => {
  expect(layout.split(from)).toHaveLength(2);
  return Buffer.from(layout.replace(from, to), 'hex');
};
/** A ticket that ends with four numbers: claims, bootstrap token, version of the properties, properties. */
const empty = encodeTicket({ ...small.ticket, claims: [], properties: new Map() }).toString('hex');
const claimsAndBootstrap = '0100000003737562023432010001000100' + '00000000';

describe('a ticket that no Katana writes is refused:', () => {
  test.each<[string, Buffer]>([
    ['version 1', replaced('0300000006', '0100000006')],
    ['version 4', replaced('0300000006', '0400000006')],
    ['version 5, of ASP.NET Core', replaced('0300000006', '0500000006')],
    ['a negative version', replaced('0300000006', 'fdffffff06')],
    ['properties of version 0', replaced('00000000' + '01000000' + '02000000', '00000000' + '00000000' + '02000000')],
    ['properties of version 2', replaced('00000000' + '01000000' + '02000000', '00000000' + '02000000' + '02000000')],
    ['more claims than there are', replaced('0100000003737562', '0200000003737562')],
    ['two thousand million claims', replaced('0100000003737562', 'ffffff7f03737562')],
    ['fewer than no claims', replaced('0100000003737562', 'ffffffff03737562')],
    ['one property less than there are', replaced('02000000072e69', '01000000072e69')],
    ['one property more', replaced('02000000072e69', '03000000072e69')],
    ['fewer than no properties', replaced('02000000072e69', 'ffffffff072e69')],
    [
      'fewer than no claims where there are none',
      Buffer.from(`${empty.slice(0, -32)}ffffffff${empty.slice(-24)}`, 'hex'),
    ],
    ['fewer than no properties where there are none', Buffer.from(`${empty.slice(0, -8)}ffffffff`, 'hex')],
    ['the same property twice', replaced('082e65787069726573', '072e697373756564')],
    ['a text that is not UTF-8', replaced('06426561726572', '0642656172ff72')],
    ['a text that is longer than the ticket', replaced('06426561726572', 'ff7f426561726572')],
    ['a length of four bytes', replaced('06426561726572', '86808000426561726572')],
    ['a length without an end', replaced('06426561726572', 'ffffffff426561726572')],
    [
      'a bootstrap token of another length',
      replaced(claimsAndBootstrap, `${claimsAndBootstrap.slice(0, -8)}020000000178`),
    ],
    [
      'a bootstrap token of a negative length',
      replaced(claimsAndBootstrap, `${claimsAndBootstrap.slice(0, -8)}ffffffff0178`),
    ],
    ['bytes behind the end', Buffer.from(`${layout}00`, 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['a version alone', Buffer.from('03000000', 'hex')],
  ])('%s', (_what, bytes) => {
    expect(decodeTicket(bytes)).toBeUndefined();
  });
});

describe('a ticket of version 2', () => {
  const second = replaced('0300000006', '0200000006');
  test('of Katana 3.0.0, with the field for a bootstrap token, is read', () => {
    expect(decodeTicket(second)).toEqual(small.ticket);
  });
  test('of Katana 2, without that field, is read', () => {
    const bytes = Buffer.from(
      second.toString('hex').replace(claimsAndBootstrap, claimsAndBootstrap.slice(0, -8)),
      'hex',
    );
    expect(bytes).toHaveLength(second.length - 4);
    expect(decodeTicket(bytes)).toEqual(small.ticket);
  });
  test('with bytes behind its end is refused in both layouts', () => {
    expect(decodeTicket(Buffer.concat([second, Buffer.alloc(4)]))).toBeUndefined();
  });
});

test('a version 3 ticket without the field for a bootstrap token is refused', () => {
  expect(decodeTicket(replaced(claimsAndBootstrap, claimsAndBootstrap.slice(0, -8)))).toBeUndefined();
});

test('the largest ticket is written and read, a larger one neither', () => {
  const of = (length: number): KatanaTicket => ({ ...small.ticket, properties: new Map([['k', 'x'.repeat(length)]]) });
  const room = maxTicketBytes - encodeTicket(of(60_000)).length + 60_000;
  const largest = encodeTicket(of(room));
  expect(largest).toHaveLength(maxTicketBytes);
  expect(decodeTicket(largest)).toEqual(of(room));
  expect(() => encodeTicket(of(room + 1))).toThrow(RangeError);
  const length = (bytes: number) => Buffer.from([(bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14]);
  const longer = largest.toString('hex').replace(length(room).toString('hex'), length(room + 1).toString('hex'));
  expect(decodeTicket(Buffer.from(`${longer}78`, 'hex'))).toBeUndefined();
});

test.each<[string, Partial<KatanaTicket>]>([
  ['a lone surrogate', { authenticationType: '\ud800' }],
  ['a name claim type that would be read as the default', { nameClaimType: '\0' }],
  ['a blank bootstrap token', { bootstrapToken: ' \t' }],
  ['a property with a lone surrogate', { properties: new Map([['a', '\udc00']]) }],
])('%s is a mistake of the caller', (_what, change) => {
  expect(() => encodeTicket({ ...small.ticket, ...change })).toThrow(TypeError);
});

test("the user's name is the first claim of the name claim type", () => {
  expect(tokenVectors.map(({ ticket }) => ticketName(ticket))).toEqual([
    'alice',
    'Zoë 日本',
    undefined,
    undefined,
    'bob',
  ]);
});
