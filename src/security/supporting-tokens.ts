import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { parseUsernameToken, type UsernameClaims, writeUsernameToken } from './username-token.ts';

/** A kind of supporting token (WS-SecurityPolicy 1.3 §8) that proves something of who sends, and signs nothing. */
export interface TokenKind<Claims> {
  /** Name of its element. */
  readonly namespace: string;
  readonly local: string;
  /** Whether a message's signature may cover it, and whether it may stand inside an EncryptedData. */
  readonly mayBeSigned: boolean;
  readonly mayBeEncrypted: boolean;
  /** What the token claims; whether that is true is for the service to say. @throws {Refusal} for another structure */
  parse(element: Element): Claims;
  /** Its text with this wsu:Id, canonical as written. */
  write(id: string, claims: Claims): string;
}

const username: TokenKind<UsernameClaims> = {
  namespace: ns.wsse,
  local: 'UsernameToken',
  mayBeSigned: true,
  mayBeEncrypted: true,
  parse: parseUsernameToken,
  write: writeUsernameToken,
};

/** All kinds, by the name that a plan has for each. What is not here is in no Security header. */
export const supportingTokens: Map<string, TokenKind<unknown>> = new Map([
  ['username', username as TokenKind<unknown>],
]);

/** A supporting token in a Security header, or decrypted out of it. */
export interface SupportingTokenElement {
  readonly element: Element;
  readonly kind: string;
  /** Whether it may have stood inside an EncryptedData. */
  readonly mayBeEncrypted: boolean;
  readonly claims: unknown;
}

/** What a token of a verified message claims, by its kind. */
export type ProvenToken = Pick<SupportingTokenElement, 'kind' | 'claims'>;

/** The kind of an element and its row, by its name; undefined where it is no supporting token. */
function rowOf(element: Element): readonly [kind: string, row: TokenKind<unknown>] | undefined {
  for (const [kind, row] of supportingTokens) if (isNamed(element, row.namespace, row.local)) return [kind, row];
  return undefined;
}

/** @throws {Refusal} `invalidSecurity` for an element that is no supporting token, or one of another structure */
export function parseSupportingToken(element: Element, reason: string): SupportingTokenElement {
  const [kind, row] = rowOf(element) ?? refuse('invalidSecurity', reason);
  return { element, kind, mayBeEncrypted: row.mayBeEncrypted, claims: row.parse(element) };
}

/** Whether a message's signature may cover an element as a supporting token. */
export function isSignableToken(element: Element): boolean {
  const [, row] = rowOf(element) ?? [];
  return row?.mayBeSigned === true;
}

/** User name and password of the UsernameToken among the tokens of a message. */
export function userOf(tokens: readonly ProvenToken[]): UsernameClaims | undefined {
  return tokens.find(({ kind }) => kind === 'username')?.claims as UsernameClaims | undefined;
}
