import { decodeBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/send.ts';
import type { Dialect, TrustRequest } from '../names.ts';
import { ns } from '../names.ts';
import { attributeValue, childrenNamed, type Element, isNamed, leafText } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';

/** What a CancelTarget or RenewTarget names: the conversation by Identifier, and Instance where it was renewed. */
export interface TargetToken {
  readonly id: string;
  readonly instance: string | undefined;
}

/** A wst:RequestSecurityToken for a SecurityContextToken, read once and typed (WS-Trust 1.3 §3.1, WS-SecureConversation 1.3 §3–6). */
export interface TokenRequest {
  readonly request: TrustRequest;
  readonly tokenType: string | undefined;
  readonly keySizeBits: number | undefined;
  /** The initiator's share of the key, 16 to 64 bytes. */
  readonly entropy: Uint8Array | undefined;
  readonly target: TargetToken | undefined;
}

const minEntropyBytes = 16;
const maxEntropyBytes = 64;
const targetNames: Readonly<Partial<Record<TrustRequest, string>>> = { cancel: 'CancelTarget', renew: 'RenewTarget' };

/**
 * Reads a RequestSecurityToken of `dialect` whose wsa:Action asked for `request`.
 *
 * AppliesTo, KeyType, Context, Lifetime, Renewing and ComputedKeyAlgorithm may be there and are not used: WCF sends none of them.
 * @throws {Refusal} `invalidRequest` where the body is no such request, RequestType and Action disagree (the policy was picked by
 * Action), or KeySize or Entropy are out of range.
 */
export function parseTokenRequest(body: Element | undefined, dialect: Dialect, request: TrustRequest): TokenRequest {
  if (body === undefined || !isNamed(body, dialect.wst, 'RequestSecurityToken'))
    return refuse('invalidRequest', 'rst-missing');
  const requestType = optionalText(body, dialect, 'RequestType');
  if (requestType?.trim() !== dialect.requestType[request]) return refuse('invalidRequest', 'rst-request-type');
  return {
    request,
    tokenType: optionalText(body, dialect, 'TokenType')?.trim(),
    keySizeBits: keySize(optionalText(body, dialect, 'KeySize')),
    entropy: entropyOf(body, dialect),
    target: targetOf(body, dialect, request),
  };
}

function optionalChild(parent: Element, dialect: Dialect, local: string): Element | undefined {
  const found = childrenNamed(parent, dialect.wst, local);
  if (found.length > 1) refuse('invalidRequest', 'rst-duplicate-child');
  return found[0];
}

function optionalText(parent: Element, dialect: Dialect, local: string): string | undefined {
  const child = optionalChild(parent, dialect, local);
  return child && leafText(child, 'invalidRequest');
}

function keySize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // JavaScript's own number parsing takes '+256', ' 256 ', '1e2' and '0x100' as well.
  if (!/^[1-9][0-9]{0,8}$/.test(text.trim())) return refuse('invalidRequest', 'rst-key-size');
  return Number(text.trim());
}

function entropyOf(body: Element, dialect: Dialect): Uint8Array | undefined {
  const entropy = optionalChild(body, dialect, 'Entropy');
  if (entropy === undefined) return undefined;
  const secret = entropy.children[0];
  if (secret === undefined || entropy.children.length !== 1 || !isNamed(secret, dialect.wst, 'BinarySecret'))
    return refuse('invalidRequest', 'rst-entropy');
  const type = attributeValue(secret, '', 'Type');
  if (type !== undefined && type !== dialect.nonce) return refuse('invalidRequest', 'rst-entropy-type');
  return decodeBase64(
    leafText(secret, 'invalidRequest'),
    { minBytes: minEntropyBytes, maxBytes: maxEntropyBytes },
    'invalidRequest',
  );
}

