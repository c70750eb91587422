import { type KeyObject, X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Awaitable, after } from '../awaitable.ts';
import { type ConfigurationError, refuse } from '../errors.ts';
import { attempt, invalidCertificate } from './certificate-error.ts';
import { chainProblem } from './chain.ts';
import { type Crls, openCrls } from './crl-files.ts';
import { type CertificateFields, readCertificate } from './der.ts';
import { digest } from './digest.ts';
import { certificatesIn } from './tls-certificates.ts';
import { type Certificate, parseCertificate } from './x509.ts';

/** What the certificates of peers are held against. */
export interface Trust {
  /** Those that stand in it with a key that may sign: a message may refer to one without carrying it. */
  readonly known: readonly Certificate[];
  /**
   * Judges a certificate by its chain to a trusted one. What was found out is remembered for a while.
   * @param path DER: the certificate, then those of its issuers that came with it, each followed by its issuer's
   * @param inTurn has a costly check done in its turn, or refuses it
   * @throws {Refusal} `invalidSecurityToken` where it is not believed
   */
  check(path: readonly Uint8Array[], nowMs: number, inTurn: InTurn): Awaitable<Certificate>;
}

/** Has a costly work done in its turn, or refuses it. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** One that can be changed while it is used. */
export interface ChangeableTrust extends Trust {
  /**
   * Reads other certificates. What it gives has peers held against these alone, and forgets what was found out.
   * @param trust PEM
   * @throws {SecureConversationError} `CERTIFICATE_INVALID`; then all stays as it is
   */
  change(trust: string): () => void;
}

export interface TrustOptions {
  /** Certificates in PEM: of authorities, and of peers that are trusted themselves. */
  readonly trust: string;
  /** Files with CRLs. With any, each issuer in a chain needs a current one. */
  readonly crl: readonly string[];
  readonly minRsaBits: number;
  /** Name of the option that `trust` comes from, for error messages. */
  readonly place: string;
  /** Told of a changed CRL file that can't be used. */
  readonly onError: (error: ConfigurationError) => void;
  /** What the certificates of these peers have to be for. */
  readonly purpose: Purpose;
}

/** Certificates of a chain, with the trusted one. */
const maxChain = 4;
/** How long an outcome is believed: an authority may be distrusted by a new CRL, a date may pass. */
const keptMs = 300_000;
const keptOutcomes = 1_000;

/** A certificate with what chains are made by. */
interface Link {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
}

/** What was found out of a path. */
interface Outcome {
  readonly problem: string | undefined;
  readonly untilMs: number;
  /** The CRLs that it was found out by. */
  readonly crls: readonly Buffer[];
}

/**
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` for a text without certificates, and for files of CRLs that
 * can't be read
 */
export function openTrust({ trust, crl, minRsaBits, place, onError, purpose }: TrustOptions): ChangeableTrust {
  const judged = { crls: openCrls(crl, onError), minRsaBits, place, purpose };
  let present = trustIn(trust, judged);
  return {
    get known() {
      return present.known;
    },
    check: (path, nowMs, inTurn) => present.check(path, nowMs, inTurn),
    change(other) {
      const next = trustIn(other, judged);
      return () => {
        present = next;
      };
    },
  };
}

/** What certificates of peers are judged by beside those that are trusted. */
interface Judged extends Pick<TrustOptions, 'minRsaBits' | 'place' | 'purpose'> {
  readonly crls: Crls;
}

