import { type GivenPair, readPair } from '../crypto/key-pair.ts';
import type { PemPair } from '../crypto/pkcs12.ts';
import { checkTlsCertificate, type TlsCertificate } from '../crypto/tls-certificates.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { failAt, type Place, within } from '../fields.ts';
import type { Relay } from './relay.ts';

/** What a service has of certificates and keys, as options give it: its own, and that for TLS. */
interface GivenPairs extends GivenPair {
  readonly tls?: TlsCertificate | undefined;
}

/** Options with the certificates and keys among them read: each is a pair in PEM. */
export type WithPairs<Options extends GivenPairs> = Omit<Options, keyof GivenPairs> & {
  readonly own: PemPair | undefined;
  readonly tls: PemPair | undefined;
};

const tlsPlaces = { certificate: 'tls.certificate', key: 'tls.key' };

/**
 * Reads the certificates and keys among options.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option, `CERTIFICATE_INVALID` for what TLS can't serve
 * with
 */
export function withPairs<Options extends GivenPairs>(given: Options, place: Place): WithPairs<Options> {
  const { certificate, key, passphrase, tls: givenTls, ...rest } = given;
  const own = readPair({ certificate, key, passphrase }, { certificate: 'certificate', key: 'key' }, place);
  const tls = givenTls && readPair(givenTls, tlsPlaces, within(place, 'tls'));
  if (tls !== undefined) checkTlsCertificate(tls, tlsPlaces);
  return { ...rest, own, tls };
}

/** Certificates and their private keys that take the place of others; one that is not given stays. */
export interface Certificates {
  /** What messages are encrypted to. */
  readonly service?: TlsCertificate;
  /** What `listen({ https })` serves with. */
  readonly tls?: TlsCertificate;
  /** What the issuer knows this node by; only where it has one. */
  readonly issuer?: TlsCertificate;
}

/** What has certificates, but for the sockets. */
interface CertificateHolders {
  /** The first is the service's; the one after it was until the last change. */
  readonly ownCertificates: OwnCertificate[];
  readonly relay?: Relay | undefined;
  readonly settings: { readonly minRsaBits: number };
}

/**
 * Checks certificates, and takes that of the service before the one until now, and that which the issuer is shown.
 * @returns that for TLS, PEM; undefined where none is given
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, `CONFIG_INVALID` for one that is shown to no issuer; then
 * all stays as it is
 */
export function takeCertificates(
  given: { readonly [Name in keyof Certificates]: TlsCertificate | undefined },
  { ownCertificates, relay, settings }: CertificateHolders,
): PemPair | undefined {
  const places = (of: string) => ({ certificate: `${of}.certificate`, key: `${of}.key` });
  const pairOf = (of: keyof Certificates) =>
    given[of] && readPair(given[of], places(of), { of: 'useCertificates', path: of });
  const [service, tls, shown] = [pairOf('service'), pairOf('tls'), pairOf('issuer')];
  if (shown !== undefined && relay === undefined)
    failAt({ of: 'useCertificates', path: 'issuer' }, 'has no use: this node issues by itself');
  const own = service && loadCertificate(service.certificate, service.key, places('service'), settings.minRsaBits);
  for (const [of, pair] of Object.entries({ tls, issuer: shown }))
    if (pair !== undefined) checkTlsCertificate(pair, places(of));
  if (own !== undefined) ownCertificates.splice(0, Infinity, own, ...ownCertificates.slice(0, 1));
  if (shown !== undefined) relay?.use(shown);
  return tls;
}
