import { refuse } from '../errors.ts';
import { isInMessage, isListed, type MessagePlan, type Parts, provingTokens, type TokenUse } from '../policy/plan.ts';
import type { SecurityHeader } from '../security/header.ts';
import type { SignatureConfirmation } from '../security/signature-confirmation.ts';
import type { SupportingTokenElement } from '../security/supporting-tokens.ts';
import type { Envelope } from '../soap/envelope.ts';
import type { Element } from '../xml/tree.ts';

/**
 * Compares what a header holds with what the plan has a use for, before any key is touched. A structure without a use
 * is refused: what nobody checks must not be there.
 *
 * @param confirmations how many SignatureConfirmations it must have
 * @param isHidden whether signatures and their confirmations are encrypted: each EncryptedData of the header is one, or
 * a supporting token
 * @throws {Refusal} `invalidSecurity`
 */
export function checkStructure(
  header: SecurityHeader,
  plan: MessagePlan,
  signers: readonly TokenUse[],
  confirmations: number,
  isHidden = false,
): void {
  const hidden = isHidden ? signers.length + confirmations : 0;
  if (header.signatures.length !== (isHidden ? 0 : signers.length)) refuse('invalidSecurity', 'signature-count');
  if (header.signatureConfirmations.length !== (isHidden ? 0 : confirmations))
    refuse('invalidSecurity', 'signature-confirmation-count');
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
  readonly confirmations: readonly SignatureConfirmation[];
}

/**
 * Checks that all which the plan wants signed is signed: Body, each present header that it lists, what confirms the
 * signatures of the request, the supporting tokens.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkSigned(
  plan: MessagePlan,
  signers: readonly TokenUse[],
  { envelope, signed, tokens, confirmations }: SignedParts,
): void {
  checkCovered(plan.signed, envelope, signed);
  // TLS protects what nothing signs.
  if (signers.length !== 0 && !confirmations.every(({ element }) => signed.has(element)))
    refuse('invalidSecurity', 'signature-confirmation-not-signed');
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
