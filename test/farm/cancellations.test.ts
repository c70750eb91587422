import { expect, test } from 'vitest';
import { cancellations } from '../../src/farm/cancellations.ts';

test('a node that starts later is told of the cancelled conversations that have not expired', () => {
  const cancelled = cancellations();
  cancelled.add({ id: 'urn:uuid:a', untilMs: 1_000 });
  cancelled.add({ id: 'urn:uuid:b', untilMs: 2_000 });
  expect(cancelled.live(1_000)).toEqual([{ id: 'urn:uuid:b', untilMs: 2_000 }]);
});

test('above the limit the oldest is forgotten', () => {
  const cancelled = cancellations(2);
  for (const id of ['a', 'b', 'a', 'c']) cancelled.add({ id, untilMs: 5_000 });
  expect(cancelled.live(0).map(({ id }) => id)).toEqual(['a', 'c']);
});
