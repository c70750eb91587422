/** The service's certificate: given, or that of the WSDL where it is pinned or has a chain to a trusted one. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { digestOf } from '../crypto/digest.ts';
import { openTrust } from '../crypto/trust.ts';
import { usualMinRsaBits } from '../crypto/x509.ts';
import { ConfigurationError, Refusal } from '../errors.ts';
import { type Describes, text, where } from '../fields.ts';
import { identityCertificates } from '../policy/identity.ts';
import { needsServiceCertificate, type Plan } from '../policy/plan.ts';
import { portNamed, type Wsdl } from '../policy/wsdl.ts';

/** How the service is known that messages are encrypted to. */
export interface ServiceIdentityOptions {
  /**
   * CA certificates (PEM) that the certificate in the WSDL's Identity has to have a chain to. Default: none.
   */
  readonly serviceTrust?: string;
  /** Host name that this certificate must be for. Default: that of the first of `addresses`, else of the WSDL's. */
  readonly serviceName?: string;
  /**
   * SHA-256 fingerprint that the certificate in the WSDL's Identity has to have. 64 hexadecimal digits, with or without
   * colons; default: none.
   */
  readonly serviceFingerprint?: string;
}

const fingerprint = where<string>(
  { type: 'text', range: '64 hexadecimal digits, with or without colons' },
  value => typeof value === 'string' && /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(value),
  'must be 64 hexadecimal digits, with or without colons',
);

/** Members of {@link ServiceIdentityOptions}. */
export const serviceIdentityMembers = {
  serviceTrust: {
    is: text,
    without: 'none',
    means: "CA certificates (PEM) that the certificate in the WSDL's Identity has to have a chain to.",
  },
  serviceName: {
    is: text,
    without: "that of the first of `addresses`, else of the WSDL's",
    means: 'Host name that this certificate must be for.',
  },
  serviceFingerprint: {
    is: fingerprint,
    without: 'none',
    means: "SHA-256 fingerprint that the certificate in the WSDL's Identity has to have.",
  },
} satisfies Describes<ServiceIdentityOptions>;

/** What is known of the service, and whose names errors say. */
export interface KnownService extends ServiceIdentityOptions {
  readonly serviceCertificate?: string;
  /** Where calls go. */
  readonly addresses?: readonly string[];
  readonly minRsaBits?: number;
}

/** What the options are called where they are given. */
export interface ServiceOptionNames {
  readonly certificate: string;
  readonly trust: string;
  readonly fingerprint: string;
}

const optionNames: ServiceOptionNames = {
  certificate: 'serviceCertificate (PEM)',
  trust: 'serviceTrust (PEM)',
  fingerprint: 'serviceFingerprint',
};

/**
 * The certificate that messages of a port are encrypted to.
 * @param plans those of the port
 * @param nowMs milliseconds since the epoch
 * @param names of the options, for errors
 * @returns PEM; undefined where none is needed, or another alternative of the policy needs none
 * @throws {SecureConversationError} `CONFIG_INVALID` where one is needed and none was given, nor one of the WSDL can be
 * believed; `CERTIFICATE_INVALID` where that of the WSDL is not what it has to be
 */
export async function serviceCertificateOf(
  wsdl: Wsdl,
  plans: readonly [Plan, ...Plan[]],
  known: KnownService,
  nowMs: number,
  names: ServiceOptionNames = optionNames,
): Promise<string | undefined> {
  if (known.serviceCertificate !== undefined || !plans.some(needsServiceCertificate)) return known.serviceCertificate;
  const [{ port, address }] = plans;
  const path = identityCertificates(portNamed(wsdl, port));
  const { serviceTrust, serviceFingerprint } = known;
  const [own] = path;
  const isPinned = (serviceTrust ?? serviceFingerprint) !== undefined;
  if (own !== undefined && isPinned) {
    const name = known.serviceName ?? new URL(known.addresses?.[0] ?? address).hostname;
    return believed(path, own, { ...known, serviceName: name }, nowMs);
  }
  // Who takes the certificate out of a WSDL does not choose the alternative that needs none.
  if (isPinned || plans.every(needsServiceCertificate)) throw unknownService(port, own, names);
  return undefined;
}

function unknownService(port: string, own: Uint8Array | undefined, names: ServiceOptionNames): ConfigurationError {
  const needs = `port ${port} needs the service's certificate`;
  if (own === undefined)
    return new ConfigurationError('CONFIG_INVALID', `${needs}, and its WSDL has none`, {
      hint: `give it with ${names.certificate}`,
    });
  return new ConfigurationError('CONFIG_INVALID', `${needs}; that of the WSDL is not believed unless you say by what`, {
    hint:
      `give ${names.trust}, the CA that issued it; or ${names.fingerprint} ${fingerprintOf(own)}, ` +
      "if the service's operator tells you the same; or a certificate of your own knowledge with " +
      names.certificate,
  });
}

async function believed(
  path: readonly Uint8Array[],
  own: Uint8Array,
  { serviceTrust, serviceFingerprint, serviceName = '', minRsaBits = usualMinRsaBits }: KnownService,
  nowMs: number,
): Promise<string> {
  if (serviceFingerprint !== undefined && fingerprintOf(own) !== hexOf(serviceFingerprint))
    throw notBelieved(`its fingerprint is ${fingerprintOf(own)}`);
  if (serviceTrust !== undefined) await checkChain(path, serviceTrust, minRsaBits, nowMs);
  const certificate = readOwn(own);
  if (serviceTrust !== undefined && !isFor(certificate, serviceName)) throw notBelieved(`it is not for ${serviceName}`);
  return certificate.toString();
}

async function checkChain(path: readonly Uint8Array[], trust: string, minRsaBits: number, nowMs: number) {
  // Without CRLs nobody is told of one.
  const authorities = openTrust({
    trust,
    crl: [],
    minRsaBits,
    place: 'serviceTrust',
    purpose: 'service',
    onError: () => {},
  });
  try {
    await authorities.check(path, nowMs, work => work());
  } catch (error) {
    throw error instanceof Refusal ? notBelieved(error.reason) : error;
  }
}

/** @param host a name, or an IP address as a URL has it */
function isFor(certificate: X509Certificate, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return (isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare)) !== undefined;
}

function readOwn(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw notBelieved('it can not be read');
  }
}

function notBelieved(why: string): ConfigurationError {
  return new ConfigurationError(
    'CERTIFICATE_INVALID',
    `the service's certificate in the WSDL is not believed: ${why}`,
    {
      hint: "ask the service's operator for its certificate",
    },
  );
}

/** SHA-256, in hexadecimal. */
function fingerprintOf(der: Uint8Array): string {
  return Buffer.from(digestOf('sha256', der)).toString('hex');
}

function hexOf(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
