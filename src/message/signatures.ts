import { refuse } from '../errors.ts';
import type { TokenUse } from '../policy/plan.ts';
import type { ContextKeys } from '../security/context-keys.ts';
import type { DerivedKeyToken } from '../security/derived-key.ts';
import { addIds } from '../security/ids.ts';
import {
  type DigestOptions,
  hmacVerifier,
  type Signature,
  type SignedReference,
  verifyDigests,
  verifySignatureValue,
} from '../security/signature.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import { partsOf } from './encrypted-parts.ts';
import { checkDerivedKeys, checkUsed, type ProtectionToken, resolveKey, signingKeyOf } from './protection-key.ts';
import { mayBeSigned, type Received } from './received.ts';
import type { SignedScope } from './signed-names.ts';

/** Nothing was decrypted (yet). */
export const nothing: ReadonlyMap<Element, Fragment> = new Map();

export interface ResolvedKeys {
  readonly signature: Signature;
  /** What the key is derived by; undefined where it is the token's own. */
  readonly signing: DerivedKeyToken | undefined;
  /** The same of each EncryptedData. */
  readonly encryption: ReadonlyMap<Element, DerivedKeyToken | undefined>;
  /** The signature's reference to the Timestamp; undefined where the plan has none. */
  readonly stamp: SignedReference | undefined;
}

export function resolveKeys(received: Received, use: TokenUse, token: ProtectionToken): ResolvedKeys {
  const { plan, header, parts } = received;
  const signature = header.signatures[0] ?? refuse('invalidSecurity', 'signature-missing');
  checkDerivedKeys(header, use, token);
  const { suite, dialect } = plan;
  const signing = resolveKey(signature.key, suite.signatureKeyBytes, header, use, token, dialect);
  const encryption = new Map<Element, DerivedKeyToken | undefined>();
  for (const part of partsOf(parts)) {
    const resolved = resolveKey(part.key, suite.encryptionKeyBytes, header, use, token, dialect);
    // One derived key for both uses is what two tokens with the same bytes would be.
    if (use.derivedKeys && resolved === signing) refuse('invalidSecurity', 'derived-key-overlap');
    encryption.set(part.element, resolved);
  }
  checkUsed(header.derivedKeys, [signing, ...encryption.values()]);
  return { signature, signing, encryption, stamp: stampOf(received, signature) };
}

/** The Timestamp must be signed, so that an old message can't be told to be new. */
function stampOf({ header }: Received, { references }: Signature): SignedReference | undefined {
  const timestamp = header.timestamps[0];
  if (timestamp === undefined) return undefined;
  return references.find(({ id }) => id === timestamp.id) ?? refuse('invalidSecurity', 'timestamp-not-signed');
}

/** Checks the SignatureValue over SignedInfo, then the digest of the Timestamp, whose times were judged before. */
export function verifySignature(
  received: Received,
  { signature, signing, stamp }: ResolvedKeys,
  keys: ContextKeys,
): void {
  const key = hmacVerifier(signingKeyOf(keys, signing), received.plan.suite.signature.hash);
  verifySignatureValue(signature, key, received.allowance);
  if (stamp !== undefined) verifyDigests([stamp], digestOptions(received, nothing));
}

/** Verifies the digests of all parts but the Timestamp's. @returns every signed element, with its PrefixList */
export function verifyParts(
  received: Received,
  { signature, stamp }: ResolvedKeys,
  plaintexts: ReadonlyMap<Element, Fragment>,
): SignedScope['parts'] {
  for (const fragment of plaintexts.values()) addIds(received.ids, fragment.ids, 'failedCheck');
  const others = signature.references.filter(({ id }) => id !== stamp?.id);
  const elements = verifyDigests(others, digestOptions(received, plaintexts));
  const signed = new Map(elements.map((element, index) => [element, others[index]?.prefixes ?? []]));
  for (const { element } of received.header.timestamps) signed.set(element, []);
  return signed;
}

function digestOptions(received: Received, plaintexts: ReadonlyMap<Element, Fragment>): DigestOptions {
  const { plan, ids, allowance } = received;
  return { suite: plan.suite, ids, plaintexts, allowance, mayBeSigned: element => mayBeSigned(element, received) };
}
