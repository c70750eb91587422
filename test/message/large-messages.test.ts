import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  largeBytes,
  largeMessages,
  leaving,
  type Place,
  placedWithin,
  placeFor,
} from '../../src/message/large-messages.ts';

/** Whether a place is there once all that is due has been done. */
async function isThere(place: Place): Promise<boolean> {
  let isTaken = false;
  void place.take().then(() => {
    isTaken = true;
  });
  await setImmediate();
  return isTaken;
}

/** When what was given back has been handed on. */
const turn = async () => {
  await setImmediate();
  await setImmediate();
};

test.each([1, 2, 5])('no more than %i are large at once, and the next comes when one of them is done', async most => {
  const all = largeMessages(() => most);
  const places = Array.from({ length: most + 2 }, () => all.place());
  const first = places.slice(0, most);
  for (const place of first) expect(await isThere(place)).toBe(true);
  const [next, last] = places.slice(most);
  expect([await isThere(next as Place), await isThere(last as Place)]).toEqual([false, false]);
  first[0]?.leave();
  await turn();
  expect([await isThere(next as Place), await isThere(last as Place)]).toEqual([true, false]);
});

test('a message asks as often as it likes, and has one place', async () => {
  const all = largeMessages(() => 2);
  const one = all.place();
  await Promise.all([one.take(), one.take(), one.take()]);
  expect(await isThere(all.place())).toBe(true);
  expect(await isThere(all.place())).toBe(false);
});

test('a place is given back once, however often that is said, and not taken again', async () => {
  const all = largeMessages(() => 1);
  const [one, two, three] = [all.place(), all.place(), all.place()];
  await one.take();
  one.leave();
  one.leave();
  await turn();
  await one.take();
  expect([await isThere(two), await isThere(three)]).toEqual([true, false]);
});

test('who waits no more is passed over, and does not hang', async () => {
  const all = largeMessages(() => 1);
  const [one, gone, next] = [all.place(), all.place(), all.place()];
  await one.take();
  const waited = gone.take();
  expect(await isThere(next)).toBe(false);
  gone.leave();
  await waited;
  one.leave();
  await turn();
  expect(await isThere(next)).toBe(true);
});

test('one that never was large leaves nothing behind', async () => {
  const all = largeMessages(() => 1);
  all.place().leave();
  await turn();
  expect([await isThere(all.place()), await isThere(all.place())]).toEqual([true, false]);
});

test('what is small has its turn before the next large one', async () => {
  const all = largeMessages(() => 1);
  const [one, two] = [all.place(), all.place()];
  await one.take();
  const order: string[] = [];
  const next = two.take().then(() => order.push('large'));
  one.leave();
  process.nextTick(() => order.push('small'));
  await next;
  expect(order).toEqual(['small', 'large']);
});

test('a work gives its place back when it is done, when it throws and when its promise rejects', async () => {
  const all = largeMessages(() => 1);
  const works = [() => 'done', async () => 'done', () => Promise.reject(new Error('no'))];
  for (const work of works) {
    const place = all.place();
    await place.take();
    await Promise.resolve(leaving(place, work)).catch(() => undefined);
    await turn();
  }
  const place = all.place();
  await place.take();
  const thrown = () => {
    throw new Error('at once');
  };
  expect(() => leaving(place, thrown)).toThrow('at once');
  await turn();
  expect(await isThere(all.place())).toBe(true);
});

test('4 MiB are not large, and one byte more is', () => {
  const place = largeMessages(() => 1).place();
  expect(placeFor(largeBytes, place)).toBeUndefined();
  expect(placeFor(largeBytes + 1, place)).toBeInstanceOf(Promise);
});

test('a place is waited for as long as is said, and then not at all', async () => {
  const all = largeMessages(() => 1);
  const [one, two, three] = [all.place(), all.place(), all.place()];
  expect(placedWithin(1, largeBytes, one)).toBe(true);
  expect(await placedWithin(1, largeBytes + 1, one)).toBe(true);
  expect(await placedWithin(1, largeBytes + 1, two)).toBe(false);
  two.leave();
  const waited = placedWithin(600_000, largeBytes + 1, three);
  one.leave();
  expect(await waited).toBe(true);
});

test('as many as may be by then are admitted when one is done', async () => {
  let most = 1;
  const all = largeMessages(() => most);
  const [one, two, three] = [all.place(), all.place(), all.place()];
  await one.take();
  expect([await isThere(two), await isThere(three)]).toEqual([false, false]);
  most = 2;
  one.leave();
  await turn();
  expect([await isThere(two), await isThere(three)]).toEqual([true, true]);
  most = 1;
  const four = all.place();
  two.leave();
  await turn();
  expect(await isThere(four)).toBe(false);
  three.leave();
  await turn();
  expect(await isThere(four)).toBe(true);
});
