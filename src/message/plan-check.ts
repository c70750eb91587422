import { refuse } from '../errors.ts';
import { isListed, type MessagePlan, type TokenUse, wantsUsername } from '../policy/plan.ts';
import type { SecurityHeader } from '../security/header.ts';
import type { Envelope } from '../soap/envelope.ts';
import type { Element } from '../xml/tree.ts';

/**
 * Compares what a header holds with what the plan has a use for, before any key is touched. A structure without a use is refused:
 * what nobody checks must not be there.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkStructure(header: SecurityHeader, plan: MessagePlan, signer: TokenUse | undefined): void {
  if (header.signatures.length !== (signer === undefined ? 0 : 1)) refuse('invalidSecurity', 'signature-count');
  if (header.timestamps.length !== (plan.timestamp ? 1 : 0)) refuse('invalidSecurity', 'timestamp-count');
  if (header.binaryTokens.length !== 0) refuse('invalidSecurity', 'binary-token-unexpected');
  if (signer === undefined) checkNoKeys(header);
  const wanted = wantsUsername(plan);
  const found = header.usernameTokens.length + (wanted ? header.encryptedData.length : 0);
  if (found !== (wanted ? 1 : 0)) refuse('invalidSecurity', 'username-token-count');
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
  /** The UsernameToken's element, in clear or decrypted. */
  readonly usernameToken: Element | undefined;
}

/**
 * Checks that all which the plan wants signed is signed: Body, each present header that it lists, the supporting UsernameToken.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkSigned(plan: MessagePlan, { envelope, signed, usernameToken }: SignedParts): void {
  if (plan.signed.body && !signed.has(envelope.body)) refuse('invalidSecurity', 'body-not-signed');
  for (const block of envelope.header) {
    if (block !== envelope.security && isListed(block, plan.signed.headers) && !signed.has(block)) {
      refuse('invalidSecurity', 'header-not-signed');
    }
  }
  if (usernameToken === undefined) return;
  const mustBeSigned = plan.supporting.some(token => token.kind === 'username' && token.signed);
  if (mustBeSigned && !signed.has(usernameToken)) refuse('invalidSecurity', 'username-token-not-signed');
}
