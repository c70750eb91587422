import { parseBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import { ns, tokenTypes } from '../names.ts';
import { trimSpace } from '../xml/characters.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';
import { attributesOf, childrenOf, leaf, leafContent, named, securityLimits, wsuIdOf } from './grammar.ts';
import { parseInstant } from './timestamp.ts';

/** wsse:UsernameToken with the password as text (UsernameToken Profile 1.1 §3.1). */
export interface UsernameClaims {
  readonly username: string;
  readonly password: string;
  /** Base64 of the Nonce, as it was read; undefined: it has none. */
  readonly nonce?: string | undefined;
  /** Created, in milliseconds since the epoch, as it was read; undefined: it has none. */
  readonly createdMs?: number | undefined;
}

/**
 * Username, then Password, and beside it Nonce and Created, each at most once: what they say is for the service to
 * judge. A Password without Type is PasswordText (Profile
 * §3.1; BSP 1.1 R4201 wants it written, which not every stack does); a digest would need the password in clear on this
 * side.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function parseUsernameToken(element: Element): UsernameClaims {
  wsuIdOf(element);
  const [first, ...others] = childrenOf(element);
  const username = leaf(named(first, ns.wsse, 'Username'));
  let password: Element | undefined;
  let nonce: string | undefined;
  let createdMs: number | undefined;
  const seen = new Set<string>();
  for (const child of others) {
    if (seen.has(child.local)) refuse('invalidSecurity', 'username-token-children');
    seen.add(child.local);
    if (isNamed(child, ns.wsse, 'Nonce')) nonce = nonceOf(child);
    else if (isNamed(child, ns.wsu, 'Created')) createdMs = createdOf(child);
    else password = named(child, ns.wsse, 'Password');
  }
  if (password === undefined) return refuse('invalidSecurity', 'username-token-children');
  const { Type = tokenTypes.passwordText } = attributesOf(password, { Type: '' });
  if (Type !== tokenTypes.passwordText) refuse('invalidSecurity', 'password-type');
  return { username, password: leafContent(password), nonce, createdMs };
}

/** Base64, whose EncodingType has only this value (BSP 1.1 R4220). */
function nonceOf(nonce: Element): string {
  const { EncodingType = tokenTypes.base64Binary } = attributesOf(nonce, { EncodingType: '' });
  const { max: maxBytes } = securityLimits.nonceBytes;
  const bytes = parseBase64(leafContent(nonce), { minBytes: 1, maxBytes });
  if (bytes === undefined || EncodingType !== tokenTypes.base64Binary)
    return refuse('invalidSecurity', 'username-token-nonce');
  return bytes.toString('base64');
}

function createdOf(created: Element): number {
  return parseInstant(trimSpace(leaf(created))) ?? refuse('invalidSecurity', 'username-token-created');
}

/** Canonical as written. */
export function writeUsernameToken(id: string, { username, password }: UsernameClaims): string {
  return (
    `<o:UsernameToken xmlns:o="${ns.wsse}" xmlns:u="${ns.wsu}" u:Id="${id}">` +
    `<o:Username>${escapeText(username)}</o:Username>` +
    `<o:Password Type="${tokenTypes.passwordText}">${escapeText(password)}</o:Password></o:UsernameToken>`
  );
}
