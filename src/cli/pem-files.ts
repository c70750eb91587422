import { certificatesIn } from '../crypto/tls-certificates.ts';
import { loadPeerCertificate } from '../crypto/x509.ts';
import { followFiles, stampOf } from '../files/followed-files.ts';
import type { Authorities } from '../server/authorities.ts';
import { pemText } from '../server/pair-files.ts';

/**
 * Text of a file with the certificates of trusted authorities; undefined where none was named.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function authoritiesText<File extends string | undefined>(file: File): File {
  return (file === undefined ? undefined : checked(file, certificatesIn)) as File;
}

/** Options of ports, which may have certificates of their own to trust clients by. */
type PortsTrust<Port> = Readonly<Record<string, Port>>;

/**
 * Options that say which clients are trusted, with texts in the place of files.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function trustTexts<Port extends { readonly trust?: string }>({
  trust,
  ports,
}: {
  readonly trust: string | undefined;
  readonly ports: PortsTrust<Port> | undefined;
}): { readonly trust?: string; readonly ports?: PortsTrust<Port> } {
  const inText = <T extends { readonly trust?: string }>(options: T): T =>
    options.trust === undefined ? options : { ...options, trust: authoritiesText(options.trust) };
  return {
    ...inText(trust === undefined ? {} : { trust }),
    ...(ports && { ports: Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, inText(port)])) }),
  };
}

/** A file with certificates that say who is trusted, and what they are to those who use them. */
export interface AuthorityFile<Uses> {
  readonly file: string | undefined;
  readonly as: (pem: string) => Uses;
}

/** The files of {@link trustTexts}. */
export function trustFiles({
  trust,
  ports = {},
}: {
  readonly trust?: string;
  readonly ports?: PortsTrust<{ readonly trust?: string }>;
}): readonly AuthorityFile<Pick<Authorities, 'trust' | 'ports'>>[] {
  const ofPorts = Object.entries(ports).map(([name, port]) => ({
    file: port.trust,
    as: (pem: string) => ({ ports: { [name]: pem } }),
  }));
  return [{ file: trust, as: pem => ({ trust: pem }) }, ...ofPorts];
}

/**
 * Notes how files are now, before they are read, to follow them from here on, through links.
 * @returns begins to follow them: `use` takes what they hold by then. `onError` is told of one that can't be used; what
 * was used before stays
 */
export function followableAuthorities<Uses>(
  files: readonly AuthorityFile<Uses>[],
): (use: (authorities: Uses) => void, onError: (error: unknown) => void) => void {
  const noted = files.flatMap(({ file, as }) => (file === undefined ? [] : [{ file, as, since: stampOf(file) }]));
  return (use, onError) => {
    for (const { file, as, since } of noted)
      followFiles({ files: [file], since, use: () => use(as(authoritiesText(file))), onError });
  };
}

/**
 * Text of a file with the certificate of a service; undefined where none was named.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function peerText(file: string | undefined): string | undefined {
  return file === undefined ? undefined : checked(file, loadPeerCertificate);
}

function checked(file: string, check: (text: string, place: string) => unknown): string {
  const text = pemText(file);
  check(text, file);
  return text;
}
