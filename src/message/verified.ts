import { refuse } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import type { EncryptedKeyHandle } from '../security/encrypted-key.ts';
import type { SecurityHeader } from '../security/header.ts';
import { type ProvenToken, parseSupportingToken, type SupportingTokenElement } from '../security/supporting-tokens.ts';
import type { Addressing } from '../soap/addressing.ts';
import { checkBodyContent, type Envelope, isForUs } from '../soap/envelope.ts';
import { detailOf, type Fault, isFault, readFault, unsignedSubcode, withoutSubcode } from '../soap/fault-shape.ts';
import { elementContent } from '../soap/structure.ts';
import type { ContextToken, FoundState } from '../state/state-mode.ts';
import { canonicalize } from '../xml/canonical.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import { inheritDeclarations, type LooseContent, standalone, withoutSections } from '../xml/write.ts';
import { type EncryptedParts, isEncryptedData } from './encrypted-parts.ts';
import { hasUnsignedType, type NamespaceOf, type SignedScope, signedNames } from './signed-names.ts';

/** What of a message was verified. Nothing else of it may be used. */
export interface Verified {
  readonly soap: SoapVersion;
  /** As read; signed where the plan lists it. undefined where the message has no addressing headers. */
  readonly addressing: Addressing | undefined;
  /** As read; signed where the plan says so. */
  readonly body: Element;
  /** The header blocks that are ours to read, of {@link provenBlocks}. */
  readonly blocks: readonly Element[];
  /** The one child of the Body, decrypted; undefined for an empty Body. */
  readonly content: Element | undefined;
  /** What stood in the place of each EncryptedData. */
  readonly plaintexts: ReadonlyMap<Element, Fragment>;
  /** The conversation that a service found for the message's token. */
  readonly context: FoundState | undefined;
  readonly contextToken: ContextToken | undefined;
  /** The supporting tokens that the plan asks for: who sends proved to have them, and no more. */
  readonly tokens: readonly ProvenToken[];
  readonly encryptedKey: EncryptedKeyHandle | undefined;
  /** The SignatureValue of each Signature, in base64. */
  readonly signatureValues: readonly string[];
  /** The very elements that the signature covers, each with the PrefixList of its reference. */
  readonly signed: SignedScope['parts'];
  /** How far the declarations of prefixes are signed too; undefined where TLS protects the whole message. */
  readonly scope: SignedScope | undefined;
}

/**
 * The supporting tokens, in clear or out of their EncryptedData.
 * @throws {Refusal} `invalidSecurity` where something else came out
 */
export function tokensOf(
  header: SecurityHeader,
  { tokens }: EncryptedParts,
  plaintexts: ReadonlyMap<Element, Fragment>,
): readonly SupportingTokenElement[] {
  if (tokens.length === 0) return header.supportingTokens;
  return [...header.supportingTokens, ...tokens.map(({ element }) => tokenIn(plaintexts.get(element)))];
}

function tokenIn(fragment: Fragment | undefined): SupportingTokenElement {
  if (fragment === undefined) throw new TypeError('an EncryptedData was not decrypted');
  const [element, ...more] = elementContent(fragment, 'invalidSecurity', 'supporting-token-text');
  if (element === undefined || more.length !== 0) return refuse('invalidSecurity', 'supporting-token-count');
  return parseSupportingToken(element, 'supporting-token-missing', true);
}

/**
 * The one child of the Body, decrypted.
 * @throws {Refusal} `invalidSecurity` where what came out of the decryption is no content of a Body
 */
export function contentOf(
  body: Element,
  parts: EncryptedParts,
  plaintexts: ReadonlyMap<Element, Fragment>,
): Element | undefined {
  const fragment = parts.body && plaintexts.get(parts.body.element);
  const children = fragment === undefined ? body.children : elementContent(fragment, 'invalidSecurity', 'body-text');
  if (fragment !== undefined) checkBodyContent(body, children, 'invalidSecurity');
  const child = children[0];
  // One pass of decryption; and what no plan wants encrypted isn't decrypted by anybody behind us either.
  if (child !== undefined && isEncryptedData(child)) refuse('invalidSecurity', 'encrypted-data-unexpected');
  return child;
}

/**
 * The header blocks that are for us and that nobody on the way can have changed: all that TLS protects, else those that
 * are signed. The Security header is none of them.
 */
export function provenBlocks({ soap, header, security }: Envelope, scope: SignedScope | undefined): readonly Element[] {
  const ours = header.filter(block => block !== security && isForUs(soap, block));
  if (scope === undefined) return ours;
  const namespaceIn = signedNames(scope);
  return ours.filter(block => scope.parts.has(block) && !hasUnsignedType(block, namespaceIn));
}

/** The header blocks as texts for somebody else to read, as {@link contentText} is. */
export function blockText({ blocks, scope }: Verified): string {
  const texts = blocks.map(block => {
    const prefixes = scope?.parts.get(block);
    return prefixes === undefined ? withoutSections(standalone(block)) : canonicalize(block, { prefixes });
  });
  return texts.join('');
}

/**
 * The verified, decrypted content of the Body as it was written, and the namespace declarations that are in scope
 * there.
 */
export function bodyContent({ body, plaintexts }: Verified): LooseContent {
  const child = body.children[0];
  return inheritDeclarations((child && plaintexts.get(child)) ?? body);
}

/**
 * The one child of the Body as a text for somebody else to read, '' where there is none: the signed octets, so that a
 * reader with rules of its own finds no declaration that was not signed. What TLS protects is given as written, and so
 * is what was encrypted, with those declarations from around it that are signed; but a text is one run of characters,
 * for node-soap looks for a document in each CDATA section, again at each place where one could begin.
 */
export function contentText({ body, content, scope }: Verified): string {
  if (content === undefined) return '';
  const prefixes = scope?.parts.get(body);
  if (scope === undefined || prefixes === undefined) return withoutSections(standalone(content));
  const namespaceIn = signedNames(scope);
  const unsigned = isFault(content) ? unsignedFaultParts(content, namespaceIn) : [];
  if (scope.plaintext !== 'canonical' && unsigned.length === 0) {
    return withoutSections(standalone(content, ({ prefix }) => namespaceIn(content, prefix) !== undefined));
  }
  return canonicalize(content, { prefixes, plaintexts: new Map(unsigned.map(part => [part, emptied(part)])) });
}

/**
 * The fault that a message consists of, without a subcode whose name is not signed; undefined where it is none.
 * @throws {Refusal} `malformed` for a code, subcode or reason that holds elements
 */
export function faultIn({ content, scope }: Verified): Fault | undefined {
  const fault = content && readFault(content);
  if (fault === undefined || content === undefined || scope === undefined) return fault;
  const unsigned = unsignedSubcode(content, signedNames(scope));
  return unsigned === undefined ? fault : withoutSubcode(fault, unsigned);
}

/** In a fault, a subcode or a detail whose names are not signed counts as absent. */
function unsignedFaultParts(fault: Element, namespaceIn: NamespaceOf): Element[] {
  const detail = detailOf(fault);
  const subcode = unsignedSubcode(fault, namespaceIn);
  const parts = [subcode, detail !== undefined && hasUnsignedType(detail, namespaceIn) ? detail : undefined];
  return parts.filter(part => part !== undefined);
}

function emptied(parent: Element): Fragment {
  return {
    parent,
    source: '',
    contentStart: 0,
    contentEnd: 0,
    children: [],
    marks: 0,
    contentUses: 0,
    contentRedeclares: 0,
    ids: [],
  };
}
