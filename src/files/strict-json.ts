import { failAt, type Place } from '../fields.ts';

/**
 * Reads JSON whose objects have no member twice: of two readers each may take another one. The parser's own message is
 * never passed on: it quotes the text, which may be a secret.
 * @param place of the whole text
 * @throws {SecureConversationError} the place's error, with line and column where the parser tells them
 */
export function parseJson(text: string, place: Place): unknown {
  if (text.trim() === '') failAt(place, 'is empty');
  const value = parsed(text, place);
  const twice = doubledMember(text);
  if (twice !== undefined) failAt({ ...place, path: twice }, 'stands twice');
  return value;
}

function parsed(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return failAt(place, `is not JSON${errorPlace(text, error)}`);
  }
}

/** The bytes that a value is the base64 of, written as it is in RFC 4648 §4; undefined for any other value. */
export function base64Bytes(value: unknown): Buffer | undefined {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  return bytes.toString('base64') === value ? bytes : undefined;
}

function errorPlace(text: string, error: unknown): string {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

/** An object or a list that is open where a text is read. */
interface Open {
  readonly isList: boolean;
  /** Names of the members so far. */
  readonly names: Set<string>;
  /** The member that is read now, or the item. */
  name: string;
  index: number;
}

/** The path of the first member that an object has twice, of a text that is JSON. */
function doubledMember(text: string): string | undefined {
  const open: Open[] = [];
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const [mark, top] = [text[at], open.at(-1)];
    if (mark === '"') {
      const begin = at;
      at = closingQuote(text, begin);
      last = text.slice(begin, at + 1);
    } else if (mark === '{' || mark === '[') open.push({ isList: mark === '[', names: new Set(), name: '', index: 0 });
    else if (mark === '}' || mark === ']') open.pop();
    else if (mark === ',' && top !== undefined) top.index += 1;
    else if (mark === ':' && top !== undefined) {
      top.name = JSON.parse(last);
      if (top.names.has(top.name)) return pathOf(open);
      top.names.add(top.name);
    }
  }
  return undefined;
}

/** Where a text ends. By no regular expression: one that knows escapes can't match a text of some megabytes. */
function closingQuote(text: string, openingQuote: number): number {
  let at = openingQuote + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function pathOf(open: readonly Open[]): string {
  const steps = open.map(({ isList, name, index }) => (isList ? `[${index}]` : `.${name}`));
  return steps.join('').replace(/^\./, '');
}
