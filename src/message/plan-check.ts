import { refuse } from '../errors.ts';
import { isInMessage, isListed, type MessagePlan, type Parts, provingTokens, type TokenUse } from '../policy/plan.ts';
import type { SecurityHeader } from '../security/header.ts';
import type { SupportingTokenElement } from '../security/supporting-tokens.ts';
import type { Envelope } from '../soap/envelope.ts';
import type { Element } from '../xml/tree.ts';

/**
 * Compares what a header holds with what the plan has a use for, before any key is touched. A structure without a use
 * is refused: what nobody checks must not be there.
 *
 * @param isHidden whether the signatures are encrypted: each EncryptedData of the header is one, or a supporting token
 * @throws {Refusal} `invalidSecurity`
 */
export function checkStructure(
  header: SecurityHeader,
  plan: MessagePlan,
  signers: readonly TokenUse[],
  isHidden = false,
): void {
  const hidden = isHidden ? signers.length : 0;
  if (header.signatures.length !== signers.length - hidden) refuse('invalidSecurity', 'signature-count');
  if (header.timestamps.length !== (plan.timestamp ? 1 : 0)) refuse('invalidSecurity', 'timestamp-count');
  if (signers.length === 0) checkNoKeys(header);
  if (plan.protection.kind !== 'asymmetric' && header.encryptedKeys.some(({ referenceList }) => referenceList))
    refuse('invalidSecurity', 'encrypted-key-children');
  const proving = provingTokens(plan).length;
  const wanted = proving + signers.filter(isInMessage).length + hidden;
  const found = header.supportingTokens.length + (proving + hidden === 0 ? 0 : header.encryptedData.length);
  if (found !== wanted) refuse('invalidSecurity', 'supporting-token-count');
}

function checkNoKeys(header: SecurityHeader): void {
  const { contextTokens, encryptedKeys, derivedKeys, encryptedData, referenceLists } = header;
  for (const list of [contextTokens, encryptedKeys, derivedKeys, encryptedData, referenceLists]) {
    if (list.length !== 0) refuse('invalidSecurity', 'token-unexpected');
  }
}

/** What is known of a message once its digests are verified. */
export interface SignedParts {
  readonly envelope: Envelope;
  readonly signed: { has(element: Element): boolean };
  /** The supporting tokens, in clear or decrypted; undefined as long as they can't be read. */
  readonly tokens: readonly SupportingTokenElement[] | undefined;
}

/**
 * Checks that all which the plan wants signed is signed: Body, each present header that it lists, the supporting
 * tokens.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkSigned(
  plan: MessagePlan,
  signers: readonly TokenUse[],
  { envelope, signed, tokens }: SignedParts,
): void {
  checkCovered(plan.signed, envelope, signed);
  if (tokens === undefined) return;
  for (const wanted of provingTokens(plan)) {
    const token = tokens.find(({ kind }) => kind === wanted.kind) ?? refuse('invalidSecurity', 'supporting-token-kind');
    if (wanted.signed && !signed.has(token.element)) refuse('invalidSecurity', 'supporting-token-not-signed');
  }
  for (const use of signers) {
    const token = isInMessage(use) && use.signed && tokens.find(({ kind }) => kind === use.token);
    if (token && !signed.has(token.element)) refuse('invalidSecurity', 'endorsing-token-not-signed');
  }
}

/**
 * Checks that a signature covers parts: the Body, each present header that they list.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkCovered({ body, headers }: Parts, envelope: Envelope, signed: SignedParts['signed']): void {
  if (body && !signed.has(envelope.body)) refuse('invalidSecurity', 'body-not-signed');
  for (const block of envelope.header) {
    if (block !== envelope.security && isListed(block, headers) && !signed.has(block)) {
      refuse('invalidSecurity', 'header-not-signed');
    }
  }
}
