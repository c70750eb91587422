import { decodeBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import { type OutgoingBody, selfContained } from '../message/sent-body.ts';
import { type Dialect, ns, spoken, type TrustRequest } from '../names.ts';
import { parseInstant } from '../security/timestamp.ts';
import { elementContent } from '../soap/structure.ts';
import type { Context } from '../state/context.ts';
import { trimSpace } from '../xml/characters.ts';
import { hasTwice } from '../xml/expanded-names.ts';
import { type Attribute, attributeValue, childNamed, type Element, isNamed, leafText } from '../xml/tree.ts';

/** What the target of a request names: the conversation by Identifier, and Instance where it was renewed. */
export interface TargetToken {
  readonly id: string;
  readonly instance: string | undefined;
  /** Text of the State element; undefined where the target is a reference, or a token without one. */
  readonly state: string | undefined;
}

/**
 * A wst:RequestSecurityToken for a SecurityContextToken, read once and typed (WS-Trust 1.3 §3.1, WS-SecureConversation
 * 1.3 §3–6).
 */
export interface TokenRequest {
  readonly request: TrustRequest;
  readonly tokenType: string | undefined;
  readonly keySizeBits: number | undefined;
  /** The initiator's share of the key, 16 to 64 bytes. */
  readonly entropy: Uint8Array | undefined;
  /** How long the token is to live, by its Lifetime. */
  readonly lifetimeMs: number | undefined;
  readonly target: TargetToken | undefined;
}

const minEntropyBytes = 16;
const maxEntropyBytes = 64;
const targetNames: Readonly<Partial<Record<TrustRequest, string>>> = {
  cancel: 'CancelTarget',
  renew: 'RenewTarget',
  validate: 'ValidateTarget',
};
/** In whatever namespace: a target of another version of WS-Trust is a second one for a reader of that. */
const allTargets: ReadonlySet<string> = new Set(Object.values(targetNames));

/**
 * Reads a RequestSecurityToken of `dialect` whose wsa:Action asked for `request`.
 *
 * AppliesTo, KeyType, Context, Renewing and ComputedKeyAlgorithm may be there and are not used: WCF sends none of them.
 * So may elements of others (WS-Trust 1.3 §3.1 is open), but nothing may stand there twice, and no target that the
 * request has no use for.
 * @throws {Refusal} `invalidRequest` where the body is no such request, RequestType and Action disagree (the policy was
 * picked by Action), KeySize, Entropy or Lifetime are out of range, or what is read holds more than what is read of it.
 */
export function parseTokenRequest(body: Element | undefined, dialect: Dialect, request: TrustRequest): TokenRequest {
  if (body === undefined || !isNamed(body, dialect.wst, 'RequestSecurityToken'))
    return refuse('invalidRequest', 'rst-missing');
  checkNoneTwice(body, 'rst');
  const requestType = optionalText(body, dialect, 'RequestType');
  if (!isAskedBy(requestType, dialect, request)) return refuse('invalidRequest', 'rst-request-type');
  return {
    request,
    tokenType: optionalText(body, dialect, 'TokenType'),
    keySizeBits: keySize(optionalText(body, dialect, 'KeySize')),
    entropy: entropyOf(body, dialect),
    lifetimeMs: lifetimeOf(body, dialect),
    target: targetOf(body, dialect, request),
  };
}

function isAskedBy(type: string | undefined, dialect: Dialect, request: TrustRequest): boolean {
  if (type === undefined) return false;
  return type === dialect.requestType[request] || (request === 'issue' && dialect.otherIssueTypes.includes(type));
}

/**
 * Refuses an element with text between its children, or with two children of one name: of two readers, each could take
 * another one.
 *
 * @param kind `rst` or `rstr`, for the log
 * @throws {Refusal} `invalidRequest`
 */
export function checkNoneTwice(parent: Element, kind: string): void {
  if (hasTwice(elementContent(parent, 'invalidRequest', `${kind}-text`)))
    refuse('invalidRequest', `${kind}-duplicate-child`);
}

/** Refuses attributes but those that `isKnown` knows. @throws {Refusal} `invalidRequest` */
export function checkAttributes(element: Element, kind: string, isKnown: (attribute: Attribute) => boolean): void {
  if (!element.attributes.every(isKnown)) refuse('invalidRequest', `${kind}-attribute`);
}

const noAttribute = () => false;

function optionalText(parent: Element, dialect: Dialect, local: string): string | undefined {
  const child = childNamed(parent, dialect.wst, local);
  if (child === undefined) return undefined;
  checkAttributes(child, 'rst', noAttribute);
  return trimSpace(leafText(child, 'invalidRequest'));
}

function keySize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // JavaScript's own number parsing takes '+256', ' 256 ', '1e2' and '0x100' as well.
  if (!/^[1-9][0-9]{0,8}$/.test(text)) return refuse('invalidRequest', 'rst-key-size');
  return Number(text);
}

