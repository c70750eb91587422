/** Makes the error for a place in a file, `keys[1].issueFrom`; the empty place is the whole file. */
export type Problem = (place: string, problem: string) => Error;

/**
 * Reads JSON. The parser's own message is never passed on: it quotes the text, which may be a secret.
 * @throws the problem's error, with line and column where the parser tells them
 */
export function parseJson(text: string, fail: Problem): unknown {
  if (text.trim() === '') throw fail('', 'is empty');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail('', `is not JSON${errorPlace(text, error)}`);
  }
}

function errorPlace(text: string, error: unknown): string {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

/**
 * Checks that a value is an object with exactly these fields.
 * @param place of the value, empty for the whole file
 * @param optional the fields that may be missing
 * @throws the problem's error for another kind of value, a missing and an unknown field
 */
export function jsonObject<Name extends string>(
  value: unknown,
  place: string,
  names: readonly Name[],
  fail: Problem,
  optional: readonly Name[] = [],
): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail(place, 'must be an object');
  const unknown = Object.keys(value).find(name => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) throw fail(place, `has an unknown field ${JSON.stringify(unknown.slice(0, 40))}`);
  const missing = names.find(name => !Object.hasOwn(value, name) && !optional.includes(name));
  if (missing !== undefined) throw fail(place, `lacks the field "${missing}"`);
  return value as Record<Name, unknown>;
}

/** Place of an item of a list. */
export function jsonPlace(list: string, index: number): string {
  return `${list}[${index}]`;
}
