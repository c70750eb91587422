import { decodeBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import { type Dialect, dialects, ns, tokenTypes } from '../names.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { escapeAttribute } from '../xml/write.ts';
import { attributesOf, childrenOf, dsIdOf, leaf, leafContent, named, noAttributes, onlyChild } from './grammar.ts';

/** What a wsse:SecurityTokenReference says about the token that it means (WSS SOAP Message Security 1.1 §7). */
export type TokenReference = {
  /** wsse11:TokenType; checked against the token where it is given. */
  readonly tokenType: string | undefined;
} & (
  | {
      readonly kind: 'direct';
      /** `#id`, or the URI of a token that isn't in the message. */
      readonly uri: string;
      readonly valueType: string | undefined;
      /** wsc:Instance of a renewed context. */
      readonly instance: string | undefined;
    }
  | { readonly kind: 'keyIdentifier'; readonly valueType: string; readonly value: Buffer }
  | { readonly kind: 'issuerSerial'; readonly issuer: string; readonly serialNumber: string }
);

/** The one SecurityTokenReference of a ds:KeyInfo (BSP 1.1 R5402, R5409, R5417). @throws {Refusal} `invalidSecurity` */
export function parseKeyInfo(element: Element): TokenReference {
  dsIdOf(element);
  return parseTokenReference(onlyChild(element, ns.wsse, 'SecurityTokenReference'));
}

/**
 * @throws {Refusal} `invalidSecurity` for embedded tokens, key names and everything else that is none of the three
 * forms (BSP 1.1 R3061).
 */
export function parseTokenReference(element: Element): TokenReference {
  const tokenType = element.attributes.length === 0 ? undefined : attributesOf(element, referenceAttributes).TokenType;
  const children = childrenOf(element);
  const child = children[0];
  if (children.length !== 1 || child === undefined) return refuse('invalidSecurity', 'token-reference-children');
  if (isNamed(child, ns.wsse, 'Reference')) return { tokenType, ...directOf(child) };
  if (isNamed(child, ns.wsse, 'KeyIdentifier')) return { tokenType, ...keyIdentifierOf(child) };
  return { tokenType, ...issuerSerialOf(named(child, ns.ds, 'X509Data')) };
}

const referenceAttributes = { Id: ns.wsu, TokenType: ns.wsse11 };

function directOf(element: Element) {
  let uri: string | undefined;
  let valueType: string | undefined;
  let instance: string | undefined;
  for (const { namespace, local, value } of element.attributes) {
    if (namespace === '' && local === 'URI') uri = value;
    else if (namespace === '' && local === 'ValueType') valueType = value;
    else if (local === 'Instance' && contextNamespaces.includes(namespace)) instance = value;
    else refuse('invalidSecurity', 'security-attribute');
  }
  if (element.children.length !== 0) refuse('invalidSecurity', 'security-children');
  return { kind: 'direct', uri: uri ?? refuse('invalidSecurity', 'token-reference-uri'), valueType, instance } as const;
}

const contextNamespaces: readonly string[] = Object.values(dialects).flatMap(({ wsc, hasInstances }) =>
  hasInstances ? [wsc] : [],
);

/** ValueType must be there (BSP 1.1 R3054); EncodingType has only one value and WCF leaves it out. */
function keyIdentifierOf(element: Element) {
  const { ValueType, EncodingType } = attributesOf(element, { ValueType: '', EncodingType: '' });
  if (EncodingType !== undefined && EncodingType !== tokenTypes.base64Binary)
    refuse('invalidSecurity', 'key-identifier-encoding');
  const valueType = ValueType ?? refuse('invalidSecurity', 'key-identifier-type');
  return {
    kind: 'keyIdentifier',
    valueType,
    value: decodeBase64(leafContent(element), { minBytes: 1, maxBytes: 64 }),
  } as const;
}

function issuerSerialOf(element: Element) {
  noAttributes(element);
  const pair = onlyChild(element, ns.ds, 'X509IssuerSerial');
  noAttributes(pair);
  const children = childrenOf(pair);
  if (children.length !== 2) refuse('invalidSecurity', 'issuer-serial');
  const issuer = leaf(named(children[0], ns.ds, 'X509IssuerName'));
  return {
    kind: 'issuerSerial',
    issuer,
    serialNumber: leaf(named(children[1], ns.ds, 'X509SerialNumber'), 64),
  } as const;
}

/** The dialects that a reference may name a token's type by. */
export interface ReferenceDialects {
  readonly dialect: Dialect;
  readonly mixedWith?: Dialect | undefined;
}

/** Whether a type that a reference names, if any, is that of a security context. */
function isContextType(named: string | undefined, { dialect, mixedWith }: ReferenceDialects): boolean {
  return named === undefined || named === dialect.sct || (mixedWith !== undefined && named === mixedWith.sct);
}

/**
 * The same of a derived key. Where dialects are mixed, a derived key has the type of what it is derived from, too:
 * CXF's streaming client writes it so into signatures. Which key is meant is said by the id alone.
 */
function isDerivedKeyType(named: string | undefined, dialects: ReferenceDialects): boolean {
  const { dialect, mixedWith } = dialects;
  if (named === undefined || named === dialect.dk) return true;
  if (mixedWith === undefined) return false;
  return named === mixedWith.dk || named === tokenTypes.encryptedKey || isContextType(named, dialects);
}

/**
 * Whether a reference means the security context: by its wsu:Id (in a message that carries it), by its Identifier, or
 * by `#` and its Identifier, which is how CXF's streaming side writes both. An Instance that is given must be the
 * context's.
 */
export function refersToContext(
  reference: TokenReference,
  context: { readonly id: string; readonly instance: string | undefined; readonly wsuId: string | undefined },
  dialects: ReferenceDialects,
): boolean {
  if (reference.kind !== 'direct') return false;
  const { uri, valueType, tokenType, instance } = reference;
  if (!isContextType(valueType, dialects) || !isContextType(tokenType, dialects)) return false;
  if (instance !== undefined && instance !== context.instance) return false;
  if (uri === context.id) return true;
  return uri[0] === '#' && (uri.slice(1) === context.wsuId || uri.slice(1) === context.id);
}

/**
 * Whether a reference means an EncryptedKey: by its Id in the same message, or by the SHA-1 of its octets (WSS 1.1
 * §7.3).
 */
export function refersToEncryptedKey(
  reference: TokenReference,
  key: { readonly id: string | undefined; readonly sha1: string },
): boolean {
  if (reference.tokenType !== undefined && reference.tokenType !== tokenTypes.encryptedKey) return false;
  if (reference.kind === 'keyIdentifier') {
    return reference.valueType === tokenTypes.encryptedKeySha1 && reference.value.toString('base64') === key.sha1;
  }
  if (reference.kind !== 'direct' || key.id === undefined || reference.uri !== `#${key.id}`) return false;
  return reference.valueType === undefined || reference.valueType === tokenTypes.encryptedKey;
}

/** Whether a reference means a supporting token of the same message, by its wsu:Id. */
export function refersToToken(
  reference: TokenReference,
  token: { readonly id: string | undefined; readonly valueType: string },
): boolean {
  if (reference.kind !== 'direct' || token.id === undefined || reference.uri !== `#${token.id}`) return false;
  const { valueType, tokenType, instance } = reference;
  return [valueType, tokenType].every(type => type === undefined || type === token.valueType) && instance === undefined;
}

/**
 * The id that a reference to a DerivedKeyToken of the same message names; undefined where the reference can't mean one.
 */
export function derivedKeyIdOf(reference: TokenReference, dialects: ReferenceDialects): string | undefined {
  if (reference.kind !== 'direct' || reference.uri[0] !== '#') return undefined;
  const { uri, valueType, tokenType } = reference;
  return isDerivedKeyType(valueType, dialects) && isDerivedKeyType(tokenType, dialects) ? uri.slice(1) : undefined;
}

const open = `<o:SecurityTokenReference xmlns:o="${ns.wsse}">`;
const openEncryptedKey =
  `<o:SecurityTokenReference xmlns:k="${ns.wsse11}" xmlns:o="${ns.wsse}" ` +
  `k:TokenType="${tokenTypes.encryptedKey}">`;
const close = '</o:SecurityTokenReference>';

/** A reference by URI. All references that are written here are canonical as written. */
export function writeDirectReference(uri: string, valueType: string): string {
  return `${open}<o:Reference URI="${uri}" ValueType="${valueType}"></o:Reference>${close}`;
}

/**
 * A reference to a security context: what RSTRs, KeyInfos and targets name a conversation with.
 * @param uri the Identifier, or `#` and the token's id in the same message
 * @param instance which Instance of a renewed conversation is meant; with `#` that is the one in the message
 */
export function writeContextReference(dialect: Dialect, uri: string, instance?: string): string {
  const named = escapeAttribute(uri);
  if (instance === undefined) return writeDirectReference(named, dialect.sct);
  const attributes = `URI="${named}" ValueType="${dialect.sct}" c:Instance="${escapeAttribute(instance)}"`;
  return `${open}<o:Reference xmlns:c="${dialect.wsc}" ${attributes}></o:Reference>${close}`;
}

/** A reference to an EncryptedKey of the same message; TokenType must be there (BSP 1.1 R5215). */
export function writeEncryptedKeyReference(id: string): string {
  return `${openEncryptedKey}<o:Reference URI="#${id}" ValueType="${tokenTypes.encryptedKey}"></o:Reference>${close}`;
}

/** A reference to the EncryptedKey of the request, in the answer to it. @param sha1 base64 */
export function writeEncryptedKeySha1Reference(sha1: string): string {
  return `${openEncryptedKey}${writeKeyIdentifier(tokenTypes.encryptedKeySha1, sha1)}${close}`;
}

/** A reference by key identifier. @param value base64 */
export function writeKeyIdentifierReference(valueType: string, value: string): string {
  return `${open}${writeKeyIdentifier(valueType, value)}${close}`;
}

function writeKeyIdentifier(valueType: string, value: string): string {
  return (
    `<o:KeyIdentifier EncodingType="${tokenTypes.base64Binary}" ValueType="${valueType}">` +
    `${value}</o:KeyIdentifier>`
  );
}
