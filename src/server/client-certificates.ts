import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type Awaitable, after } from '../awaitable.ts';
import { digestOf, equalBytes } from '../crypto/digest.ts';
import type { Suite } from '../crypto/suites.ts';
import type { Certificate } from '../crypto/x509.ts';
import { refuse } from '../errors.ts';
import { type MessagePlan, wantsCertificateToken, wantsClientCertificate } from '../policy/plan.ts';
import type { CertificateClaims } from '../security/binary-token.ts';
import { rsaVerifier, type VerificationKey } from '../security/signature.ts';
import type { ProvenToken } from '../security/supporting-tokens.ts';
import type { Context } from '../state/context.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import type { ConversationPort, ServedPort } from './port.ts';

/** Whom a request came from, and what TLS showed of them. */
export interface Requester extends CountedCaller {
  /** The certificate that the client proved in the handshake, then its issuers', DER; absent or empty: none. */
  readonly certificates?: readonly Uint8Array[];
  /** As it came over HTTP. */
  readonly request?: IncomingMessage;
}

/** Certificates of a chain that are looked at. */
const maxCertificates = 4;

/** Of connections that were asked: Node gives the issuers of a peer's certificate the first time only. */
const shown = new WeakMap<object, readonly Uint8Array[]>();

/** The certificates that the peer of a TLS connection has shown; none over a plain one. */
export function peerCertificates(socket: TLSSocket): readonly Uint8Array[] {
  const known = shown.get(socket);
  if (known !== undefined) return known;
  const path = readPeer(socket);
  shown.set(socket, path);
  return path;
}

function readPeer(socket: TLSSocket): Uint8Array[] {
  const path: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.encrypted ? socket.getPeerX509Certificate() : undefined;
  while (next !== undefined && path.length < maxCertificates) {
    const { raw, issuerCertificate }: X509Certificate = next;
    path.push(raw);
    next = issuerCertificate?.raw.equals(raw) ? undefined : issuerCertificate;
  }
  return path;
}

/** Digest of a certificate, as a context keeps it. */
export function credentialOf({ certificate }: Certificate): Uint8Array {
  return digestOf('sha256', certificate.raw);
}

/**
 * The certificate that TLS showed, where a message's plan asks for one.
 * @throws {Refusal} `invalidSecurityToken` where it is missing or not believed
 */
export function tlsCertificate(
  plan: MessagePlan,
  { trust, parts }: ServedPort,
  caller: Requester,
): Awaitable<Certificate | undefined> {
  if (!wantsClientCertificate(plan)) return undefined;
  const { certificates = [] } = caller;
  if (trust === undefined || certificates.length === 0)
    return refuse('invalidSecurityToken', 'client-certificate-missing');
  return trust.check(certificates, parts.clock(), work => parts.openKey(work, caller));
}

/**
 * The key of a certificate that signs a message.
 * @returns undefined for another kind of token, and where the port believes no certificate
 */
export function certificateKey(
  { kind, claims }: ProvenToken,
  { asymmetricSignature }: Suite,
  { trust, parts }: ServedPort,
  caller: Requester,
): Awaitable<VerificationKey | undefined> {
  if (kind !== 'x509' || trust === undefined) return undefined;
  const { certificate, issuers = [] } = claims as CertificateClaims;
  const inTurn = <T>(work: () => Promise<T>) => parts.openKey(work, caller);
  return after(trust.check([certificate, ...issuers], parts.clock(), inTurn), ({ certificate: believed }) =>
    rsaVerifier(believed.publicKey, asymmetricSignature, inTurn),
  );
}

/**
 * A conversation that was begun with the certificate of TLS alone is called with that certificate alone: its key is of
 * no use over another's connection.
 * @throws {Refusal} `invalidSecurityToken`
 */
export function checkSameClient(
  context: Context,
  certificate: Certificate | undefined,
  { plan }: Pick<ConversationPort, 'plan'>,
): void {
  const { request } = plan.bootstrap;
  if (certificate === undefined || !wantsClientCertificate(request) || wantsCertificateToken(request)) return;
  const { credential } = context;
  if (credential === undefined || !equalBytes(credential, credentialOf(certificate)))
    refuse('invalidSecurityToken', 'client-certificate-other');
}
