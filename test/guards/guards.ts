import { readFileSync } from 'node:fs';

/** One check of the program: where it stands, and what takes its place when it is inverted. */
export interface Check {
  /** From the root of the repository. */
  readonly file: string;
  /** The function that it stands in; `outer.inner` for one inside another, or a method of a class. */
  readonly function: string;
  /** Its own text, which stands in that function once. Any white space there counts as the same. */
  readonly check: string;
  /** What it becomes. Absent for `if (…)`, which becomes `if (false)`: it refuses nothing, which is easily missed. */
  readonly inverted?: string;
}

/** A row of the list. */
export interface Guard extends Check {
  /** The test files that belong to it. Absent: those of its source file. */
  readonly tests?: readonly string[];
  /** Why no test misses it. Absent: a test must go red. */
  readonly reason?: string;
  /** The check that stands in for it: with both inverted a test must go red. Only beside a reason. */
  readonly second?: Check;
}

export interface GuardList {
  /** The source files whose refusals must all be in a row, each with the test files that belong to it. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
  readonly guards: readonly Guard[];
}

/** Reads the list; the working directory is the root of the repository. */
export function readGuards(): GuardList {
  return JSON.parse(readFileSync('test/guards/guards.json', 'utf8'));
}

export function nameOf({ file, function: name, check }: Check): string {
  return `${file} ${name}: ${check}`;
}

/** A stretch of a text, up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** @throws {Error} for a check that does not stand exactly once where its row says */
export function findCheck(source: string, row: Check): Span {
  const scope = findFunction(source, row);
  const pattern = row.check.split(/\s+/).map(escaped).join('\\s+');
  const alone = new RegExp(
    `${/^\w/.test(pattern) ? '(?<![\\w.#])' : ''}${pattern}${/\w$/.test(pattern) ? '(?!\\w)' : ''}`,
    'g',
  );
  const [found, ...more] = source.slice(scope.start, scope.end).matchAll(alone);
  if (found === undefined) throw new Error(`not found: ${nameOf(row)}`);
  if (more.length !== 0) throw new Error(`found ${more.length + 1} times: ${nameOf(row)}`);
  const start = scope.start + found.index;
  return { start, end: start + found[0].length };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The function by its name, each inner one inside the outer. The formatter's indentation says where it ends. */
function findFunction(source: string, row: Check): Span {
  let scope: Span = { start: 0, end: source.length };
  row.function.split('.').forEach((name, depth) => {
    const declared = depth === 0 ? topLevel(name) : inner(name);
    const [found, ...more] = source.slice(scope.start, scope.end).matchAll(declared);
    if (found === undefined || more.length !== 0) throw new Error(`no such function, or several: ${nameOf(row)}`);
    const start = scope.start + found.index;
    scope = { start, end: endOfBlock(source, start) };
  });
  return scope;
}

const topLevel = (name: string) =>
  new RegExp(`^(?:export )?(?:async )?(?:function|const|class) ${escaped(name)}\\b`, 'gm');

/** A declaration, a method or a property inside another function, class or table. */
const inner = (name: string) =>
  new RegExp(`^ +(?:(?:async )?function |const |async )?${escaped(name)}(?::| = |\\(.*\\{$|\\($)`, 'gm');

/** Up to the next line that is indented no more than the first, and with it where it closes what that one opened. */
function endOfBlock(source: string, start: number): number {
  const lines = source.slice(start).split('\n');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  const isInside = (line: string) => line === '' || line.search(/\S/) > indent || /^ *[)}\]].*[({[]$/.test(line);
  const length = lines.findIndex((line, index) => index > 0 && !isInside(line));
  const closing = lines[length] ?? '';
  const whole = lines.slice(0, /^ *[)}\]]/.test(closing) ? length + 1 : length);
  return start + whole.join('\n').length;
}

/** The source with a check inverted. @throws {Error} as {@link findCheck}, and where no row says what it becomes */
export function invert(source: string, row: Check): string {
  const { start, end } = findCheck(source, row);
  const inverted = row.inverted ?? (/^if \(.*\)$/s.test(row.check) ? 'if (false)' : undefined);
  if (inverted === undefined) throw new Error(`what does it become? ${nameOf(row)}`);
  return source.slice(0, start) + inverted + source.slice(end);
}

const refusal = /(?<!function |\w)(?:refuse|refuseStale)\(|\brefused\([0-9]/g;

/**
 * The refusals of a source that no row belongs to, as `line: text`. A row belongs to those in its own text and to the
 * first that follows it in the same statement.
 */
export function uncovered(source: string, rows: readonly Check[]): string[] {
  const spans = rows.map(row => findCheck(source, row));
  const isCovered = (at: number) =>
    spans.some(({ start, end }) => {
      const between = source.slice(end, at);
      return start <= at && (at < end || !(between.includes(';') || between.match(refusal)));
    });
  return [...source.matchAll(refusal)]
    .filter(({ index }) => !isCovered(index))
    .map(({ index }) => {
      const line = source.slice(0, index).split('\n').length;
      return `${line}: ${source.split('\n')[line - 1]?.trim()}`;
    });
}
