import type { BasicConstraints, Certificate, CertificateRevocationList } from 'pkijs';

/** Why a chain is not believed; undefined where it is. */
export type ChainProblem =
  | 'certificate-chain'
  | 'certificate-expired'
  | 'certificate-revoked'
  | 'certificate-revocation-unknown';

/** What a result of pkijs means where it is not that the certificates do not make a chain. */
const problems: ReadonlyMap<number, ChainProblem> = new Map([
  [8, 'certificate-expired'],
  [11, 'certificate-revocation-unknown'],
  [12, 'certificate-revoked'],
  [13, 'certificate-revocation-unknown'],
]);

/**
 * Judges a chain whose signatures have been verified (RFC 5280 §6.1): dates, who may issue, constraints of names and
 * lengths, and revocation where there are CRLs: then each issuer needs one that is current.
 *
 * pkijs is given nothing to choose: of several candidates for an issuer, or several ways to an anchor, it passes by
 * some without a check.
 *
 * @param chain DER: the certificate, who issued it, …, the trusted one
 * @param crls DER
 */
export async function chainProblem(
  chain: readonly Buffer[],
  crls: readonly Buffer[],
  nowMs: number,
): Promise<ChainProblem | undefined> {
  const pkijs = await import('pkijs');
  const now = new Date(nowMs);
  const certificates = chain.flatMap(der => readBy(() => pkijs.Certificate.fromBER(der)));
  const lists = crls.flatMap(der => readBy(() => pkijs.CertificateRevocationList.fromBER(der)));
  const [anchor, ...below] = certificates.toReversed();
  const isRead = certificates.length === chain.length;
  if (anchor === undefined || !isRead || !certificates.every(isUnderstood) || !certificates.every(allowsLength))
    return 'certificate-chain';
  const engine = new pkijs.CertificateChainValidationEngine({
    trustedCerts: [anchor],
    certs: below,
    crls: lists.filter(list => isWhole(list, now)),
    checkDate: now,
    findIssuer: async certificate => {
      const issuer = certificates[certificates.indexOf(certificate) + 1];
      return [issuer ?? anchor];
    },
  });
  // Where no list is left, it would ask for none.
  if (crls.length > 0 && engine.crls.length === 0) return 'certificate-revocation-unknown';
  const { result, resultCode, certificatePath = [] } = await engine.verify();
  const isThis =
    certificatePath.length === certificates.length && certificates.every(one => certificatePath.includes(one));
  return result && isThis ? undefined : (problems.get(resultCode) ?? 'certificate-chain');
}

/** What octets are read as; nothing where they are something else. */
function readBy<T>(read: () => T): readonly T[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}

/** Extensions that pkijs or `trust.ts` judges by, or that restrict nothing here (RFC 5280 §4.2.1). */
const understood: ReadonlySet<string> = new Set(
  // subjectKeyIdentifier, keyUsage, subjectAltName, issuerAltName, basicConstraints, nameConstraints,
  // cRLDistributionPoints, certificatePolicies, policyMappings, authorityKeyIdentifier, policyConstraints,
  // extKeyUsage, inhibitAnyPolicy
  [14, 15, 17, 18, 19, 30, 31, 32, 33, 35, 36, 37, 54].map(arc => `2.5.29.${arc}`),
);

/** An extension that is critical and not known forbids every use (RFC 5280 §4.2). */
function isUnderstood({ extensions = [] }: Certificate): boolean {
  return extensions.every(({ critical, extnID }) => !critical || understood.has(extnID));
}

/** How many certificates of issuers may follow below this one (RFC 5280 §4.2.1.9). */
function allowsLength({ extensions = [] }: Certificate, index: number): boolean {
  const basic = extensions.find(({ extnID }) => extnID === '2.5.29.19')?.parsedValue as BasicConstraints | undefined;
  const most = basic?.pathLenConstraint;
  return typeof most !== 'number' || index - 1 <= most;
}

/** A CRL that is current, and the whole of it: one with a critical extension may be a part (RFC 5280 §5.2). */
function isWhole({ thisUpdate, nextUpdate, crlExtensions }: CertificateRevocationList, now: Date): boolean {
  const isCurrent = thisUpdate.value <= now && nextUpdate !== undefined && nextUpdate.value >= now;
  return isCurrent && (crlExtensions?.extensions ?? []).every(({ critical }) => !critical);
}
