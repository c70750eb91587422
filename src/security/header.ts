import type { Suite } from '../crypto/suites.ts';
import { refuse } from '../errors.ts';
import { type Dialect, ns, type SoapVersion } from '../names.ts';
import type { Layout } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { parseContextToken, type SecurityContextToken } from './context-token.ts';
import { checkDistinct, type DerivedKeyToken, parseDerivedKeyToken } from './derived-key.ts';
import { type EncryptedKey, parseEncryptedKey } from './encrypted-key.ts';
import { type EncryptedData, parseEncryptedData, parseReferenceList } from './encryption.ts';
import { childrenOf, securityLimits } from './grammar.ts';
import { parseSignature, type Signature } from './signature.ts';
import { parseSignatureConfirmation, type SignatureConfirmation } from './signature-confirmation.ts';
import { parseSupportingToken, type SupportingTokenElement } from './supporting-tokens.ts';
import { parseTimestamp, type Timestamp } from './timestamp.ts';
import type { TokenReference } from './token-reference.ts';

/** The parsed wsse:Security header. Nothing in it has been verified. */
export interface SecurityHeader {
  /** The children, in document order. */
  readonly order: readonly Element[];
  readonly timestamps: readonly Timestamp[];
  readonly supportingTokens: readonly SupportingTokenElement[];
  readonly contextTokens: readonly SecurityContextToken[];
  readonly encryptedKeys: readonly EncryptedKey[];
  readonly derivedKeys: readonly DerivedKeyToken[];
  readonly encryptedData: readonly EncryptedData[];
  readonly signatures: readonly Signature[];
  readonly signatureConfirmations: readonly SignatureConfirmation[];
  /** Ids of all ReferenceLists together, and the lists themselves. */
  readonly dataReferences: readonly string[];
  readonly referenceLists: readonly Element[];
}

