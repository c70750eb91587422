import { decodeBase64 } from '../crypto/base64.ts';
import { computedKey } from '../crypto/psha1.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import { refuse } from '../errors.ts';
import { type OutgoingBody, selfContained } from '../message/sent-body.ts';
import { type Dialect, ns, spoken } from '../names.ts';
import { parseInstant } from '../security/timestamp.ts';
import { writeContextReference } from '../security/token-reference.ts';
import { elementContent } from '../soap/structure.ts';
import type { Context } from '../state/context.ts';
import { trimSpace } from '../xml/characters.ts';
import { attributeValue, childNamed, type Element, isNamed, leafText } from '../xml/tree.ts';
import { escapeText, standalone } from '../xml/write.ts';
import { checkAttributes, checkNoneTwice, isOfSecret } from './token-request.ts';

/** What of a context its token says: names, and from when to when it lives. */
export type IssuedContext = Pick<Context, 'id' | 'instance' | 'keyEffectiveMs' | 'tokenExpiresMs'>;

/** What the issuer answers with beside the context: its sealed state, and how the initiator gets at the key. */
export interface IssuedToken {
  /** wsu:Id of the token. */
  readonly wsuId: string;
  /** base64 text of the State element, or undefined where the state is kept elsewhere. */
  readonly state: string | undefined;
  readonly keySizeBits: number;
  /** The responder's entropy (key = P_SHA1 of both), or the key itself. */
  readonly proof: { readonly entropy: Uint8Array } | { readonly key: Uint8Array };
}

/**
 * Writes the RequestSecurityTokenResponse of an Issue or a Renew: SCT with Identifier first and the sealed state after
 * it, both references, proof, Lifetime and KeySize, in the order of WCF (seen on the wire: CXF takes any order). 200512
 * wraps it in a collection.
 */
export function writeIssueResponse(dialect: Dialect, context: IssuedContext, token: IssuedToken): OutgoingBody {
  const unattached = writeContextReference(dialect, context.id, context.instance);
  const parts = [
    `<t:TokenType>${dialect.sct}</t:TokenType>`,
    `<t:RequestedSecurityToken>${contextTokenText(dialect, context, token)}</t:RequestedSecurityToken>`,
    `<t:RequestedAttachedReference>${writeContextReference(dialect, `#${token.wsuId}`)}</t:RequestedAttachedReference>`,
    `<t:RequestedUnattachedReference>${unattached}</t:RequestedUnattachedReference>`,
    proofText(dialect, token),
    `<t:Lifetime><u:Created xmlns:u="${ns.wsu}">${new Date(context.keyEffectiveMs).toISOString()}</u:Created>` +
      `<u:Expires xmlns:u="${ns.wsu}">${new Date(context.tokenExpiresMs).toISOString()}</u:Expires></t:Lifetime>`,
    `<t:KeySize>${token.keySizeBits}</t:KeySize>`,
  ];
  return responseBody(dialect, parts.join(''));
}

/** Writes the answer to a Cancel: RequestedTokenCancelled alone (WS-SecureConversation 1.3 §6). */
export function writeCancelResponse(dialect: Dialect): OutgoingBody {
  return responseBody(dialect, '<t:RequestedTokenCancelled></t:RequestedTokenCancelled>');
}

/**
 * Writes the answer to a Validate: a status in constant words, and no token. It is a single response, never one of a
 * collection (WS-Trust 1.3 §7).
 */
export function writeStatusResponse(dialect: Dialect, isValid: boolean): OutgoingBody {
  const status = isValid ? 'valid' : 'invalid';
  const [code, reason] = [
    spoken(dialect.status)[status],
    `The security context token is ${isValid ? '' : 'not '}valid.`,
  ];
  return selfContained(
    responseText(
      `<t:TokenType>${spoken(dialect.statusType)}</t:TokenType>` +
        `<t:Status><t:Code>${code}</t:Code><t:Reason>${reason}</t:Reason></t:Status>`,
      ` xmlns:t="${dialect.wst}"`,
    ),
  );
}

