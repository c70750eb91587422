import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { attributeValue, type Element, isNamed } from '../xml/tree.ts';
import {
  type CertificateClaims,
  nameOfCertificate,
  parseBinaryToken,
  refersToCertificate,
  valueTypeOf,
  writeBinaryToken,
} from './binary-token.ts';
import { refersToToken, type TokenReference } from './token-reference.ts';
import { parseUsernameToken, type UsernameClaims, writeUsernameToken } from './username-token.ts';

/**
 * A kind of supporting token (WS-SecurityPolicy 1.3 §8): it proves something about the sender, by what it says or by
 * its key.
 */
export interface TokenKind<Claims> {
  /** Name of its element. */
  readonly namespace: string;
  readonly local: string;
  /** Whether a message's signature may cover it, and whether it may stand inside an EncryptedData. */
  readonly mayBeSigned: boolean;
  readonly mayBeEncrypted: boolean;
  /** Of a token that has a key which signs. Absent: it has none. */
  readonly key?: TokenKeyKind<Claims>;
  /** What the token claims; whether that is true is for the service to say. @throws {Refusal} for another structure */
  parse(element: Element): Claims;
  /** Its text with this wsu:Id, canonical as written. */
  write(id: string, claims: Claims): string;
}

/** How the key of a token is named. */
export interface TokenKeyKind<Claims> {
  /** ValueType of a reference to it, by the wsu:Id of the token. */
  valueType(claims: Claims): string;
  /** The same for each token of this key, another one for each key: it tells keys apart in the replay table. */
  nameOf(claims: Claims): string;
  /** Whether a reference means it otherwise than by the wsu:Id of the token; absent: none does. */
  isMeant?(reference: TokenReference, claims: Claims): boolean;
}

const username: TokenKind<UsernameClaims> = {
  namespace: ns.wsse,
  local: 'UsernameToken',
  mayBeSigned: true,
  mayBeEncrypted: true,
  parse: parseUsernameToken,
  write: writeUsernameToken,
};

/** Its key is that of the certificate in it; which certificates are believed is for the service to say. */
const x509: TokenKind<CertificateClaims> = {
  namespace: ns.wsse,
  local: 'BinarySecurityToken',
  mayBeSigned: true,
  mayBeEncrypted: false,
  key: { valueType: valueTypeOf, nameOf: nameOfCertificate, isMeant: refersToCertificate },
  parse: parseBinaryToken,
  write: writeBinaryToken,
};

/** All kinds, by the name that a plan has for each. What is not here is in no Security header. */
export const supportingTokens: Map<string, TokenKind<unknown>> = new Map([
  ['username', username as TokenKind<unknown>],
  ['x509', x509 as TokenKind<unknown>],
]);

/** A supporting token in a Security header, or decrypted out of it. */
export interface SupportingTokenElement {
  readonly element: Element;
  /** Its wsu:Id. */
  readonly id: string | undefined;
  readonly kind: string;
  readonly claims: unknown;
}

/** What a token of a verified message claims, by its kind. */
export type ProvenToken = Pick<SupportingTokenElement, 'kind' | 'claims'>;

/** The kind of an element and its row, by its name; undefined where it is no supporting token. */
function rowOf(element: Element): readonly [kind: string, row: TokenKind<unknown>] | undefined {
  for (const [kind, row] of supportingTokens) if (isNamed(element, row.namespace, row.local)) return [kind, row];
  return undefined;
}

/**
 * @param wasEncrypted whether it stood inside an EncryptedData, where not every kind may
 * @throws {Refusal} `invalidSecurity` for an element that is no supporting token, or one of another structure
 */
export function parseSupportingToken(element: Element, reason: string, wasEncrypted = false): SupportingTokenElement {
  const [kind, row] = rowOf(element) ?? refuse('invalidSecurity', reason);
  if (wasEncrypted && !row.mayBeEncrypted) refuse('invalidSecurity', 'supporting-token-encrypted');
  return { element, id: attributeValue(element, ns.wsu, 'Id'), kind, claims: row.parse(element) };
}

/**
 * How the key of a kind of token is named.
 * @throws {TypeError} for one that has none: no plan has it sign
 */
export function keyOfKind(kind: string): TokenKeyKind<unknown> {
  const key = supportingTokens.get(kind)?.key;
  if (key === undefined) throw new TypeError(`a token without a key: ${kind}`);
  return key;
}

/** Whether a reference means a supporting token that has a key, by its wsu:Id or by what its kind is named by. */
export function refersToKey(
  reference: TokenReference,
  { id, kind, claims }: Omit<SupportingTokenElement, 'element'>,
): boolean {
  const { valueType, isMeant } = keyOfKind(kind);
  return refersToToken(reference, { id, valueType: valueType(claims) }) || isMeant?.(reference, claims) === true;
}

/** The certificate among the tokens of a message. */
export function certificateIn(tokens: readonly ProvenToken[]): CertificateClaims | undefined {
  return tokens.find(({ kind }) => kind === 'x509')?.claims as CertificateClaims | undefined;
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
