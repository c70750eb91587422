import { type Field, failAt, firstTwice, list, where } from '../fields.ts';
import { isScopeName } from './bearer-codec.ts';
import { isAudience } from './bearer-token.ts';

/** What all options that are about bearer tokens have in common. */

/** Life of an access token where nothing is said of it. */
export const usualTokenLifeMs = 1_200_000;

export const audience = where<string>(
  { type: 'text', range: '1 to 512 bytes' },
  value => typeof value === 'string' && isAudience(value),
  'must be a text of 1 to 512 bytes',
);

const scopeName = where<string>(
  { type: 'name of a scope', plural: 'names of a scope' },
  value => typeof value === 'string' && isScopeName(value),
  "must be a scope's name: printable ASCII without space, quote and backslash",
);

const names = list(scopeName);

/** Names of a scope, none of them twice. */
export const scopeNames: Field<readonly string[]> = {
  ...names,
  read(value, place) {
    const read = names.read(value, place);
    return firstTwice(read) === -1 ? read : failAt(place, 'has a name twice');
  },
};

/** Names of a scope as a list, or as RFC 6749 §3.3 writes them. */
export const scope: Field<readonly string[], string | readonly string[]> = {
  type: `text with blanks, or ${names.type}`,
  read: (value, place) => scopeNames.read(typeof value === 'string' ? value.split(' ') : value, place),
};
