import type { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { decryptData, type EncryptedData, parseEncryptedData } from '../security/encryption.ts';
import type { SecurityHeader } from '../security/header.ts';
import { elementById, type Ids } from '../security/ids.ts';
import type { Envelope } from '../soap/envelope.ts';
import type { Limits } from '../xml/limits.ts';
import { type Element, type Fragment, isNamed } from '../xml/tree.ts';
import type { Binding } from './binding.ts';

/** The EncryptedData of a message: each stands where the plan has one. */
export interface EncryptedParts {
  /** In the place of the Body's content. */
  readonly body: EncryptedData | undefined;
  /** In the places of supporting tokens. */
  readonly tokens: readonly EncryptedData[];
  /** In the places of signatures and of supporting tokens, where the signatures are encrypted. */
  readonly hidden: readonly EncryptedData[];
}

/**
 * Finds what is to be decrypted: the whole content of the Body where the plan wants it encrypted, supporting tokens and
 * signatures where it does so. An EncryptedData anywhere else, one that no ReferenceList names, and a reference to
 * anything else are refused: they could be taken for the part that the policy means (XML Encryption wrapping,
 * CVE-2015-0227).
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function encryptedParts(
  envelope: Envelope,
  header: SecurityHeader,
  plan: MessagePlan,
  binding: Binding,
  ids: Ids,
): EncryptedParts {
  const inHeader = headerParts(header, binding);
  const parts = {
    body: plan.encrypted.body ? bodyPart(envelope.body, plan.suite) : undefined,
    ...(binding.encryptsSignatures ? { tokens: [], hidden: inHeader } : { tokens: inHeader, hidden: [] }),
  };
  const expected = partsOf(parts);
  if (header.dataReferences.length !== expected.length) refuse('invalidSecurity', 'data-references');
  const named = header.dataReferences.map(id => elementById(ids, id));
  if (!expected.every(part => named.includes(part.element))) refuse('invalidSecurity', 'data-reference-target');
  return parts;
}

function bodyPart(body: Element, suite: Suite): EncryptedData {
  const child = body.children[0];
  if (child === undefined || !isEncryptedData(child)) return refuse('invalidSecurity', 'body-not-encrypted');
  const data = parseEncryptedData(child, suite);
  return data.type === 'content' ? data : refuse('invalidSecurity', 'encrypted-data-other-type');
}

/** An EncryptedData in the Security header; plan check has counted them with the tokens in clear. */
function headerParts(
  { encryptedData }: SecurityHeader,
  { encryptsTokens, encryptsSignatures }: Binding,
): readonly EncryptedData[] {
  if (!encryptsTokens && !encryptsSignatures && encryptedData.length !== 0)
    refuse('invalidSecurity', 'encrypted-data-unexpected');
  for (const { type } of encryptedData) if (type !== 'element') refuse('invalidSecurity', 'encrypted-data-other-type');
  return encryptedData;
}

/** All of them, the Body first. */
export function partsOf({ body, tokens, hidden }: EncryptedParts): readonly EncryptedData[] {
  const inHeader = [...tokens, ...hidden];
  return body === undefined ? inHeader : [body, ...inHeader];
}

export function isEncryptedData(element: Element): boolean {
  return isNamed(element, ns.xenc, 'EncryptedData');
}

/** Decrypts each part, in one pass: what comes out is never decrypted again. @throws {Refusal} `failedCheck` */
export function decryptParts(
  parts: EncryptedParts,
  suite: Suite,
  keyOf: (part: EncryptedData) => SecretKey,
  limits: Limits | undefined,
): Map<Element, Fragment> {
  const plaintexts = new Map<Element, Fragment>();
  for (const part of partsOf(parts)) {
    plaintexts.set(part.element, decryptData(part, suite, keyOf(part), limits));
  }
  return plaintexts;
}