function contextTokenText(dialect: Dialect, { id, instance }: IssuedContext, token: IssuedToken): string {
  const instanceText = instance === undefined ? '' : `<c:Instance>${escapeText(instance)}</c:Instance>`;
  const state = token.state === undefined ? '' : `<k:State xmlns:k="${ns.state}">${token.state}</k:State>`;
  return (
    `<c:SecurityContextToken xmlns:c="${dialect.wsc}" xmlns:u="${ns.wsu}" u:Id="${token.wsuId}">` +
    `<c:Identifier>${escapeText(id)}</c:Identifier>${instanceText}${state}</c:SecurityContextToken>`
  );
}

function proofText(dialect: Dialect, token: IssuedToken): string {
  const secret = (type: string, bytes: Uint8Array) =>
    `<t:BinarySecret Type="${type}">${Buffer.from(bytes).toString('base64')}</t:BinarySecret>`;
  if ('key' in token.proof)
    return `<t:RequestedProofToken>${secret(dialect.symmetricKey, token.proof.key)}</t:RequestedProofToken>`;
  return (
    `<t:RequestedProofToken><t:ComputedKey>${dialect.computedKeyPsha1}</t:ComputedKey></t:RequestedProofToken>` +
    `<t:Entropy>${secret(dialect.nonce, token.proof.entropy)}</t:Entropy>`
  );
}

function responseBody(dialect: Dialect, parts: string): OutgoingBody {
  const collection = 't:RequestSecurityTokenResponseCollection';
  const declaration = ` xmlns:t="${dialect.wst}"`;
  return selfContained(
    dialect.collection
      ? `<${collection}${declaration}>${responseText(parts)}</${collection}>`
      : responseText(parts, declaration),
  );
}

function responseText(parts: string, declaration = ''): string {
  return `<t:RequestSecurityTokenResponse${declaration}>${parts}</t:RequestSecurityTokenResponse>`;
}

/** What the initiator keeps of an Issue: the token to send with each message, its references and its secret. */
export interface ConversationToken {
  readonly id: string;
  readonly instance: string | undefined;
  /** The SecurityContextToken element as issued, to be echoed in each request (unknown children included). */
  readonly token: string;
  readonly attachedReference: string;
  readonly unattachedReference: string;
  readonly secret: SecretKey;
  /** Whether the secret was computed of both shares, so that who made it had to know ours. */
  readonly isComputed: boolean;
  /** Characters of the sealed state, 0 where there is none. */
  readonly stateChars: number;
  /** The times of its Lifetime, by the issuer's clock; undefined where they are left out (WS-Trust 1.3 §4.4). */
  readonly createdMs: number | undefined;
  readonly expiresMs: number | undefined;
}

/**
 * Reads the answer to an Issue and computes the conversation's secret.
 * @param body the one child of the verified Body
 * @param entropy the initiator's share of the key
 * @param keySizeBits what was asked for; the answer's KeySize decides where it is given
 * @throws {Refusal} `invalidRequest` where the answer lacks what WS-SecureConversation §3 wants, or says something
 * twice
 */
export function parseIssueResponse(
  body: Element | undefined,
  dialect: Dialect,
  entropy: Uint8Array,
  keySizeBits: number,
): ConversationToken {
  const response = responseElement(body, dialect);
  checkNoneTwice(response, 'rstr');
  const token = onlyChildOf(childNamed(response, dialect.wst, 'RequestedSecurityToken'), 'rstr-token');
  if (!isNamed(token, dialect.wsc, 'SecurityContextToken')) refuse('invalidRequest', 'rstr-token');
  checkNoneTwice(token, 'rstr-token');
  const identifier = token.children[0];
  if (identifier === undefined || !isNamed(identifier, dialect.wsc, 'Identifier'))
    return refuse('invalidRequest', 'rstr-identifier');
  const id = leafText(identifier, 'invalidRequest');
  const instance = childNamed(token, dialect.wsc, 'Instance');
  const wsuId = attributeValue(token, ns.wsu, 'Id');
  const lifetime = childNamed(response, dialect.wst, 'Lifetime');
  const { secret, isComputed } = secretOf(response, dialect, entropy, keySizeBits);
  return {
    id,
    instance: instance && leafText(instance, 'invalidRequest'),
    token: standalone(token),
    attachedReference:
      referenceText(response, dialect, 'RequestedAttachedReference') ??
      writeContextReference(dialect, wsuId ? `#${wsuId}` : id),
    unattachedReference:
      referenceText(response, dialect, 'RequestedUnattachedReference') ??
      writeContextReference(dialect, id, instance && leafText(instance, 'invalidRequest')),
    secret: new SecretKey(secret),
    isComputed,
    stateChars: stateChars(token),
    createdMs: instant(lifetime, 'Created'),
    expiresMs: instant(lifetime, 'Expires'),
  };
}

