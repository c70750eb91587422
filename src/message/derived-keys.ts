import type { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { refuse } from '../errors.ts';
import { type ContextKeys, cipherKey, derivedKey } from '../security/context-keys.ts';
import type { DerivedKeyToken } from '../security/derived-key.ts';
import type { SecurityHeader } from '../security/header.ts';
import { derivedKeyIdOf, type ReferenceDialects, type TokenReference } from '../security/token-reference.ts';
import type { SigningToken } from './protection-key.ts';

/** Whether a KeyInfo means a key of this token: its own, or where the plan wants derived keys one derived from it. */
export function meansKeyOf(
  reference: TokenReference,
  header: SecurityHeader,
  token: SigningToken,
  dialects: ReferenceDialects,
): boolean {
  if (!token.use.derivedKeys) return token.refersTo(reference);
  const derived = derivedKeyMeant(reference, header, dialects);
  return derived !== undefined && token.refersTo(derived.reference);
}

function derivedKeyMeant(reference: TokenReference, header: SecurityHeader, dialects: ReferenceDialects) {
  const id = derivedKeyIdOf(reference, dialects);
  return header.derivedKeys.find(key => key.id === id);
}

/**
 * Checks that a KeyInfo means the token, or a key of the right length derived from it where the plan wants derived
 * keys. Nothing is derived yet.
 *
 * @returns what the key is derived by; undefined where it is the token's own
 * @throws {Refusal} `invalidSecurity`
 */
export function resolveKey(
  reference: TokenReference,
  lengthBytes: number,
  header: SecurityHeader,
  token: SigningToken,
  dialects: ReferenceDialects,
): DerivedKeyToken | undefined {
  if (!token.use.derivedKeys) {
    if (!token.refersTo(reference)) refuse('invalidSecurity', 'key-reference');
    return undefined;
  }
  const derived = derivedKeyMeant(reference, header, dialects) ?? refuse('invalidSecurity', 'derived-key-reference');
  if (derived.lengthBytes !== lengthBytes) refuse('invalidSecurity', 'derived-key-length');
  if (!token.refersTo(derived.reference)) refuse('invalidSecurity', 'derivation-source');
  return derived;
}

/**
 * Every DerivedKeyToken must point at a token that signs, and there is none where the plan forbids derived keys.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkDerivedKeys({ derivedKeys }: SecurityHeader, tokens: readonly SigningToken[]): void {
  if (derivedKeys.length === 0) return;
  const sources = tokens.filter(({ use }) => use.derivedKeys);
  if (sources.length === 0) refuse('invalidSecurity', 'derived-key-unexpected');
  for (const { reference } of derivedKeys) {
    if (!sources.some(token => token.refersTo(reference))) refuse('invalidSecurity', 'derivation-source');
  }
}

/**
 * What nobody checks must not be there: a DerivedKeyToken that nothing is signed or encrypted with.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkUsed(tokens: readonly DerivedKeyToken[], used: readonly (DerivedKeyToken | undefined)[]): void {
  for (const token of tokens) {
    if (!used.includes(token)) refuse('invalidSecurity', 'derived-key-unused');
  }
}

/** The key that signs: the token's own, or derived from it. */
export function signingKeyOf(keys: ContextKeys, derived: DerivedKeyToken | undefined): SecretKey {
  return derived === undefined ? keys.secret : derivedKey(keys, derived);
}

/** The key that encrypts: the token's own in the length of the cipher, or derived from it. */
export function encryptionKeyOf(keys: ContextKeys, derived: DerivedKeyToken | undefined, suite: Suite): SecretKey {
  return derived === undefined ? cipherKey(keys, suite) : derivedKey(keys, derived);
}
