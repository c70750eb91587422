/** Text that comes from elsewhere, made fit to stand in a line of a log or on a terminal. */

/** Longest value in a line of a log. */
export const maxValueChars = 256;

/** What moves a cursor, turns the direction of writing, ends a line or is no character at all. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * The text with what does not print written out (`\u{1b}`), cut off with `…` where it is longer than `maxChars`.
 * @param maxChars of the result, in UTF-16 units; default 256
 */
export function printable(text: string, maxChars = maxValueChars): string {
  const visible = writtenOut(text.slice(0, maxChars));
  if (text.length <= maxChars && visible.length <= maxChars) return visible;
  return `${visible.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The text, whole, with what does not print written out. */
export function writtenOut(text: string): string {
  return text.replace(unprintable, char => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** JSON with nothing in it that does not print, and the same value for its reader. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintable, char =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}
