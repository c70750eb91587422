import { decodeBase64 } from '../crypto/base64.ts';
import { pSha1 } from '../crypto/psha1.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import { refuse } from '../errors.ts';
import { type Dialect, ns } from '../names.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { childrenOf, integerOf, leaf, named, securityLimits } from './grammar.ts';
import { parseTokenReference, type TokenReference } from './token-reference.ts';

/** wsc:DerivedKeyToken (WS-SecureConversation 1.3 §7). */
export interface DerivedKeyToken {
  readonly element: Element;
  readonly id: string;
  /** The token whose key it is derived from. */
  readonly reference: TokenReference;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly label: string;
  readonly nonce: Buffer;
}

/** Client's and service's label in one (WS-SecureConversation 1.3 §7.1); it is ASCII. */
const defaultLabel = 'WS-SecureConversationWS-SecureConversation';
const defaultLengthBytes = 32;
const lengths: ReadonlySet<number> = new Set([16, 24, 32]);

/**
 * SecurityTokenReference, at most one of Generation and Offset, Length, Label, Nonce, in this order. Properties are
 * refused.
 *
 * @throws {Refusal} `invalidSecurity`, or `unsupportedAlgorithm` for another derivation than P_SHA1
 */
export function parseDerivedKeyToken(element: Element, dialect: Dialect): DerivedKeyToken {
  const id = readAttributes(element, dialect);
  const children = childrenOf(element);
  const reference = parseTokenReference(named(children[0], ns.wsse, 'SecurityTokenReference'));
  let position = 1;
  const optional = (local: string, namespace = dialect.wsc): Element | undefined => {
    const child = children[position];
    if (child === undefined || !isNamed(child, namespace, local)) return undefined;
    position += 1;
    return child;
  };
  const generation = optional('Generation');
  const explicit = generation === undefined ? optional('Offset') : undefined;
  const length = optional('Length');
  const labelled = optional('Label');
  const nonce = optional('Nonce', dialect.nonceNamespace);
  if (position !== children.length || nonce === undefined) return refuse('invalidSecurity', 'derived-key-children');
  const lengthBytes = length === undefined ? defaultLengthBytes : integerOf(length);
  if (!lengths.has(lengthBytes)) refuse('invalidSecurity', 'derived-key-length');
  const offset = generation === undefined ? explicit && integerOf(explicit) : integerOf(generation) * lengthBytes;
  if (offset !== undefined && offset > securityLimits.keyOffset) refuse('invalidSecurity', 'derived-key-offset');
  return { element, id, reference, offset: offset ?? 0, lengthBytes, label: labelOf(labelled), nonce: nonceOf(nonce) };
}

/** The wsu:Id, which must be there; an Algorithm names the one that there is. */
function readAttributes(element: Element, dialect: Dialect): string {
  let id: string | undefined;
  for (const { namespace, local, value } of element.attributes) {
    if (namespace === ns.wsu && local === 'Id') id = value;
    else if (local !== 'Algorithm' || !dialect.derivationAttribute.includes(namespace))
      refuse('invalidSecurity', 'security-attribute');
    else if (value !== dialect.dkPsha1) refuse('unsupportedAlgorithm', 'derivation-algorithm');
  }
  return id ?? refuse('invalidSecurity', 'derived-key-id');
}

/** An empty Label is refused: WSS4J takes it for the default, others for no label at all. */
function labelOf(element: Element | undefined): string {
  if (element === undefined) return defaultLabel;
  const label = leaf(element);
  if (label === '' || Buffer.byteLength(label, 'utf8') > securityLimits.labelBytes)
    refuse('invalidSecurity', 'derived-key-label');
  return label;
}

function nonceOf(element: Element): Buffer {
  const { min, max } = securityLimits.nonceBytes;
  return decodeBase64(leaf(element, 256), { minBytes: min, maxBytes: max });
}

/**
 * Refuses two tokens that would yield common key bytes: the key that signs must never be one that encrypts.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkDistinct(tokens: readonly DerivedKeyToken[]): void {
  tokens.forEach((token, index) => {
    for (const other of tokens.slice(index + 1)) {
      const apart =
        token.offset + token.lengthBytes <= other.offset || other.offset + other.lengthBytes <= token.offset;
      if (!apart && seedOf(token) === seedOf(other)) refuse('invalidSecurity', 'derived-key-overlap');
    }
  });
}

/** label ‖ nonce, one character an octet: what the key is made of, however it is divided between the two (§7.1). */
export function seedOf({ label, nonce }: Pick<DerivedKeyToken, 'label' | 'nonce'>): string {
  const octets = label === defaultLabel ? label : Buffer.from(label, 'utf8').toString('latin1');
  return octets + nonce.toString('latin1');
}

/** A key to derive and write: default label, offset 0. */
export interface OutgoingDerivedKey {
  /** 16 bytes or more, as base64. */
  readonly nonce: string;
  readonly lengthBytes: number;
}

/** The key that {@link writeDerivedKeyToken} announces. */
export function deriveOutgoing(secret: SecretKey, { nonce, lengthBytes }: OutgoingDerivedKey): SecretKey {
  const seed = Buffer.concat([Buffer.from(defaultLabel, 'utf8'), Buffer.from(nonce, 'base64')]);
  return new SecretKey(pSha1(secret, seed, lengthBytes));
}

/**
 * Writes the token, canonical as written: Offset and Length always (CXF's streaming receiver fails without them), never
 * Label, and Algorithm only where the dialect wants it (WSS4J knows only the 2005/02 name of P_SHA1).
 *
 * @param reference text of the SecurityTokenReference to the source of the key
 */
export function writeDerivedKeyToken(dialect: Dialect, id: string, key: OutgoingDerivedKey, reference: string): string {
  const { wsc, nonceNamespace, writesDerivation, dkPsha1 } = dialect;
  const algorithm = writesDerivation ? ` c:Algorithm="${dkPsha1}"` : '';
  const [nonceName, declaration] =
    nonceNamespace === wsc ? ['c:Nonce', ''] : ['n:Nonce', ` xmlns:n="${nonceNamespace}"`];
  return (
    `<c:DerivedKeyToken xmlns:c="${wsc}" xmlns:u="${ns.wsu}" u:Id="${id}"${algorithm}>${reference}` +
    `<c:Offset>0</c:Offset><c:Length>${key.lengthBytes}</c:Length>` +
    `<${nonceName}${declaration}>${key.nonce}</${nonceName}></c:DerivedKeyToken>`
  );
}
