import { isScopeName } from '../bearer/bearer-codec.ts';
import { isAudience } from '../bearer/bearer-token.ts';
import { type Field, failAt, list } from '../fields.ts';

/** What options of the token service and of `requireBearer`, and the configuration of `wssc tokens`, have in common. */

export const audience: Field<string> = (value, place) =>
  typeof value === 'string' && isAudience(value) ? value : failAt(place, 'must be a text of 1 to 512 bytes');

const scopeName: Field<string> = (value, place) =>
  typeof value === 'string' && isScopeName(value)
    ? value
    : failAt(place, "must be a scope's name: printable ASCII without space, quote and backslash");

/** Names of a scope, none of them twice. */
export const scopeNames: Field<readonly string[]> = (value, place) => {
  const names = list(scopeName)(value, place);
  return new Set(names).size === names.length ? names : failAt(place, 'has a name twice');
};

/** Names of a scope as a list, or as RFC 6749 §3.3 writes them. */
export const scope: Field<readonly string[]> = (value, place) =>
  scopeNames(typeof value === 'string' ? value.split(' ') : value, place);

/** An origin of pages, as the browser writes it: one that is written otherwise would never be found. */
export const origin: Field<string> = (value, place) =>
  typeof value === 'string' && isOrigin(value)
    ? value
    : failAt(
        place,
        'must be an origin as browsers write it: https://shop.example, with the port where it is not the usual one',
      );

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}
