import type { Suite } from '../crypto/suites.ts';
import type { AddressingVersion, Dialect, SoapVersion } from '../names.ts';

/** A qualified name: `namespace` is '' for none. */
export interface QName {
  readonly namespace: string;
  readonly local: string;
}

/** Order in which a message is signed and encrypted (WS-SecurityPolicy §6.3). */
export type ProtectionOrder = 'signBeforeEncrypting' | 'encryptBeforeSigning';

/** Layout of the Security header (WS-SecurityPolicy §6.7). */
export type Layout = 'strict' | 'lax' | 'laxTimestampFirst' | 'laxTimestampLast';

/** How a token refers to an X.509 certificate that isn't in the message. */
export type CertificateReference = 'thumbprint' | 'keyIdentifier' | 'issuerSerial';

/**
 * What protects a message as a whole.
 * - `transport`: TLS; nothing in the Security header is encrypted and only supporting tokens sign.
 * - `symmetric`: one token's key signs and encrypts: the security context, or a key encrypted to the service's
 *   certificate.
 */
export type Protection =
  | { readonly kind: 'transport' }
  | {
      readonly kind: 'symmetric';
      readonly token:
        | { readonly kind: 'context'; readonly include: 'alwaysToRecipient' | 'never' }
        | { readonly kind: 'encryptedKey'; readonly reference: CertificateReference };
      readonly derivedKeys: boolean;
      readonly order: ProtectionOrder;
      readonly encryptSignature: boolean;
      readonly protectTokens: boolean;
    };

/** A token beside the one that protects the message (WS-SecurityPolicy §8): all that a plan lists must be there. */
export type SupportingToken = ProvingToken | EndorsingToken;

/**
 * A supporting token that signs nothing: `kind` is a row of security's table of supporting tokens. `signed` and
 * `encrypted`: in the message itself; both false over TLS, which does it.
 */
export interface ProvingToken {
  readonly kind: string;
  readonly endorsing?: never;
  readonly signed: boolean;
  readonly encrypted: boolean;
}

/**
 * A supporting token that signs (§8.3): over TLS the Timestamp, else the message's main signature. Over TLS the first
 * of them makes the main signature, which covers the plan's `signed` parts as well.
 */
export interface EndorsingToken {
  /** `context`: the security context; else a row of security's table of supporting tokens, of a token with a key. */
  readonly kind: string;
  readonly endorsing: true;
  readonly derivedKeys: boolean;
  /** Parts that a signature beside the main one must cover as well. */
  readonly parts?: Parts;
}

/**
 * The parts of a message that a policy wants signed or encrypted. A header without a local name stands for its whole
 * namespace.
 */
export interface Parts {
  readonly body: boolean;
  readonly headers: readonly QName[];
}

/** What one message (one direction of one exchange) must look like; security/ writes and checks by it. */
export interface MessagePlan {
  readonly dialect: Dialect;
  readonly suite: Suite;
  readonly layout: Layout;
  /** True: exactly one Timestamp, signed where anything is signed. False: none allowed. */
  readonly timestamp: boolean;
  readonly protection: Protection;
  readonly supporting: readonly SupportingToken[];
  /**
   * Parts that must be signed in the message itself; where TLS does it, only what an endorsing token is asked to sign.
   */
  readonly signed: Parts;
  /** Parts that must be encrypted in the message itself; empty where TLS does it. */
  readonly encrypted: Parts;
}

/** One exchange: what the initiator sends and what it gets. */
export interface ExchangePlan {
  readonly request: MessagePlan;
  readonly response: MessagePlan;
}

/** Who must add to the key of a conversation (Trust10/Trust13: RequireClientEntropy, RequireServerEntropy). */
export interface Entropy {
  readonly client: boolean;
  readonly server: boolean;
}

/** One operation of a port. */
export interface OperationPlan extends ExchangePlan {
  readonly name: string;
  /** Body child of the request: document/literal. */
  readonly input: QName;
  readonly output: QName | undefined;
  readonly soapAction: string;
  /** wsa:Action of request and answer. */
  readonly inputAction: string;
  readonly outputAction: string;
}

/** What a policy means for one WSDL port: the plan that server and client are run by. */
export interface Plan {
  readonly service: QName;
  readonly port: string;
  readonly address: string;
  /** `{targetNamespace}Service/Port`: the logical service that a sealed state is bound to. */
  readonly audience: string;
  readonly soap: SoapVersion;
  readonly addressing: AddressingVersion;
  readonly dialect: Dialect;
  readonly suite: Suite;
  /** True where the port may be reached over TLS only. */
  readonly transport: 'https' | 'http';
  readonly entropy: Entropy;
  readonly mayCancel: boolean;
  readonly mayRenew: boolean;
  readonly operations: readonly OperationPlan[];
  /** RST and RSTR that issue the SecurityContextToken. */
  readonly bootstrap: ExchangePlan;
  /**
   * RST and RSTR that renew it: protected as the bootstrap is, and the context endorses the request as well. A Renew
   * without its token is one by the bootstrap alone.
   */
  readonly renew: ExchangePlan;
  /** RST and RSTR that cancel it: protected by the context itself. */
  readonly cancel: ExchangePlan;
}

/** How a plan uses a token that signs: as the message's protection, or as a supporting token that endorses. */
export type TokenUse = (
  | { readonly kind: 'context' }
  | { readonly kind: 'encryptedKey'; readonly reference: CertificateReference }
  | { readonly kind: 'supporting'; readonly token: string }
) & {
  readonly derivedKeys: boolean;
  /** What its signature covers beside the Timestamp or the signature that it endorses. */
  readonly parts: Parts;
};

/**
 * The tokens that sign a message of this plan: the one of its main signature first, then those that endorse; none where
 * nothing is signed.
 */
export function signersOf({ protection, supporting, signed }: MessagePlan): readonly TokenUse[] {
  const endorsing = supporting.flatMap(token => (token.endorsing ? [endorsementBy(token)] : []));
  if (protection.kind === 'symmetric') {
    return [{ ...protection.token, derivedKeys: protection.derivedKeys, parts: signed }, ...endorsing];
  }
  return endorsing.map((use, index) => (index === 0 ? { ...use, parts: signed } : use));
}

const noParts: Parts = { body: false, headers: [] };

function endorsementBy({ kind, derivedKeys, parts = noParts }: EndorsingToken): TokenUse {
  return { ...(kind === 'context' ? { kind } : { kind: 'supporting', token: kind }), derivedKeys, parts };
}

/** The token of a message's main signature; undefined where nothing is signed. */
export function tokenUseOf(plan: MessagePlan): TokenUse | undefined {
  return signersOf(plan)[0];
}

/** The supporting tokens that must stand in the message and sign nothing, one of a kind. */
export function provingTokens({ supporting }: MessagePlan): readonly ProvingToken[] {
  return supporting.filter(token => !token.endorsing);
}

/** Whether a message is encrypted before it is signed (WS-SecurityPolicy §6.3). */
export function encryptsFirst(protection: Protection): boolean {
  return protection.kind === 'symmetric' && protection.order === 'encryptBeforeSigning';
}

/** Whether a header block is one of those that a policy lists; a name without local part stands for its namespace. */
export function isListed(block: QName, headers: readonly QName[]): boolean {
  for (const { namespace, local } of headers) {
    if (namespace === block.namespace && (local === '' || local === block.local)) return true;
  }
  return false;
}
