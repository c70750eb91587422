/** How keys of a ring are shown and chosen: by the beginning of their ids. */

/** Makes the error for what can't be done with a ring. */
export type Fail = (problem: string) => Error;

const shortIdChars = 8;

/** The first four bytes of an id, as 8 hex digits: how it is shown. */
export function shortId(id: string): string {
  return id.slice(0, shortIdChars);
}

/**
 * The one of some keys that an id means.
 * @param id at least the first 8 hex digits of its id
 * @param what the keys are called
 * @throws the problem's error where none or more than one has that id
 */
export function namedKey<Key extends { readonly id: string }>(
  keys: readonly Key[],
  id: string,
  what: 'key' | 'machineKey',
  fail: Fail,
): Key {
  const [found, ...others] = id.length < shortIdChars ? [] : keys.filter(key => key.id.startsWith(id));
  if (found === undefined || others.length > 0) throw fail(`has no ${what} ${JSON.stringify(id.slice(0, 16))}`);
  return found;
}
