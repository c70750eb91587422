import { expect, test } from 'vitest';
import { type IssueLimit, issueLimit, issueRateField } from '../../src/conversation/issue-rate.ts';

/** How many conversations a user gets to begin of so many at one time. */
function begun(limit: IssueLimit, user: string, atMs: number, wanted = 1_000): number {
  return Array.from({ length: wanted }, () => limit.take(user, atMs)).filter(Boolean).length;
}

test('a user may begin 1,000 conversations at once and 100 a second after that', () => {
  const limit = issueLimit(issueRateField.read({}, { of: 'issueRate', path: '' }));
  expect(begun(limit, 'alice', 1_000, 2_000)).toBe(1_000);
  expect(begun(limit, 'alice', 1_000)).toBe(0);
  expect(begun(limit, 'alice', 1_009)).toBe(0);
  expect(begun(limit, 'alice', 1_010)).toBe(1);
  expect(begun(limit, 'alice', 3_010)).toBe(200);
});

test('what was not begun is saved up to a burst and no further', () => {
  const limit = issueLimit({ perSecond: 10, burst: 50 });
  expect(begun(limit, 'alice', 0, 30)).toBe(30);
  expect(begun(limit, 'alice', 1_000)).toBe(30);
  expect(begun(limit, 'alice', 86_400_000)).toBe(50);
});

test('a refused wish costs nothing: who asks all the time still gets 10 a second', () => {
  const limit = issueLimit({ perSecond: 10, burst: 1 });
  let count = 0;
  for (let ms = 0; ms < 10_000; ms += 5) if (limit.take('alice', ms)) count += 1;
  expect(count).toBe(100);
});

test('one user takes nothing from another', () => {
  const limit = issueLimit({ perSecond: 1, burst: 2 });
  expect(begun(limit, 'alice', 0)).toBe(2);
  expect(begun(limit, 'bob', 0)).toBe(2);
});

test('rates below one a second are kept too', () => {
  const limit = issueLimit({ perSecond: 0.5, burst: 1 });
  expect([0, 1_999, 2_000, 3_999, 4_000].map(ms => limit.take('alice', ms))).toEqual([true, false, true, false, true]);
});

test('no more users are remembered than are told', () => {
  const limit = issueLimit({ perSecond: 1, burst: 1 }, 2);
  for (const user of ['alice', 'bob', 'carol']) expect(limit.take(user, 0)).toBe(true);
  expect(limit.take('bob', 0)).toBe(false);
  expect(limit.take('alice', 0)).toBe(true);
});
