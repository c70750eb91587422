import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { type MessagePlan, protectsTokens } from '../policy/plan.ts';
import type { SecurityHeader } from '../security/header.ts';
import { elementById, hasId, hasLookAlike, type Ids } from '../security/ids.ts';
import type { SignedReference } from '../security/signature.ts';
import { isSignableToken } from '../security/supporting-tokens.ts';
import type { Envelope } from '../soap/envelope.ts';
import type { CanonicalAllowance } from '../xml/canonical.ts';
import type { Element } from '../xml/tree.ts';
import type { Binding } from './binding.ts';
import type { EncryptedParts } from './encrypted-parts.ts';

/** A message with its structure known: all that can be said of it without a key. */
export interface Received {
  readonly plan: MessagePlan;
  readonly binding: Binding;
  readonly envelope: Envelope;
  readonly ids: Ids;
  readonly header: SecurityHeader;
  readonly parts: EncryptedParts;
  /** The SignatureValues that it must confirm; undefined: it must confirm nothing. */
  readonly confirmed: readonly string[] | undefined;
  /** For the canonical forms of everything that its signature covers. */
  readonly allowance: CanonicalAllowance;
}

/** A key may not be named by an id that something else in the message seems to have, too. */
export function checkKeyReferences({ header, parts, ids }: Received): void {
  const users = [...header.signatures, ...header.encryptedData, ...(parts.body === undefined ? [] : [parts.body])];
  for (const reference of [...users.map(({ key }) => key), ...header.derivedKeys.map(token => token.reference)]) {
    const isAmbiguous = reference.kind === 'direct' && hasLookAlike(ids, reference.uri.slice(1));
    if (isAmbiguous) refuse('invalidSecurity', 'ambiguous-id');
  }
}

/**
 * Only supporting tokens may be signed out of sight, inside an EncryptedData.
 *
 * @param endorsed the Signature that this one may cover; undefined where it may cover none
 */
export function checkReferences(
  references: readonly SignedReference[],
  received: Received,
  endorsed: Element | undefined,
): void {
  let hidden = received.parts.tokens.length;
  for (const { id } of references) {
    if (hidden > 0 && !hasId(received.ids, id)) hidden -= 1;
    else if (!mayBeSigned(elementById(received.ids, id), received, endorsed))
      refuse('invalidSecurity', 'signed-element');
  }
}

/**
 * Only whole parts at their own places are signed: the Body, a header block, the Timestamp, a SignatureConfirmation or
 * a token of the Security header (OnlySignEntireHeadersAndBody), and by a signature that endorses the one that it does.
 * A copy of a part in a wrapper somewhere else is none.
 */
export function mayBeSigned(element: Element, { envelope, plan }: Received, endorsed: Element | undefined): boolean {
  const { body, header, security } = envelope;
  if (element === body) return true;
  if (element === security || element.parent === undefined) return false;
  if (element.parent === header[0]?.parent) return true;
  if (element.parent !== security) return false;
  if (element === endorsed) return true;
  const { namespace, local } = element;
  if (namespace === ns.wsu) return local === 'Timestamp';
  if (namespace === ns.wsse11) return local === 'SignatureConfirmation';
  if (namespace === ns.xenc) return local === 'EncryptedKey' && protectsTokens(plan);
  if (namespace === plan.dialect.wsc || namespace === plan.mixedWith?.wsc) return true;
  return isSignableToken(element);
}
