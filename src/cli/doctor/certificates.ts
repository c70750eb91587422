import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { ownPair, type PairFiles, tlsPair } from '../../server/pair-files.ts';
import { utc } from '../ring-listing.ts';
import { type Finding, well, wrong } from './finding.ts';

const soonMs = 30 * 86_400_000;

/** Whether a service's own certificate belongs to its key, and for how long it is valid. */
export function serviceFindings(files: PairFiles, nowMs: number, minRsaBits?: number): readonly Finding[] {
  const { certificate } = ownPair(files, minRsaBits);
  return [validity(files.certificate, new X509Certificate(certificate), nowMs)];
}

/**
 * The same of the one for TLS, and whether it names all hosts that clients send to.
 * @param addresses base addresses
 */
export function tlsFindings(files: PairFiles, addresses: readonly string[], nowMs: number): readonly Finding[] {
  const certificate = new X509Certificate(tlsPair(files).certificate);
  const hosts = new Set(
    addresses
      .map(address => new URL(address))
      .filter(isTls)
      .map(hostOf),
  );
  const unnamed = [...hosts].filter(host => !names(certificate, host));
  return [
    validity(files.certificate, certificate, nowMs),
    ...unnamed.map(host =>
      wrong(
        'certificates',
        'warning',
        `${files.certificate} does not name ${host}, which is among addresses`,
        'get a certificate for that name, or take the address away',
      ),
    ),
  ];
}

function isTls({ protocol }: URL): boolean {
  return protocol === 'https:';
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function names(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

/** For how long a certificate is valid. */
export function validity(file: string, certificate: X509Certificate, nowMs: number): Finding {
  const [fromMs, untilMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const renew = 'put a new certificate in its place, and start the nodes again one by one';
  if (nowMs < fromMs)
    return wrong('certificates', 'error', `${file} is valid from ${utc(fromMs)} only`, 'set the clock right');
  if (nowMs >= untilMs) return wrong('certificates', 'error', `${file} has expired at ${utc(untilMs)}`, renew);
  const until = `${file} is valid until ${utc(untilMs)}`;
  return untilMs - nowMs < soonMs ? wrong('certificates', 'warning', until, renew) : well('certificates', until);
}

/** Whether files with secrets are for their owner alone. Group may be let at them, as Kubernetes mounts secrets. */
export function secretFindings(files: readonly string[]): readonly Finding[] {
  if (process.geteuid === undefined) return [];
  const open = files.filter(file => (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o007);
  if (open.length === 0) return files.length === 0 ? [] : [well('files', 'no private key can be read by others')];
  return open.map(file => wrong('files', 'error', `${file} can be read or written by others`, `chmod 600 ${file}`));
}
