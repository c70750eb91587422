import { expect, test } from 'vitest';
import { maxMessageBytes, wholeMessages } from '../../src/store/postgres-messages.ts';

/** A message of a server. @param bytes its length, where it is not the content's */
function message(kind: string, content: string, bytes = content.length): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(bytes + 4, 1);
  return Buffer.concat([head, Buffer.from(content, 'latin1')]);
}

const said = [
  message('R', '\0\0\0\0'),
  message('N', '\0'),
  message('E', 'SERROR\0C53100\0M\0\0'),
  message('D', 'x'.repeat(1_000)),
  message('I', ''),
];

function takenIn(pieces: readonly Buffer[]): readonly Buffer[] {
  const taken: Buffer[] = [];
  const take = wholeMessages(octets => taken.push(octets));
  for (const piece of pieces) take(piece);
  return taken;
}

test.each([1, 2, 4, 5, 7, 999, 5_000])('messages in pieces of %i octets are given on whole', length => {
  const all = Buffer.concat(said);
  const pieces = Array.from({ length: Math.ceil(all.length / length) }, (_, i) =>
    all.subarray(i * length, (i + 1) * length),
  );
  const taken = takenIn(pieces);
  expect(Buffer.concat(taken)).toEqual(all);
  const ends = said.map((_, i) => Buffer.concat(said.slice(0, i + 1)).length);
  const takenEnds = taken.map((_, i) => Buffer.concat(taken.slice(0, i + 1)).length);
  expect(ends).toEqual(expect.arrayContaining(takenEnds));
});

test('a message whose end has not come is not given on', () => {
  expect(takenIn([said[0] as Buffer, message('D', 'one', 4)])).toEqual([said[0]]);
});

test.each([
  ['an error without an end', message('E', 'SFATAL\0C28P01')],
  ['an error whose last text has an end, and its list none', message('E', 'SFATAL\0')],
  ['an error without a field', message('E', '')],
  ['a notice without an end', message('N', 'SX\0')],
  ['a message that is shorter than its length', message('Z', '', -1)],
  ['a message that is longer than any of a store', message('D', '', maxMessageBytes)],
  ['words of another protocol', Buffer.from('HTTP/1.1 400 Bad Request')],
])('%s is refused', (_, octets) => {
  expect(() => takenIn([octets])).toThrow('the store does not answer: it does not speak as PostgreSQL does');
});

test('the longest message is taken', () => {
  const longest = message('D', 'x'.repeat(maxMessageBytes - 5));
  expect(takenIn([longest]).map(taken => longest.equals(taken))).toEqual([true]);
});
