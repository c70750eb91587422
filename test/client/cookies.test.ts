import { describe, expect, test } from 'vitest';
import { cookieJar } from '../../src/client/cookies.ts';

const nowMs = Date.UTC(2026, 0, 1);
const url = new URL('https://service.example:8443/EchoTls13');

/** What is given back for a URL after these Set-Cookie headers came from {@link url}. */
function given(lines: readonly string[], to: string | URL = url, laterMs = 0): string | undefined {
  const jar = cookieJar();
  jar.take(url, lines, nowMs);
  return jar.cookiesFor(new URL(to), nowMs + laterMs);
}

test('a cookie goes back to the origin that set it, and to no other', () => {
  expect(given(['NODE=node1; path=/'])).toBe('NODE=node1');
  for (const other of [
    'http://service.example:8443/EchoTls13',
    'https://service.example/EchoTls13',
    'https://other.example:8443/EchoTls13',
    'https://a.service.example:8443/EchoTls13',
  ])
    expect(given(['NODE=node1; path=/; domain=example'], other)).toBeUndefined();
});

test.each<[string, readonly string[], string | undefined]>([
  ['several', ['a=1; path=/', 'b=2; path=/'], 'a=1; b=2'],
  ['the last of one name', ['a=1; path=/', 'a=2; path=/'], 'a=2'],
  ['an empty value', ['a=; path=/'], 'a='],
  ['a value in quotes', ['a="1"; path=/'], 'a="1"'],
  ['names and attributes in any case', ['Node=X; Path=/; HttpOnly; SECURE'], 'Node=X'],
  ['none without a name', ['=1; path=/', 'node1; path=/', '; path=/'], undefined],
  ['none whose value ends the header', ['a=1\r\nX: y; path=/', 'a=1 2; path=/', 'a=1,2; path=/'], undefined],
  ['none that is too long', [`a=${'x'.repeat(5_000)}; path=/`], undefined],
  ['none that is over', ['a=1; path=/; max-age=0'], undefined],
  ['none that is deleted', ['a=1; path=/', 'a=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT'], undefined],
])('gives back %s', (_, lines, expected) => {
  expect(given(lines)).toBe(expected);
});

test('a cookie ends when it says so, by Max-Age before Expires', () => {
  const line = 'a=1; path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT';
  expect([59_999, 60_000].map(laterMs => given([line], url, laterMs))).toEqual(['a=1', undefined]);
  const day = 'a=1; path=/; Expires=Fri, 02 Jan 2026 00:00:00 GMT';
  expect([86_399_999, 86_400_000].map(laterMs => given([day], url, laterMs))).toEqual(['a=1', undefined]);
});

describe('a cookie is for its path alone', () => {
  test.each<[string, string, boolean]>([
    ['/', '/x/y', true],
    ['/x', '/x', true],
    ['/x', '/x/y', true],
    ['/x/', '/x/y', true],
    ['/x', '/xy', false],
    ['/x', '/', false],
  ])('%s: %s', (path, asked, isGiven) => {
    expect(given([`a=1; path=${path}`], `https://service.example:8443${asked}`)).toBe(isGiven ? 'a=1' : undefined);
  });
  test('which is that of the address where it says none', () => {
    expect(given(['a=1'])).toBe('a=1');
    expect(given(['a=1; path=x'], 'https://service.example:8443/other')).toBe('a=1');
  });
});

test('a peer fills nothing', () => {
  const lines = Array.from({ length: 100 }, (_, n) => `a${n}=1; path=/`);
  expect(given(lines)?.split('; ')).toHaveLength(20);
});
