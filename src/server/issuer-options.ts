import { certificatesIn, checkTlsCertificate } from '../crypto/tls-certificates.ts';
import { type Describes, number, object, type Place, text, within } from '../fields.ts';
import { issuerAddress } from './address-fields.ts';

/** The issuer of a node that issues nothing itself. */
export interface IssuerOptions {
  /** Base address of the issuer's socket for nodes (`https://host:port`). */
  readonly address: string;
  /** CA certificates that vouch for the issuer's TLS certificate (PEM). */
  readonly ca: string;
  /** Certificate that the issuer knows this node by (PEM). */
  readonly certificate: string;
  /** Its private key (PEM). */
  readonly key: string;
  /** Longest wait for one whole answer. 1 to 600,000 (10 min); default: 15,000 (15 s). */
  readonly timeoutMs?: number;
}

export const issuerTimeoutMs = {
  is: number(1, 600_000, 'ms'),
  default: 15_000,
  means: 'Longest wait for one whole answer.',
} as const;

/** What the members of an issuer mean: texts of PEM in code, files in a configuration. */
export const issuerMeans = {
  address: "Base address of the issuer's socket for nodes (`https://host:port`).",
  ca: "CA certificates that vouch for the issuer's TLS certificate (PEM).",
  certificate: 'Certificate that the issuer knows this node by (PEM).',
  key: 'Its private key (PEM).',
} as const;

/** Reads what is given of {@link IssuerOptions}. */
export const issuerField = object({
  address: { is: issuerAddress, required: true, means: issuerMeans.address },
  ca: { is: text, required: true, means: issuerMeans.ca },
  certificate: { is: text, required: true, means: issuerMeans.certificate },
  key: { is: text, required: true, means: issuerMeans.key },
  timeoutMs: issuerTimeoutMs,
} satisfies Describes<IssuerOptions>);

/** @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the option that TLS can't use */
export function checkIssuer({ ca, certificate, key }: IssuerOptions, place: Place): void {
  const pathOf = (name: string) => within(place, name).path;
  certificatesIn(ca, pathOf('ca'));
  checkTlsCertificate({ certificate, key }, { certificate: pathOf('certificate'), key: pathOf('key') });
}
