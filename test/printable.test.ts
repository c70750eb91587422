import { describe, expect, test } from 'vitest';
import { SecureConversationError } from '../src/errors.ts';
import { printable, printableJson } from '../src/printable.ts';
import { costOfFourTimes } from './support/cost.ts';

describe('printable text', () => {
  test('has as many characters as it may, and no more', () => {
    expect(printable('x'.repeat(256))).toBe('x'.repeat(256));
    expect(printable('x'.repeat(257))).toBe(`${'x'.repeat(255)}…`);
    expect(printable('abcd', 4)).toBe('abcd');
    expect(printable('abcde', 4)).toBe('abc…');
    expect(printable('\x1b'.repeat(256))).toHaveLength(256);
  });

  test.each([
    ['\x1b[2J', '\\u{1b}[2J'],
    ['a\r\nb\0', 'a\\u{d}\\u{a}b\\u{0}'],
    ['\x7f\x9b31m', '\\u{7f}\\u{9b}31m'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u2028\u2029\u200b\ufeff', '\\u{2028}\\u{2029}\\u{200b}\\u{feff}'],
    ['\ud83d', '\\u{d83d}'],
    ['é 漢 😀', 'é 漢 😀'],
  ])('%j is written out', (text, visible) => expect(printable(text)).toBe(visible));

  test('is not cut in the middle of a character', () => {
    expect(printable('😀'.repeat(3), 4)).toBe('😀…');
    expect(printable('ab😀', 3)).toBe('ab…');
  });

  test('costs what is kept of it, however long it was', async () => {
    const texts = new Map([1_000_000, 4_000_000].map(size => [size, '\x1b'.repeat(size)]));
    const work = (size: number) => {
      for (let i = 0; i < 100; i += 1) printable(texts.get(size) ?? '');
    };
    expect(await costOfFourTimes(1_000_000, work)).toBeLessThan(3);
  });
});

test('printable JSON is the same value, and has nothing in it that moves a cursor', () => {
  const value = { 'a\x9b': ['\x1b[2J\x7f\u202e\u2028', '\ud83d', '\u{e0001}', 'é 😀'] };
  const text = printableJson(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  expect(text).toContain('é 😀');
});

test('an error says at most 1,024 characters, all of which print', () => {
  const messageOf = (text: string) => new SecureConversationError('FAULT', text).message;
  expect(messageOf('x'.repeat(1_024))).toBe('x'.repeat(1_024));
  expect(messageOf('x'.repeat(1_025))).toBe(`${'x'.repeat(1_023)}…`);
  expect(messageOf('\x1b[2J')).toBe('\\u{1b}[2J');
});
