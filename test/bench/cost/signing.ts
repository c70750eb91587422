import { digest } from '../../../src/crypto/digest.ts';
import { hmacBase64, hmacKey } from '../../../src/crypto/hmac.ts';
import { algorithms, ns } from '../../../src/names.ts';
import { canonicalize } from '../../../src/xml/canonical.ts';
import { scan } from '../../../src/xml/scan.ts';
import { type Conversation, replaced } from '../../support/initiator.ts';

/** A part of a message by its wsu:Id, and the PrefixList that its Reference has; absent: none. */
export interface PartByName {
  readonly id: string;
  readonly prefixes?: readonly string[];
}

const algorithm = `Algorithm="${algorithms.excC14n}"`;

function inclusive(prefixes: readonly string[]): string {
  return prefixes.length === 0
    ? ''
    : `<n:InclusiveNamespaces xmlns:n="${ns.excC14n}" PrefixList="${prefixes.join(' ')}"></n:InclusiveNamespaces>`;
}

/**
 * Signs the named parts of a call over TLS, beside its Timestamp: the key of such a call is that of the conversation,
 * and who has it may sign what the policy does not ask for.
 */
export function signedAnew(message: string, { plan, keys }: Conversation, parts: readonly PartByName[]): string {
  const { digest: digestMethod, signature } = plan.suite;
  const ids = new Map(scan(Buffer.from(message)).ids.map(({ element, attribute }) => [attribute.value, element]));
  const reference = ({ id, prefixes = [] }: PartByName) => {
    const element = ids.get(id);
    if (element === undefined) throw new TypeError(`no part ${id}`);
    const value = digest(digestMethod.hash, canonicalize(element, { prefixes }));
    return (
      `<ds:Reference URI="#${id}"><ds:Transforms><ds:Transform ${algorithm}>${inclusive(prefixes)}` +
      '</ds:Transform></ds:Transforms>' +
      `<ds:DigestMethod Algorithm="${digestMethod.uri}"></ds:DigestMethod>` +
      `<ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`
    );
  };
  const timestamp = { id: /<u:Timestamp [^>]*u:Id="([^"]*)"/.exec(message)?.[1] ?? '' };
  const signedInfo =
    `<ds:SignedInfo xmlns:ds="${ns.ds}"><ds:CanonicalizationMethod ${algorithm}></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${signature.uri}"></ds:SignatureMethod>` +
    `${[timestamp, ...parts].map(reference).join('')}</ds:SignedInfo>`;
  const value = hmacBase64(hmacKey(keys.keys.secret, signature.hash), signedInfo);
  return replaced(
    message,
    /<ds:SignedInfo.*<\/ds:SignatureValue>/s,
    `${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>`,
  );
}
