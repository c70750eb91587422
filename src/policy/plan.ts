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
 * - `none`: nothing; there is no Security header.
 * - `transport`: TLS; nothing in the Security header is encrypted and only supporting tokens sign.
 * - `symmetric`: one token's key signs and encrypts: the security context, or a key encrypted to the service's
 *   certificate.
 * - `asymmetric`: the sender's certificate signs, and a new key that is encrypted to the recipient's encrypts; there is
 *   none where nothing is encrypted.
 */
export type Protection =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'transport';
      /** Whether TLS must show who the client is, by a certificate (HttpsToken, §5.4.11); default: no. */
      readonly clientCertificate?: boolean;
      /** Whether requests have user name and password in HTTP's Authorization (RFC 7617); default: no. */
      readonly basicAuthentication?: boolean;
    }
  | {
      readonly kind: 'symmetric';
      readonly token:
        | { readonly kind: 'context'; readonly include: 'alwaysToRecipient' | 'never' }
        | { readonly kind: 'encryptedKey'; readonly reference: CertificateReference };
      readonly derivedKeys: boolean;
      readonly order: ProtectionOrder;
      readonly encryptSignature: boolean;
      /** Whether each signature covers the token of its key, where that is in the message (§6.5). */
      readonly protectTokens: boolean;
    }
  | {
      readonly kind: 'asymmetric';
      /** The same; default: no. */
      readonly protectTokens?: boolean;
      /** How the message has the certificate of its sender. */
      readonly signature: CertificateUse;
      /** How it names the certificate of its recipient. */
      readonly encryption: CertificateReference;
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
  /** Whether the main signature covers the token itself; default: no. Over TLS there is none that could. */
  readonly signed?: boolean;
  /** Of a certificate; default: one certificate in the message, named by its id. */
  readonly certificate?: CertificateUse;
}

/** How a message has the certificate that signs it (WS-SecurityPolicy 1.3 §5.1, §5.4.3). */
export interface CertificateUse {
  /** One certificate or a path of them in a token of the message; `never`: it is only referred to. */
  readonly include: 'certificate' | 'path' | 'never';
  /** How a sender refers to it; `token`: by the id of the token. A receiver takes any that means it. */
  readonly reference: CertificateReference | 'token';
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
  /**
   * Another dialect whose DerivedKeyToken and ValueTypes are taken for those of `dialect`, in what is received. The
   * SecurityContextToken is of `dialect` whatever this says, and so is all that is written.
   */
  readonly mixedWith?: Dialect | undefined;
  readonly suite: Suite;
  readonly layout: Layout;
  /** True: exactly one Timestamp, signed where anything is signed. False: none allowed. */
  readonly timestamp: boolean;
  readonly protection: Protection;
  readonly supporting: readonly SupportingToken[];
  /**
   * Of an answer: whether it has a SignatureConfirmation for each signature of its request, or one that says that there
   * was none (WSS 1.1 §8.5), signed, and encrypted where signatures are. Default: it has none.
   */
  readonly confirmsSignatures?: boolean;
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
  /** Body child of the request. */
  readonly input: QName;
  readonly output: QName | undefined;
  readonly soapAction: string;
  /** wsa:Action of request and answer; in a port without WS-Addressing the SOAPAction, and ''. */
  readonly inputAction: string;
  readonly outputAction: string;
  /** The faults that the WSDL declares for it. */
  readonly faults: readonly FaultPlan[];
}

/** A fault that a WSDL declares. */
export interface FaultPlan {
  /** The element that stands in the Detail. */
  readonly content: QName;
  /** wsa:Action of it; in a port without WS-Addressing ''. */
  readonly action: string;
}

/** What a policy means for one WSDL port: the plan that server and client are run by. */
export type Plan = ConversationPlan | PlainPlan;

/** What the plans of all ports have. */
export interface PortPlan {
  readonly service: QName;
  readonly port: string;
  readonly address: string;
  /** `{targetNamespace}Service/Port`: the logical service that a sealed state is bound to. */
  readonly audience: string;
  readonly soap: SoapVersion;
  /** Version of WS-Addressing that calls and their answers have; undefined: they have none. */
  readonly addressing: AddressingVersion | undefined;
  readonly dialect: Dialect;
  readonly suite: Suite;
  /** True where the port may be reached over TLS only. */
  readonly transport: 'https' | 'http';
  /** Whether nothing protects any of its messages; default: no. */
  readonly isUnprotected?: boolean;
  readonly operations: readonly OperationPlan[];
}