function stateChars(token: Element): number {
  const state = childNamed(token, ns.state, 'State');
  return state === undefined ? 0 : state.contentEnd - state.contentStart;
}

/** The RSTR itself; CXF and WCF wrap it in a collection of exactly one in 200512. */
function responseElement(body: Element | undefined, dialect: Dialect): Element {
  const collection = body !== undefined && isNamed(body, dialect.wst, 'RequestSecurityTokenResponseCollection');
  const response = collection ? onlyChildOf(body, 'rstr-collection') : body;
  if (response === undefined || !isNamed(response, dialect.wst, 'RequestSecurityTokenResponse'))
    return refuse('invalidRequest', 'rstr-missing');
  return response;
}

function onlyChildOf(parent: Element | undefined, reason: string): Element {
  const [child, ...more] = parent === undefined ? [] : elementContent(parent, 'invalidRequest', reason);
  if (child === undefined || more.length !== 0) return refuse('invalidRequest', reason);
  return child;
}

function referenceText(response: Element, dialect: Dialect, local: string): string | undefined {
  const reference = childNamed(response, dialect.wst, local);
  return reference && standalone(onlyChildOf(reference, 'rstr-reference'));
}

function secretOf(response: Element, dialect: Dialect, entropy: Uint8Array, askedBits: number) {
  const bits = keySizeOf(response, dialect) ?? askedBits;
  const proof = childNamed(response, dialect.wst, 'RequestedProofToken');
  // No proof token: the initiator's entropy is the key (WS-Trust 1.3 §4.4.3).
  if (proof === undefined) return { secret: entropy, isComputed: false };
  const token = onlyChildOf(proof, 'rstr-proof');
  if (isNamed(token, dialect.wst, 'BinarySecret')) return { secret: secretBytesOf(token), isComputed: false };
  if (!isNamed(token, dialect.wst, 'ComputedKey') || trimSpace(leafText(token)) !== dialect.computedKeyPsha1)
    return refuse('invalidRequest', 'rstr-proof');
  const share = onlyChildOf(childNamed(response, dialect.wst, 'Entropy'), 'rstr-entropy');
  if (!isNamed(share, dialect.wst, 'BinarySecret')) return refuse('invalidRequest', 'rstr-entropy');
  return { secret: computedKey(entropy, secretBytesOf(share), bits), isComputed: true };
}

function secretBytesOf(element: Element): Uint8Array {
  checkAttributes(element, 'rstr', isOfSecret);
  return decodeBase64(leafText(element, 'invalidRequest'), { minBytes: 16, maxBytes: 64 }, 'invalidRequest');
}

function keySizeOf(response: Element, dialect: Dialect): number | undefined {
  const size = childNamed(response, dialect.wst, 'KeySize');
  if (size === undefined) return undefined;
  const text = trimSpace(leafText(size, 'invalidRequest'));
  // The peer names the size, we say what is a sane one: 128 to 512 bits in whole bytes.
  if (!/^[1-9][0-9]{2}$/.test(text) || Number(text) < 128 || Number(text) > 512 || Number(text) % 8 !== 0)
    return refuse('invalidRequest', 'rstr-key-size');
  return Number(text);
}

function instant(lifetime: Element | undefined, local: string): number | undefined {
  if (lifetime !== undefined) checkNoneTwice(lifetime, 'rstr-lifetime');
  const element = lifetime && childNamed(lifetime, ns.wsu, local);
  if (element === undefined) return undefined;
  return (
    parseInstant(trimSpace(leafText(element, 'invalidRequest'))) ?? refuse('invalidRequest', 'rstr-lifetime-value')
  );
}