function trustIn(trust: string, { crls, minRsaBits, place, purpose }: Judged): Trust {
  const links = certificatesIn(trust, place).map((certificate, i) => {
    const fields = attempt(place, `certificate ${i + 1} can't be read`, () => readCertificate(certificate.raw));
    return { certificate, fields };
  });
  // Only who may issue certificates is an anchor: one that a client's certificate has issued is nobody's.
  const authorities = links.filter(({ certificate }) => certificate.ca);
  const known = links.flatMap(({ certificate }) => parseCertificate(certificate.raw, minRsaBits) ?? []);
  if (authorities.length === 0 && known.length === 0)
    invalidCertificate(
      `${place}: no certificate of an authority, and none with an RSA key of ${minRsaBits} to 4096 bits`,
    );
  // Apart, so that nobody drives out the good ones by sending many that are not.
  const good = new LRUCache<string, Outcome>({ max: keptOutcomes });
  const bad = new LRUCache<string, Outcome>({ max: keptOutcomes });

  const remembered = (name: string, nowMs: number) => {
    const outcome = good.get(name) ?? bad.get(name);
    return outcome !== undefined && nowMs < outcome.untilMs && outcome.crls === crls.current() ? outcome : undefined;
  };
  const remember = (name: string, problem: string | undefined, lists: readonly Buffer[], nowMs: number) => {
    const outcome = { problem, untilMs: nowMs + keptMs, crls: lists };
    (problem === undefined ? good : bad).set(name, outcome);
    return problem;
  };
  const judge = (path: readonly Link[], nowMs: number, inTurn: InTurn): Awaitable<string | undefined> => {
    const [own, last] = [path[0], path.at(-1)];
    const anchors = authorities.filter(
      authority => !isSame(authority, own) && last?.fields.issuer.der.equals(authority.fields.subject.der),
    );
    if (anchors.length === 0) return known.some(one => isSame(one, own)) ? undefined : 'certificate-untrusted';
    if (path.length >= maxChain) return 'certificate-path';
    const name = digest('sha256', Buffer.concat(path.map(({ certificate }) => certificate.raw)));
    const found = remembered(name, nowMs);
    if (found !== undefined) return found.problem;
    const lists = crls.current();
    return inTurn(async () => {
      const anchor = anchors.find(({ certificate }) => isSignedBy(last, certificate.publicKey));
      // From the anchor on: no key is used that nobody believed has signed.
      const isSigned = path.every((_, i) => {
        const at = path.length - 1 - i;
        const issuer = path[at + 1] ?? anchor;
        return issuer !== undefined && isSignedBy(path[at], issuer.certificate.publicKey);
      });
      if (anchor === undefined || !isSigned) return 'certificate-untrusted';
      const chain = [...path, anchor].map(({ certificate }) => certificate.raw);
      return chainProblem(chain, lists, nowMs);
    }).then(problem => remember(name, problem, lists, nowMs));
  };

  return {
    known,
    check(given, nowMs, inTurn) {
      const own = given[0] && parseCertificate(given[0], minRsaBits);
      if (own === undefined) return refuse('invalidSecurityToken', 'certificate-key');
      const path = pathOf(given, own, authorities) ?? refuse('invalidSecurityToken', 'certificate-path');
      const problem = dateProblem(path, nowMs) ?? usageProblem(own, purpose);
      if (problem !== undefined) refuse('invalidSecurityToken', problem);
      return after(judge(path, nowMs, inTurn), found =>
        found === undefined ? own : refuse('invalidSecurityToken', found),
      );
    },
  };
}

function isSame({ certificate }: Link, other: Link | undefined): boolean {
  return other !== undefined && certificate.raw.equals(other.certificate.raw);
}

/**
 * The certificates of a path up to the one that a trusted one has issued; undefined where they are too many, or are no
 * path by their names.
 */
function pathOf(given: readonly Uint8Array[], own: Certificate, authorities: readonly Link[]): Link[] | undefined {
  if (given.length > maxChain) return undefined;
  const links: Link[] = [own];
  for (const der of given.slice(1)) {
    const issuer = linkOf(der);
    if (issuer === undefined || !links.at(-1)?.fields.issuer.der.equals(issuer.fields.subject.der)) return undefined;
    // A trusted one that came along, too, is the end.
    if (authorities.some(authority => isSame(authority, issuer))) return links;
    links.push(issuer);
  }
  return links;
}

/** An issuer's certificate as somebody sent it; undefined for anything else. */
function linkOf(der: Uint8Array): Link | undefined {
  try {
    const certificate = new X509Certificate(der);
    return { certificate, fields: readCertificate(certificate.raw) };
  } catch {
    return undefined;
  }
}

function dateProblem(path: readonly Link[], nowMs: number): string | undefined {
  for (const { certificate } of path) {
    if (Date.parse(certificate.validTo) < nowMs) return 'certificate-expired';
    if (Date.parse(certificate.validFrom) > nowMs) return 'certificate-not-yet-valid';
  }
  return undefined;
}

/** Who shows a certificate: a client that signs with its key, or a service that others encrypt to. */
export type Purpose = 'client' | 'service';

/** What the certificate of each is for, where it says so: one of these bits of KeyUsage, and one of these purposes. */
const usages: Readonly<Record<Purpose, { readonly keyUsage: number; readonly extended: readonly string[] }>> = {
  // digitalSignature, nonRepudiation; clientAuth, anyExtendedKeyUsage (RFC 5280 §4.2.1.3, §4.2.1.12)
  client: { keyUsage: 0xc0, extended: ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'] },
  // digitalSignature, keyEncipherment; serverAuth, anyExtendedKeyUsage
  service: { keyUsage: 0xa0, extended: ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'] },
};

function usageProblem({ fields }: Certificate, purpose: Purpose): string | undefined {
  const { keyUsage, extended } = usages[purpose];
  const isForKey = fields.keyUsage === undefined || (fields.keyUsage & keyUsage) !== 0;
  const isForPeer = fields.extendedKeyUsage?.some(usage => extended.includes(usage)) ?? true;
  return isForKey && isForPeer ? undefined : 'certificate-usage';
}

/** RSA and ECDSA with SHA-256 to SHA-512: a collision of an older one could be signed by the authority. */
const signatureAlgorithms: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
]);

function isSignedBy(link: Link | undefined, key: KeyObject): boolean {
  if (link === undefined || !signatureAlgorithms.has(link.fields.signatureAlgorithm)) return false;
  try {
    return link.certificate.verify(key);
  } catch {
    return false;
  }
}