function entropyOf(body: Element, dialect: Dialect): Uint8Array | undefined {
  const entropy = childNamed(body, dialect.wst, 'Entropy');
  if (entropy === undefined) return undefined;
  checkAttributes(entropy, 'rst', noAttribute);
  const [secret, ...more] = elementContent(entropy, 'invalidRequest', 'rst-text');
  if (secret === undefined || more.length !== 0 || !isNamed(secret, dialect.wst, 'BinarySecret'))
    return refuse('invalidRequest', 'rst-entropy');
  checkAttributes(secret, 'rst', isOfSecret);
  const type = attributeValue(secret, '', 'Type');
  if (type !== undefined && type !== dialect.nonce) return refuse('invalidRequest', 'rst-entropy-type');
  return decodeBase64(
    leafText(secret, 'invalidRequest'),
    { minBytes: minEntropyBytes, maxBytes: maxEntropyBytes },
    'invalidRequest',
  );
}

/** Attributes of a BinarySecret: WCF gives it an id. */
export function isOfSecret({ namespace, local }: Attribute): boolean {
  return (namespace === '' && local === 'Type') || (namespace === ns.wsu && local === 'Id');
}

/**
 * How long a Lifetime is: of its times only the difference counts, since the requestor's clock may be another one.
 * Without both there is none to be told (WS-Trust 1.3 §4.1 lets each be left out).
 */
function lifetimeOf(body: Element, dialect: Dialect): number | undefined {
  const lifetime = childNamed(body, dialect.wst, 'Lifetime');
  if (lifetime === undefined) return undefined;
  checkAttributes(lifetime, 'rst', noAttribute);
  checkNoneTwice(lifetime, 'rst-lifetime');
  const [createdMs, expiresMs] = [timeIn(lifetime, 'Created'), timeIn(lifetime, 'Expires')];
  if (createdMs === undefined || expiresMs === undefined) return undefined;
  if (expiresMs <= createdMs) return refuse('invalidRequest', 'rst-lifetime-order');
  return expiresMs - createdMs;
}

function timeIn(lifetime: Element, local: string): number | undefined {
  const element = childNamed(lifetime, ns.wsu, local);
  if (element === undefined) return undefined;
  checkAttributes(element, 'rst', noAttribute);
  return parseInstant(trimSpace(leafText(element, 'invalidRequest'))) ?? refuse('invalidRequest', 'rst-lifetime-value');
}

/** Whether a target names just this context: no other one, and no other Instance of it. */
export function namesContext(target: TargetToken | undefined, { id, instance }: Context): boolean {
  return target?.id === id && (target.instance === undefined || target.instance === instance);
}

/** Reads the one target of a request that has one. */
function targetOf(body: Element, dialect: Dialect, request: TrustRequest): TargetToken | undefined {
  const local = targetNames[request];
  const isOther = (child: Element) => allTargets.has(child.local) && !isNamed(child, dialect.wst, local ?? '');
  if (body.children.some(isOther)) refuse('invalidRequest', 'rst-target-unexpected');
  if (local === undefined) return undefined;
  const target = childNamed(body, dialect.wst, local) ?? refuse('invalidRequest', 'rst-target-missing');
  checkAttributes(target, 'rst', noAttribute);
  const [token, ...more] = elementContent(target, 'invalidRequest', 'rst-text');
  if (more.length !== 0) refuse('invalidRequest', 'rst-target-second');
  return targetToken(token ?? refuse('invalidRequest', 'rst-target-missing'), dialect);
}

/** A target is a SecurityTokenReference (WCF) or the whole SecurityContextToken (CXF). */
function targetToken(token: Element, dialect: Dialect): TargetToken {
  if (isNamed(token, dialect.wsc, 'SecurityContextToken')) return targetFromToken(token, dialect);
  if (isNamed(token, ns.wsse, 'SecurityTokenReference')) return targetFromReference(token, dialect);
  return refuse('invalidRequest', 'rst-target');
}

