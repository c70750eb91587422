import type { AuthenticatedUser } from './authenticate.ts';

/**
 * Whom a function of the service's own names: a user; or nobody, by undefined, null or false.
 * @param of name of the function
 * @throws {TypeError} for any other answer, with what to give in its place; nothing that the function gave is in it
 */
export function answeredUser(answer: unknown, of: string): AuthenticatedUser | undefined {
  if (answer === undefined || answer === null || answer === false) return undefined;
  const { user, roles } = Object(answer) as Partial<AuthenticatedUser>;
  if (typeof user === 'string' && user !== '' && isListOfTexts(roles)) return { user, roles };
  throw new TypeError(
    `${of} gave ${nameOf(answer, user)}: it must give { user: 'name', roles: ['role'] } for a user, and undefined ` +
      'for anybody else',
  );
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

const names: Readonly<Record<string, string>> = { boolean: 'true', string: 'a text' };

/** What an answer is, without what it says. */
function nameOf(answer: unknown, user: unknown): string {
  if (Array.isArray(answer)) return 'a list';
  if (typeof answer !== 'object') return names[typeof answer] ?? `a ${typeof answer}`;
  return typeof user === 'string' && user !== ''
    ? 'an object whose roles are no list of texts'
    : 'an object whose user is no text';
}