/** Reads a target that is a SecurityTokenReference (WCF) or the whole SecurityContextToken (CXF). */
function targetOf(body: Element, dialect: Dialect, request: TrustRequest): TargetToken | undefined {
  const local = targetNames[request];
  if (local === undefined) return undefined;
  const token = optionalChild(body, dialect, local)?.children[0];
  if (token === undefined) return refuse('invalidRequest', 'rst-target-missing');
  if (isNamed(token, dialect.wsc, 'SecurityContextToken')) return targetFromToken(token, dialect);
  if (isNamed(token, ns.wsse, 'SecurityTokenReference')) return targetFromReference(token, dialect);
  return refuse('invalidRequest', 'rst-target');
}

function targetFromToken(token: Element, dialect: Dialect): TargetToken {
  const [id, instance] = ['Identifier', 'Instance'].map(local => childrenNamed(token, dialect.wsc, local));
  if (id?.[0] === undefined || id.length > 1 || (instance?.length ?? 0) > 1)
    return refuse('invalidRequest', 'rst-target-token');
  return { id: leafText(id[0], 'invalidRequest'), instance: instance?.[0] && leafText(instance[0], 'invalidRequest') };
}

function targetFromReference(str: Element, dialect: Dialect): TargetToken {
  const reference = str.children[0];
  if (reference === undefined || !isNamed(reference, ns.wsse, 'Reference'))
    return refuse('invalidRequest', 'rst-target-reference');
  const uri = attributeValue(reference, '', 'URI');
  const type = attributeValue(reference, '', 'ValueType');
  if (uri === undefined || (type !== undefined && type !== dialect.sct))
    return refuse('invalidRequest', 'rst-target-reference');
  return { id: uri, instance: attributeValue(reference, dialect.wsc, 'Instance') };
}

/**
 * Writes the RequestSecurityToken that asks for a conversation, in the order that WCF writes it; ComputedKeyAlgorithm is added
 * because CXF's servers name the algorithm by it.
 */
export function writeIssueRequest(dialect: Dialect, keySizeBits: number, entropy: Uint8Array): OutgoingBody {
  const parts = [
    `<t:TokenType>${dialect.sct}</t:TokenType>`,
    `<t:RequestType>${dialect.requestType.issue}</t:RequestType>`,
    `<t:Entropy><t:BinarySecret Type="${dialect.nonce}">${Buffer.from(entropy).toString('base64')}</t:BinarySecret></t:Entropy>`,
    `<t:KeySize>${keySizeBits}</t:KeySize>`,
    `<t:ComputedKeyAlgorithm>${dialect.computedKeyPsha1}</t:ComputedKeyAlgorithm>`,
  ];
  return requestBody(dialect, parts);
}

/** Writes the RequestSecurityToken that cancels a conversation; `reference` is its unattached SecurityTokenReference as text. */
export function writeCancelRequest(dialect: Dialect, reference: string): OutgoingBody {
  return requestBody(dialect, [
    `<t:RequestType>${dialect.requestType.cancel}</t:RequestType>`,
    `<t:CancelTarget>${reference}</t:CancelTarget>`,
  ]);
}

function requestBody(dialect: Dialect, parts: readonly string[]): OutgoingBody {
  const root = 't:RequestSecurityToken';
  return selfContained(`<${root} xmlns:t="${dialect.wst}">${parts.join('')}</${root}>`);
}

/** A Body's content that declares every prefix it uses. */
export function selfContained(content: string): OutgoingBody {
  return { content, declarations: '' };
}

/** A SecurityTokenReference by URI, self-contained: what RSTRs, KeyInfos and targets name a conversation with. */
export function tokenReferenceText(dialect: Dialect, uri: string): string {
  return (
    `<o:SecurityTokenReference xmlns:o="${ns.wsse}">` +
    `<o:Reference URI="${escapeText(uri).replaceAll('"', '&quot;')}" ValueType="${dialect.sct}"></o:Reference></o:SecurityTokenReference>`
  );
}
