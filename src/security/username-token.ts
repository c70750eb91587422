import { refuse } from '../errors.ts';
import { ns, tokenTypes } from '../names.ts';
import type { Element } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';
import { attributesOf, childrenOf, leaf, leafContent, named, wsuIdOf } from './grammar.ts';

/** wsse:UsernameToken with the password as text (UsernameToken Profile 1.1 §3.1). */
export interface UsernameClaims {
  readonly username: string;
  readonly password: string;
}

/**
 * Username and Password, nothing else. The password's Type must be written (BSP 1.1 R4201) and be PasswordText: a
 * digest would need the password in clear on this side.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function parseUsernameToken(element: Element): UsernameClaims {
  wsuIdOf(element);
  const children = childrenOf(element);
  if (children.length !== 2) refuse('invalidSecurity', 'username-token-children');
  const username = leaf(named(children[0], ns.wsse, 'Username'));
  const password = named(children[1], ns.wsse, 'Password');
  const { Type } = attributesOf(password, { Type: '' });
  if (Type !== tokenTypes.passwordText) refuse('invalidSecurity', 'password-type');
  return { username, password: leafContent(password) };
}

/** Canonical as written. */
export function writeUsernameToken(id: string, { username, password }: UsernameClaims): string {
  return (
    `<o:UsernameToken xmlns:o="${ns.wsse}" xmlns:u="${ns.wsu}" u:Id="${id}">` +
    `<o:Username>${escapeText(username)}</o:Username>` +
    `<o:Password Type="${tokenTypes.passwordText}">${escapeText(password)}</o:Password></o:UsernameToken>`
  );
}
