import { expect, test } from 'vitest';
import { type FieldSource, parseTemplate } from '../../src/cli/load/template.ts';

/** Counts on; its random number is the largest that is asked for. */
function countedFields(): FieldSource {
  let calls = 0;
  return {
    counter() {
      calls += 1;
      return calls;
    },
    random: below => below - 1,
    uuid: () => '6f0c1f57-8e5c-4d7f-9b6a-2f1f7f0a3c11',
    clock: () => Date.UTC(2026, 10, 30, 12),
  };
}

test('each field is filled for each call, and two of one call have the same counter', () => {
  const fill = parseTemplate('<a>{{counter}} {{counter}}</a><b>{{random 1-6}}</b>{{uuid}} {{time}} {{random}}');
  const source = countedFields();
  const rest = '<b>6</b>6f0c1f57-8e5c-4d7f-9b6a-2f1f7f0a3c11 2026-11-30T12:00:00.000Z 999999999';
  expect([fill?.(source), fill?.(source)]).toEqual([`<a>1 1</a>${rest}`, `<a>2 2</a>${rest}`]);
});

test.each(['', '{"a":{"b":{}}}', '{ {counter} }', '{counter}'])('a text without a field is none: %s', text => {
  expect(parseTemplate(text)).toBeUndefined();
});

test.each([
  ['{{Counter}}', 'Counter'],
  ['{{}}', ''],
  ['{{random 6-1}}', 'random 6-1'],
  ['{{random 0-999999999999999}}', 'random 0-999999999999999'],
  ['{{uuid\u202e}}', 'uuid\\u{202e}'],
])('a field that is not known is refused by its name: %s', (text, name) => {
  expect(() => parseTemplate(text)).toThrow(`the body has a field {{${name}}}, which is none`);
});