/** A port whose calls stand by themselves: each proves who sends it, as a bootstrap does. */
export interface PlainPlan extends PortPlan {
  readonly bootstrap?: undefined;
}

/** A port that is called in a conversation. */
export interface ConversationPlan extends PortPlan {
  /** What tells its conversations from those of other alternatives of its policy; absent: none would not do. */
  readonly alternative?: string;
  /** Address of the policy's Issuer, which is asked for the SecurityContextToken; undefined: the port itself is. */
  readonly issuer?: string | undefined;
  /**
   * That of RST and RSTR. Where calls have none, an RST may come without, too: then SOAPAction says what it asks for.
   */
  readonly trustAddressing: AddressingVersion;
  readonly entropy: Entropy;
  readonly mayCancel: boolean;
  readonly mayRenew: boolean;
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

/** Whether a port is called in a conversation. */
export function hasConversation(plan: Plan): plan is ConversationPlan {
  return plan.bootstrap !== undefined;
}

/** The plans of each port together, where several are of alternatives of its policy, in their order. */
export function plansByPort<P extends Plan>(plans: readonly P[]): readonly (readonly [P, ...P[]])[] {
  const ports = new Map<string, [P, ...P[]]>();
  for (const plan of plans) {
    const known = ports.get(plan.audience);
    if (known === undefined) ports.set(plan.audience, [plan]);
    else known.push(plan);
  }
  return [...ports.values()];
}

/** A plan with each of its messages changed. */
export function withMessages<P extends Plan>(plan: P, change: (message: MessagePlan) => MessagePlan): P {
  const exchange = <E extends ExchangePlan>(of: E): E => ({
    ...of,
    request: change(of.request),
    response: change(of.response),
  });
  const operations = plan.operations.map(exchange);
  if (!hasConversation(plan)) return { ...plan, operations };
  const { bootstrap, renew, cancel } = plan;
  return { ...plan, operations, bootstrap: exchange(bootstrap), renew: exchange(renew), cancel: exchange(cancel) };
}

/** The exchanges that prove who asks: the bootstrap, or where there is no conversation every call. */
export function provingExchanges(plan: Plan): readonly ExchangePlan[] {
  return hasConversation(plan) ? [plan.bootstrap] : plan.operations;
}

/** The requests of {@link provingExchanges}. */
export function provingRequests(plan: Plan): readonly MessagePlan[] {
  return provingExchanges(plan).map(({ request }) => request);
}

/** How a plan uses a token that signs: as the message's protection, or as a supporting token that endorses. */
export type TokenUse = (
  | { readonly kind: 'context' }
  | { readonly kind: 'encryptedKey'; readonly reference: CertificateReference }
  | {
      readonly kind: 'supporting';
      readonly token: string;
      readonly signed: boolean;
      readonly certificate: CertificateUse;
    }
) & {
  readonly derivedKeys: boolean;
  /** What its signature covers beside the Timestamp or the signature that it endorses. */
  readonly parts: Parts;
};

export type EncryptedKeyUse = TokenUse & { readonly kind: 'encryptedKey' };

/**
 * The tokens that sign a message of this plan: the one of its main signature first, then those that endorse; none where
 * nothing is signed.
 */
export function signersOf({ protection, supporting, signed }: MessagePlan): readonly TokenUse[] {
  const endorsing = supporting.flatMap(token => (token.endorsing ? [endorsementBy(token)] : []));
  if (protection.kind === 'symmetric') {
    return [{ ...protection.token, derivedKeys: protection.derivedKeys, parts: signed }, ...endorsing];
  }
  if (protection.kind === 'asymmetric') {
    const { signature: certificate } = protection;
    const use = { kind: 'supporting', token: 'x509', signed: false, certificate, derivedKeys: false } as const;
    return [{ ...use, parts: signed }, ...endorsing];
  }
  return endorsing.map((use, index) => (index === 0 ? { ...use, parts: signed } : use));
}

const noParts: Parts = { body: false, headers: [] };

const ownToken: CertificateUse = { include: 'certificate', reference: 'token' };

function endorsementBy(token: EndorsingToken): TokenUse {
  const { kind, derivedKeys, parts = noParts, signed = false, certificate = ownToken } = token;
  if (kind === 'context') return { kind, derivedKeys, parts };
  return { kind: 'supporting', token: kind, signed, certificate, derivedKeys, parts };
}

/** Whether the token that signs is a supporting token in the message itself. */
export function isInMessage(use: TokenUse): use is TokenUse & { readonly kind: 'supporting' } {
  return use.kind === 'supporting' && use.certificate.include !== 'never';
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

/** Whether the signatures of a message stand in it encrypted (WS-SecurityPolicy §6.4). */
export function encryptsSignatures({ protection }: MessagePlan): boolean {
  return protection.kind === 'symmetric' && protection.encryptSignature;
}

/** Whether each signature of a message covers the token of its key, where that is in the message. */
export function protectsTokens({ protection }: MessagePlan): boolean {
  return 'protectTokens' in protection && protection.protectTokens === true;
}

/** Whether a header block is one of those that a policy lists; a name without local part stands for its namespace. */
export function isListed(block: QName, headers: readonly QName[]): boolean {
  for (const { namespace, local } of headers) {
    if (namespace === block.namespace && (local === '' || local === block.local)) return true;
  }
  return false;
}

/** Whether TLS must show who the sender of a message is. */
export function wantsClientCertificate({ protection }: MessagePlan): boolean {
  return protection.kind === 'transport' && protection.clientCertificate === true;
}

/** Whether user name and password of a request stand in HTTP's Authorization. */
export function wantsBasicAuthentication({ protection }: MessagePlan): boolean {
  return protection.kind === 'transport' && protection.basicAuthentication === true;
}

/** Whether a message carries, or refers to, the certificate of who sends it. */
export function wantsCertificateToken({ protection, supporting }: MessagePlan): boolean {
  return protection.kind === 'asymmetric' || supporting.some(({ kind }) => kind === 'x509');
}

/** Whether a message carries a key that is encrypted to the certificate of its recipient. */
export function encryptsToCertificate(plan: MessagePlan): boolean {
  const { protection } = plan;
  if (protection.kind === 'symmetric') return protection.token.kind === 'encryptedKey';
  return encryptsBesideCertificates(plan);
}

/** Whether who sends a message has to know the certificate of its recipient: a key is encrypted to it, or may be. */
function isForCertificate(plan: MessagePlan): boolean {
  return plan.protection.kind === 'asymmetric' || encryptsToCertificate(plan);
}

/**
 * Whether something of a message is decrypted that its sender need not have encrypted: before anything is proved, or
 * with a key that no signature is made with.
 */
export function decryptsUnproven(plan: MessagePlan): boolean {
  return encryptsSignatures(plan) || encryptsBesideCertificates(plan);
}

/** Whether another key encrypts a message than that of the certificate which signs it. */
export function encryptsBesideCertificates({ protection, encrypted }: MessagePlan): boolean {
  return protection.kind === 'asymmetric' && encrypted.body;
}

/** Whether a message carries user name and password. */
export function wantsUsername({ supporting }: MessagePlan): boolean {
  return supporting.some(({ kind }) => kind === 'username');
}

/** Whether who sends a message proves it by user name and password, in the message or beside it. */
export function wantsPassword(plan: MessagePlan): boolean {
  return wantsUsername(plan) || wantsBasicAuthentication(plan);
}

/** Whether nothing that comes with a message says who sends it. */
export function isAnonymous(plan: MessagePlan): boolean {
  if (plan.supporting.length !== 0 || wantsCertificateToken(plan)) return false;
  return !wantsClientCertificate(plan) && !wantsBasicAuthentication(plan);
}

/** Whether who calls a port needs the certificate of the service: a key is encrypted to it, or it signs answers. */
export function needsServiceCertificate(plan: Plan): boolean {
  return provingRequests(plan).some(isForCertificate);
}

/**
 * Whether TLS, a signature over RelatesTo, or one over what confirms those of the request, holds an answer to it. Where
 * nothing does, an answer is known by its Body, and by having answered nothing before.
 */
export function isHeldToRequest(
  { protection, signed, confirmsSignatures }: MessagePlan,
  addressing: AddressingVersion | undefined,
): boolean {
  if (confirmsSignatures && protection.kind !== 'transport') return true;
  if (addressing === undefined) return false;
  if (protection.kind === 'transport') return true;
  return isListed({ namespace: addressing.namespace, local: 'RelatesTo' }, signed.headers);
}

/** Whether any request to a port has TLS show who sends it. */
export function asksForClientCertificate(plan: Plan): boolean {
  const calls = plan.operations.map(({ request }) => request);
  return [...provingRequests(plan), ...calls].some(wantsClientCertificate);
}
