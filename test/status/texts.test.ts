import { expect, test } from 'vitest';
import { rateText, secondsText, spanText, timeText } from '../../src/status/texts.ts';

test.each([
  [0, '0'],
  [0.001, 'less than 0.01'],
  [0.0333, '0.03'],
  [4.24, '4.2'],
  [9.99, '10'],
  [136.7, '137'],
  [12_345, '12,345'],
])('%d a second reads %s', (rate, text) => {
  expect(rateText(rate)).toBe(text);
});

test.each([
  [undefined, '–'],
  [0.0004, '0.4 ms'],
  [0.0123, '12 ms'],
  [1.54, '1.5 s'],
  [Infinity, 'more than 10 s'],
])('a percentile of %s s reads %s', (seconds, text) => {
  expect(secondsText(seconds)).toBe(text);
});

test.each([
  [-1, '0 s'],
  [0, '0 s'],
  [59_900, '59 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('a span of %i ms reads %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test('a time is UTC, to the second', () => {
  expect(timeText(Date.UTC(2026, 2, 1, 12, 0, 5, 999))).toBe('2026-03-01 12:00:05');
});