/** Its Identifier, Instance and State; behind them stands whatever the issuer put there. */
function targetFromToken(token: Element, dialect: Dialect): TargetToken {
  checkNoneTwice(token, 'rst-target');
  const id = childNamed(token, dialect.wsc, 'Identifier');
  const instance = childNamed(token, dialect.wsc, 'Instance');
  const state = childNamed(token, ns.state, 'State');
  if (id === undefined) return refuse('invalidRequest', 'rst-target-token');
  return {
    id: leafText(id, 'invalidRequest'),
    instance: instance && leafText(instance, 'invalidRequest'),
    state: state && leafText(state, 'invalidRequest'),
  };
}

function targetFromReference(str: Element, dialect: Dialect): TargetToken {
  const [reference, ...more] = elementContent(str, 'invalidRequest', 'rst-text');
  if (reference === undefined || more.length !== 0 || !isNamed(reference, ns.wsse, 'Reference'))
    return refuse('invalidRequest', 'rst-target-reference');
  checkAttributes(reference, 'rst', attribute => isOfReference(attribute, dialect));
  if (elementContent(reference, 'invalidRequest', 'rst-text').length !== 0)
    return refuse('invalidRequest', 'rst-target-reference');
  const uri = attributeValue(reference, '', 'URI');
  const type = attributeValue(reference, '', 'ValueType');
  if (uri === undefined || (type !== undefined && type !== dialect.sct))
    return refuse('invalidRequest', 'rst-target-reference');
  return { id: uri, instance: attributeValue(reference, dialect.wsc, 'Instance'), state: undefined };
}

function isOfReference({ namespace, local }: Attribute, { wsc }: Dialect): boolean {
  return namespace === '' ? local === 'URI' || local === 'ValueType' : namespace === wsc && local === 'Instance';
}

/**
 * Writes the RequestSecurityToken that asks for a conversation, in the order that WCF writes it; ComputedKeyAlgorithm
 * is added because CXF's servers name the algorithm by it.
 */
export function writeIssueRequest(dialect: Dialect, keySizeBits: number, entropy: Uint8Array): OutgoingBody {
  return requestBody(dialect, wantedToken(dialect, 'issue', keySizeBits, entropy));
}

/**
 * Writes the RequestSecurityToken that renews a conversation; `target` is the text of its unattached
 * SecurityTokenReference, or of its whole token.
 */
export function writeRenewRequest(
  dialect: Dialect,
  keySizeBits: number,
  entropy: Uint8Array,
  target: string,
): OutgoingBody {
  const parts = wantedToken(dialect, 'renew', keySizeBits, entropy);
  return requestBody(dialect, [...parts, `<t:RenewTarget>${target}</t:RenewTarget>`]);
}

function wantedToken(
  dialect: Dialect,
  request: TrustRequest,
  keySizeBits: number,
  entropy: Uint8Array,
): readonly string[] {
  return [
    `<t:TokenType>${dialect.sct}</t:TokenType>`,
    `<t:RequestType>${spoken(dialect.requestType[request])}</t:RequestType>`,
    '<t:Entropy>' +
      `<t:BinarySecret Type="${dialect.nonce}">${Buffer.from(entropy).toString('base64')}</t:BinarySecret></t:Entropy>`,
    `<t:KeySize>${keySizeBits}</t:KeySize>`,
    `<t:ComputedKeyAlgorithm>${dialect.computedKeyPsha1}</t:ComputedKeyAlgorithm>`,
  ];
}

/**
 * Writes the RequestSecurityToken that cancels a conversation; `reference` is its unattached SecurityTokenReference as
 * text.
 */
export function writeCancelRequest(dialect: Dialect, reference: string): OutgoingBody {
  return requestBody(dialect, [
    `<t:RequestType>${spoken(dialect.requestType.cancel)}</t:RequestType>`,
    `<t:CancelTarget>${reference}</t:CancelTarget>`,
  ]);
}

function requestBody(dialect: Dialect, parts: readonly string[]): OutgoingBody {
  const root = 't:RequestSecurityToken';
  return selfContained(`<${root} xmlns:t="${dialect.wst}">${parts.join('')}</${root}>`);
}
