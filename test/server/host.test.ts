import { describe, expect, test } from 'vitest';
import { isSameHost, parseHost } from '../../src/server/host.ts';

describe('a host is a name or an address, and a port', () => {
  test.each<[string, string, string]>([
    ['localhost', 'localhost', ''],
    ['Node-1.Example.:8443', 'node-1.example.', '8443'],
    ['my_service:80', 'my_service', '80'],
    ['localhost:', 'localhost', ''],
    ['127.0.0.1:65535', '127.0.0.1', '65535'],
    ['[::1]', '[::1]', ''],
    ['[2001:DB8::1]:443', '[2001:db8::1]', '443'],
    ['[::ffff:127.0.0.1]:1', '[::ffff:127.0.0.1]', '1'],
    ['a'.repeat(253), 'a'.repeat(253), ''],
  ])('%s', (text, name, port) => expect(parseHost(text)).toEqual({ name, port }));
});

describe('nothing else is one', () => {
  test.each([
    '',
    ':80',
    'a b',
    ' a',
    'a ',
    'a\t',
    'a:80:80',
    'a:80 ',
    'a:-1',
    'a:+80',
    'a:8o',
    'a:65536',
    'a:000080',
    'user@a',
    'user:password@a',
    '@a',
    'a/',
    'a/../b',
    'a?b',
    'a#b',
    'a\\b',
    'a,b',
    'a%2eb',
    'a"b',
    '<a>',
    'http://a',
    'a\u00e9',
    '\u00a0a',
    'a\0',
    '::1',
    '[::1',
    '::1]',
    '[]',
    '[:::1]',
    '[1.2.3.4]',
    '[v1.a]',
    '[::1%eth0]',
    '[::1]80',
    '[::1]:x',
    '[[::1]]',
    'a'.repeat(254),
  ])('%j', text => expect(parseHost(text)).toBeUndefined());
});

test('two hosts are one where name and port are, the port that a scheme has by itself said or not', () => {
  const same = (one: string, other: string, scheme: 'http' | 'https') => {
    const [first, second] = [parseHost(one), parseHost(other)];
    return first !== undefined && second !== undefined && isSameHost(first, second, scheme);
  };
  expect(same('a', 'A:80', 'http')).toBe(true);
  expect(same('a:', 'a:443', 'https')).toBe(true);
  expect(same('a:080', 'a', 'http')).toBe(true);
  expect(same('a:443', 'a', 'http')).toBe(false);
  expect(same('a', 'b', 'http')).toBe(false);
});
