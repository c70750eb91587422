import { readPair } from '../crypto/key-pair.ts';
import type { PemPair } from '../crypto/pkcs12.ts';
import { certificatesIn } from '../crypto/tls-certificates.ts';
import { type Certificate, loadCertificate, loadPeerCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { CertificateKeys } from '../message/protection-key.ts';
import type { BootstrapKeys } from '../message/sending-key.ts';
import {
  asksForClientCertificate,
  needsServiceCertificate,
  type Plan,
  provingExchanges,
  provingRequests,
  signersOf,
  wantsBasicAuthentication,
  wantsCertificateToken,
  wantsUsername,
} from '../policy/plan.ts';
import type { CertificateClaims } from '../security/binary-token.ts';
import { rsaSigner, rsaVerifier } from '../security/signature.ts';
import { hasOnlyCharacters } from '../xml/characters.ts';
import type { SessionSettings } from './session-options.ts';

/** What a client proves with who it is, and finds the service by. */
export interface Credentials {
  /** For messages. */
  readonly keys: BootstrapKeys;
  /**
   * What answers are read with that are of no conversation, where the policy has them signed and encrypted by
   * certificates.
   */
  readonly answers: CertificateKeys | undefined;
  /** For TLS; undefined where the policy asks for none. */
  readonly tls: PemPair | undefined;
  /** HTTP's Authorization; undefined where the policy asks for none. */
  readonly authorization: string | undefined;
}

/** What credentials are made of. */
export type CredentialSettings = Pick<
  SessionSettings,
  'plan' | 'username' | 'password' | 'certificate' | 'key' | 'passphrase' | 'serviceCertificate'
> &
  Partial<Pick<SessionSettings, 'minRsaBits'>>;

/**
 * The credentials that the policy of a port asks for.
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` where one of them is missing or unusable
 */
export function credentialsOf(settings: CredentialSettings): Credentials {
  const { plan } = settings;
  const pair = readPair(settings, { certificate: 'certificate', key: 'key' }, { of: 'secureConversation', path: '' });
  const x509 = certificateKeys(settings, pair);
  const tokens = { ...usernameTokens(settings), ...x509?.tokens };
  const recipient = recipientOf(settings);
  return {
    keys: {
      tokens,
      ...(x509 === undefined ? {} : { signingKeys: x509.signingKeys }),
      ...(recipient === undefined ? {} : { recipient }),
    },
    answers: answerKeys(plan, x509?.own, recipient),
    tls: asksForClientCertificate(plan) ? (pair ?? missing(plan, "shows TLS the client's certificate")) : undefined,
    authorization: basicAuthorization(settings),
  };
}

function usernameTokens(settings: CredentialSettings): BootstrapKeys['tokens'] {
  if (!provingRequests(settings.plan).some(wantsUsername)) return {};
  const username = usernameClaims(settings);
  if (!hasOnlyCharacters(username.username + username.password))
    throw new ConfigurationError('CONFIG_INVALID', 'user name or password holds a character that XML can not');
  return { username };
}

/** RFC 7617 §2: a user name has no colon, and neither has control characters. */
function basicAuthorization(settings: CredentialSettings): string | undefined {
  if (!provingRequests(settings.plan).some(wantsBasicAuthentication)) return undefined;
  const { username, password } = usernameClaims(settings);
  if (username.includes(':') || /\p{Cc}/u.test(username + password))
    throw new ConfigurationError('CONFIG_INVALID', 'user name or password holds a character that HTTP can not', {
      hint: 'a user name has no colon, and neither has control characters (RFC 7617)',
    });
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function usernameClaims({ plan, username, password }: CredentialSettings) {
  if (username === undefined || password === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} asks for a user name and password`, {
      hint: 'give username and password',
    });
  return { username, password };
}

/** What a certificate says in a message, and how its key signs; undefined where the policy asks for none. */
function certificateKeys({ plan, minRsaBits }: CredentialSettings, pair: PemPair | undefined) {
  const request = provingRequests(plan).find(wantsCertificateToken);
  const use = request && signersOf(request).find(signer => signer.kind === 'supporting' && signer.token === 'x509');
  if (request === undefined || use?.kind !== 'supporting') return undefined;
  const { certificate: pem, key } = pair ?? missing(plan, 'signs with the certificate of the client');
  const own = loadCertificate(pem, key, { certificate: 'certificate', key: 'key' }, minRsaBits);
  const [certificate = own.certificate.raw, ...issuers] = certificatesIn(pem, 'certificate').map(({ raw }) => raw);
  const claims: CertificateClaims = use.certificate.include === 'path' ? { certificate, issuers } : { certificate };
  return {
    own,
    tokens: { x509: claims },
    signingKeys: { x509: rsaSigner(own.privateKey, request.suite.asymmetricSignature) },
  };
}

/** Of all certificates only the service's is believed. */
function answerKeys(
  plan: Plan,
  own: OwnCertificate | undefined,
  service: Certificate | undefined,
): CertificateKeys | undefined {
  const isByCertificates = provingExchanges(plan).some(({ response }) => response.protection.kind === 'asymmetric');
  if (!isByCertificates || own === undefined || service === undefined) return undefined;
  return {
    ownCertificates: [own],
    knownCertificates: [service],
    findTokenKey: ({ claims }, { asymmetricSignature }) =>
      service.certificate.raw.equals((claims as CertificateClaims).certificate)
        ? rsaVerifier(service.certificate.publicKey, asymmetricSignature, work => work())
        : undefined,
  };
}

function recipientOf({ plan, serviceCertificate, minRsaBits }: CredentialSettings): Certificate | undefined {
  if (!needsServiceCertificate(plan)) return undefined;
  if (serviceCertificate === undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${plan.port} needs the service's certificate, and none was given`,
      {
        hint: 'give serviceCertificate (PEM)',
      },
    );
  return loadPeerCertificate(serviceCertificate, 'serviceCertificate', minRsaBits);
}

function missing({ port }: Plan, does: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `port ${port} ${does}, and none was given`, {
    hint: 'give certificate and key (PEM), or certificate alone (PKCS#12)',
  });
}
