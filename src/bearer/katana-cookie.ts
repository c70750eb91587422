import { maxKatanaTokenChars } from './katana-token.ts';

/*
 * A cookie that is too long for one (ChunkingCookieManager): its own value is "chunks:N", and the parts are in name +
 * "C1" … "CN".
 */

const maxParts = 64;

/** Room for name and attributes in the 4,090 characters that Katana gives a cookie. */
const partChars = 3_500;

/**
 * Reads the value of a cookie that may be in parts.
 *
 * @param cookieValue value of the cookie of a name, as the browser sent it
 * @returns undefined where there is no such cookie, and where a part is missing
 */
export function joinCookie(name: string, cookieValue: (name: string) => string | undefined): string | undefined {
  const value = cookieValue(name);
  const [, count] = /^chunks:([1-9]\d?)$/.exec(value ?? '') ?? [];
  if (count === undefined) return value;
  if (Number(count) > maxParts) return undefined;
  let joined = '';
  for (let part = 1; part <= Number(count); part += 1) {
    const text = cookieValue(`${name}C${part}`);
    if (text === undefined || joined.length + text.length > maxKatanaTokenChars) return undefined;
    joined += text;
  }
  return joined;
}

/** The cookies that carry a value, by name: one, or one that tells their number and the parts. */
export function splitCookie(name: string, value: string): ReadonlyMap<string, string> {
  if (value.length <= partChars) return new Map([[name, value]]);
  const count = Math.ceil(value.length / partChars);
  const parts = Array.from({ length: count }, (_, i) => value.slice(i * partChars, (i + 1) * partChars));
  return new Map([[name, `chunks:${parts.length}`], ...parts.map((text, i) => [`${name}C${i + 1}`, text] as const)]);
}
