import { expect, test } from 'vitest';
import { latestEntries } from '../src/latest-entries.ts';

test('what was used longest ago goes first', () => {
  const entries = latestEntries<number>(2);
  expect(entries.get('a')).toBeUndefined();
  entries.set('a', 1);
  entries.set('b', 2);
  expect(entries.get('a')).toBe(1);
  entries.set('c', 3);
  expect(['a', 'b', 'c'].map(key => entries.get(key))).toEqual([1, undefined, 3]);
});

test('what was deleted or cleared is there no more, also where nothing ever was', () => {
  const entries = latestEntries<true>(2);
  entries.delete('a');
  entries.clear();
  entries.set('a', true);
  entries.set('b', true);
  entries.delete('a');
  expect(['a', 'b'].map(key => entries.get(key))).toEqual([undefined, true]);
  entries.clear();
  expect(entries.get('b')).toBeUndefined();
});

test('all are kept up to the limit, however many that is, and from there on the latest ones', () => {
  for (const max of [1, 127, 128, 129, 1_000]) {
    const entries = latestEntries<number>(max);
    const order = () => [...entries.fromOldest()].map(([, value]) => value);
    const added = Array.from({ length: max + 2 }, (_, n) => n);
    for (const n of added.slice(0, max)) entries.set(`${n}`, n);
    expect(order()).toEqual(added.slice(0, max));
    for (const n of added.slice(max)) entries.set(`${n}`, n);
    expect(order()).toEqual(added.slice(2));
  }
});

test('what was read or written again is the latest, also when room is made for more', () => {
  const entries = latestEntries<number>(1_000);
  for (let n = 0; n < 128; n += 1) entries.set(`${n}`, n);
  entries.get('0');
  entries.set('1', -1);
  entries.set('128', 128);
  const order = [...entries.fromOldest()].map(([, value]) => value);
  expect(order).toEqual([...Array.from({ length: 126 }, (_, n) => n + 2), 0, -1, 128]);
});

test('what has to make room is told of, and nothing else is, also when room is made for more', () => {
  const gone: number[] = [];
  const entries = latestEntries<number>(200, value => gone.push(value));
  for (let n = 0; n < 200; n += 1) entries.set(`${n}`, n);
  entries.set('7', -7);
  entries.delete('8');
  expect(gone).toEqual([]);
  for (const n of [200, 201, 202]) entries.set(`${n}`, n);
  expect(gone).toEqual([0, 1]);
  entries.clear();
  expect(gone).toEqual([0, 1]);
});
