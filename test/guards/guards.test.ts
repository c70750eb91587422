import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAst } from 'vitest/node';
import { type Check, findCheck, invert, nameOf, readGuards, uncovered } from './guards.ts';

const { tests, guards } = readGuards();
const checks: readonly Check[] = guards.flatMap(guard => [
  guard,
  ...(guard.second === undefined ? [] : [guard.second]),
]);
const sourceOf = (file: string) => readFileSync(file, 'utf8');

describe.each(Object.keys(tests))('%s', file => {
  const source = sourceOf(file);
  const rows = checks.filter(check => check.file === file);

  test('has each check where its row says, once, and is a program with it inverted', () => {
    for (const row of rows) {
      const changed = invert(source, row);
      expect(changed, nameOf(row)).not.toBe(source);
      expect(() => parseAst(changed, { lang: 'ts' }), nameOf(row)).not.toThrow();
    }
  });

  test('has no refusal that is in no row', () => {
    expect(uncovered(source, rows)).toEqual([]);
  });
});

test('each row belongs to a listed file and to test files that are there, and no two rows are the same', () => {
  expect(checks.filter(({ file }) => !(file in tests)).map(nameOf)).toEqual([]);
  const files = [...Object.values(tests), ...guards.map(guard => guard.tests ?? [])].flat();
  expect(files.filter(file => !existsSync(file))).toEqual([]);
  const names = guards.map(guard => `${nameOf(guard)} → ${guard.inverted}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('a second check stands beside a reason', () => {
  expect(guards.filter(({ reason, second }) => second !== undefined && reason === undefined)).toEqual([]);
});

describe('a check', () => {
  const source = `export function outer(a: number): number {
  if (a > 1) refuse('x', 'y');
  const inner = (
    b: number,
  ): number => {
    if (b > 1)
      return 1;
    return a > 2 ? 2 : refuse('x', 'z');
  };
  return inner(a);
}

function other(a: number) {
  if (a > 1) return 3;
  if (a > 3) return refuse('x', 'y');
  return a ?? refuse('x', 'y');
}
`;
  const row = (name: string, check: string, inverted?: string): Check => ({
    file: 'file.ts',
    function: name,
    check,
    ...(inverted === undefined ? {} : { inverted }),
  });

  test('is found in its function alone, whatever the white space', () => {
    const { start, end } = findCheck(source, row('outer.inner', 'if (b > 1) return 1;'));
    expect(source.slice(start, end)).toBe('if (b > 1)\n      return 1;');
    expect(source.slice(0, findCheck(source, row('other', 'if (a > 1)')).start)).toContain('function other');
  });

  test.each([
    [row('outer', 'if (a > 9)'), 'not found'],
    [row('outer', '1', '2'), 'found 3 times'],
    [row('outer.inner', 'return inner(a)', ''), 'not found'],
    [row('nobody', 'if (a > 1)'), 'no such function'],
    [row('outer', 'a > 1'), 'what does it become?'],
  ])('that is not to be found, or does not say what it becomes, fails: %o', (lost, message) => {
    expect(() => invert(source, lost)).toThrow(message);
  });

  test('becomes one that refuses nothing, or what its row says', () => {
    expect(invert(source, row('other', 'if (a > 1)'))).toContain('if (false) return 3;');
    expect(invert(source, row('outer', 'a > 1', 'a > 8'))).toContain("if (a > 8) refuse('x', 'y');");
  });

  test('belongs to the refusal in its text, or to the next one of its statement', () => {
    expect(uncovered(source, [])).toHaveLength(4);
    expect(
      uncovered(source, [
        row('outer', 'if (a > 1)'),
        row('outer.inner', ": refuse('x', 'z')", ': 2'),
        row('other', 'if (a > 1)'),
        row('other', 'a > 3', 'false'),
      ]),
    ).toEqual(["16: return a ?? refuse('x', 'y');"]);
  });
});
