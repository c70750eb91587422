import { describe, expect, test } from 'vitest';
import { addressList, addressOrBlock, networkOf } from '../../src/users/addresses.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the address %j is counted as %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('a list', () => {
  const isListed = addressList(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', 'fe80::1']);
  test.each<[string, boolean]>([
    ['192.0.2.7', true],
    ['::ffff:192.0.2.7', true],
    ['::ffff:c000:207', true],
    ['192.0.2.8', false],
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['fe80::1%eth0', true],
    ['', false],
    ['10.0.0.1, 192.0.2.7', false],
    ['localhost', false],
  ])('of addresses and blocks has %j: %j', (address, isIn) => {
    expect(isListed(address)).toBe(isIn);
  });

  test('of nothing has nothing', () => {
    expect(addressList([])('192.0.2.7')).toBe(false);
  });
});

describe('an entry', () => {
  const place = { of: 'options', path: 'trustedProxies[0]' };
  test.each(['192.0.2.7', '10.0.0.0/8', '0.0.0.0/0', '2001:DB8:0::/32', '::1', '::/128'])('%s is taken', entry => {
    expect(addressOrBlock.read(entry, place)).toBe(entry);
  });
  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    'fe80::1%eth0',
    '10.0.0.1:80',
    7,
  ])('%j is refused by its place', entry => {
    expect(() => addressOrBlock.read(entry, place)).toThrow(
      /^options: trustedProxies\[0\] must be an address or a block/,
    );
  });
});
