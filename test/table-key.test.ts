import { describe, expect, test } from 'vitest';
import { tableKey } from '../src/table-key.ts';

describe('the key of a text in a table', () => {
  const texts = ['', '0', '#0', '##0', '9', '9a', '/', ':', '=0', 'a', '#a', '-1', ' 1', '4294967295', 'é'];

  test('is no number, which Node would take for its hash', () => {
    for (const text of texts) expect(tableKey(text), text).not.toMatch(/^[0-9]/);
  });

  test('is another one for each text', () => {
    expect(new Set(texts.map(tableKey)).size).toBe(texts.length);
  });
});