export interface HeaderOptions {
  readonly soap: SoapVersion;
  readonly dialect: Dialect;
  /** Another dialect whose DerivedKeyTokens are taken, too. */
  readonly mixedWith?: Dialect | undefined;
  readonly suite: Suite;
  readonly layout: Layout;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
type Building = Mutable<SecurityHeader>;

interface Child {
  readonly namespace: string;
  /** How many a header may hold. */
  readonly most: number;
  /** @returns how many there are now */
  read(element: Element, header: Building, options: HeaderOptions): number;
}

/** The children that a Security header may have, by local name; two of them are in the dialect's namespace. */
function childrenIn({ wsc }: Dialect): ReadonlyMap<string, Child> {
  const children: Readonly<Record<string, Child>> = {
    Timestamp: {
      namespace: ns.wsu,
      most: 1,
      read: (element, header) => header.timestamps.push(parseTimestamp(element)),
    },
    SecurityContextToken: {
      namespace: wsc,
      most: 1,
      read: (element, header, { dialect }) => header.contextTokens.push(parseContextToken(element, dialect)),
    },
    DerivedKeyToken: {
      namespace: wsc,
      most: securityLimits.derivedKeys,
      read: (element, header, { dialect }) => header.derivedKeys.push(parseDerivedKeyToken(element, dialect)),
    },
    EncryptedKey: {
      namespace: ns.xenc,
      most: 1,
      read: (element, header, { suite }) => header.encryptedKeys.push(readEncryptedKey(element, header, suite)),
    },
    EncryptedData: {
      namespace: ns.xenc,
      most: securityLimits.encryptedData,
      read: (element, header, { suite }) => header.encryptedData.push(parseEncryptedData(element, suite)),
    },
    ReferenceList: {
      namespace: ns.xenc,
      most: 1,
      read: readReferenceList,
    },
    Signature: {
      namespace: ns.ds,
      most: securityLimits.signatures,
      read: (element, header, { suite }) => header.signatures.push(parseSignature(element, suite)),
    },
    SignatureConfirmation: {
      namespace: ns.wsse11,
      most: securityLimits.signatures,
      read: (element, header) => header.signatureConfirmations.push(parseSignatureConfirmation(element)),
    },
  };
  return new Map(Object.entries(children));
}

/** @returns how many there are now, in EncryptedKeys and beside them */
function readReferenceList(element: Element, header: Building): number {
  header.dataReferences.push(...parseReferenceList(element));
  return header.referenceLists.push(element);
}

function readEncryptedKey(element: Element, header: Building, suite: Suite): EncryptedKey {
  const key = parseEncryptedKey(element, suite);
  const { referenceList } = key;
  if (referenceList !== undefined && readReferenceList(referenceList, header) > 1)
    refuse('invalidSecurity', 'security-count');
  return key;
}

const grammars = new Map<Dialect, ReadonlyMap<string, Child>>();

/**
 * Parses a Security header (undefined: one without content): known children only, each no more often than it may stand
 * there, in an order that the layout allows.
 *
 * @throws {Refusal} `invalidSecurity`, or what the parser of a child refuses with
 */
export function parseSecurityHeader(element: Element | undefined, options: HeaderOptions): SecurityHeader {
  if (element === undefined) return emptyHeader([]);
  checkAttributes(element, options.soap);
  const order = childrenOf(element);
  const header = emptyHeader(order);
  for (const part of order) {
    const spoken = isMixed(part, options) ? { ...options, dialect: options.mixedWith } : options;
    const rule = grammarOf(spoken.dialect).get(part.local);
    if (rule === undefined || rule.namespace !== part.namespace) readSupportingToken(part, header);
    else if (rule.read(part, header, spoken) > rule.most) refuse('invalidSecurity', 'security-count');
  }
  checkDistinct(header.derivedKeys);
  checkLayout(header, options.layout);
  return header;
}

/** Whether a child is a DerivedKeyToken of the other dialect, where that one is taken. */
function isMixed(
  { local, namespace }: Element,
  options: HeaderOptions,
): options is HeaderOptions & { readonly mixedWith: Dialect } {
  return local === 'DerivedKeyToken' && namespace === options.mixedWith?.wsc;
}

/** One of a kind at most. */
function readSupportingToken(element: Element, { supportingTokens }: Building): void {
  const token = parseSupportingToken(element, 'security-child');
  if (supportingTokens.some(({ kind }) => kind === token.kind)) refuse('invalidSecurity', 'security-count');
  supportingTokens.push(token);
}

function grammarOf(dialect: Dialect): ReadonlyMap<string, Child> {
  let grammar = grammars.get(dialect);
  if (grammar === undefined) {
    grammar = childrenIn(dialect);
    grammars.set(dialect, grammar);
  }
  return grammar;
}

function emptyHeader(order: readonly Element[]): Building {
  return {
    order: [...order],
    timestamps: [],
    supportingTokens: [],
    contextTokens: [],
    encryptedKeys: [],
    derivedKeys: [],
    encryptedData: [],
    signatures: [],
    signatureConfirmations: [],
    dataReferences: [],
    referenceLists: [],
  };
}

function checkAttributes(element: Element, soap: SoapVersion): void {
  for (const { namespace, local } of element.attributes) {
    if (namespace !== soap.namespace || !soap.blockAttributes.has(local))
      refuse('invalidSecurity', 'security-attribute');
  }
}

/** WS-SecurityPolicy 1.3 §6.7. Lax has no order: CXF's streaming sender puts tokens after what uses them. */
function checkLayout(header: Building, layout: Layout): void {
  if (layout === 'strict') checkDeclaredBeforeUse(header);
  const timestamp = header.timestamps[0]?.element;
  if (timestamp === undefined) return;
  if (layout === 'laxTimestampFirst' && header.order[0] !== timestamp) refuse('invalidSecurity', 'timestamp-first');
  if (layout === 'laxTimestampLast' && header.order.at(-1) !== timestamp) refuse('invalidSecurity', 'timestamp-last');
}

/** A token stands before what refers to it (BSP 1.1 R5205), a ReferenceList before the EncryptedData that it names. */
function checkDeclaredBeforeUse(header: Building): void {
  const declared = new Map<string, Element>();
  for (const { element, wsuId, id } of header.contextTokens) {
    declared.set(`#${id}`, element);
    if (wsuId !== undefined) declared.set(`#${wsuId}`, element);
  }
  const tokens = [...header.encryptedKeys, ...header.derivedKeys, ...header.supportingTokens];
  for (const { element, id } of tokens) {
    if (id !== undefined) declared.set(`#${id}`, element);
  }
  const check = (user: Element, reference: TokenReference) => {
    const token = reference.kind === 'direct' ? declared.get(reference.uri) : undefined;
    if (token !== undefined && token.start > user.start) refuse('invalidSecurity', 'token-after-use');
  };
  for (const { element, reference } of header.derivedKeys) check(element, reference);
  for (const { element, key } of [...header.signatures, ...header.encryptedData]) check(element, key);
  for (const { element, id } of header.encryptedData) {
    const list = header.referenceLists[0];
    if (list !== undefined && header.dataReferences.includes(id) && list.start > element.start) {
      refuse('invalidSecurity', 'reference-list-after-data');
    }
  }
}
