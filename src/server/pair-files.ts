import { readPair } from '../crypto/key-pair.ts';
import type { PemPair } from '../crypto/pkcs12.ts';
import { checkTlsCertificate } from '../crypto/tls-certificates.ts';
import { loadCertificate } from '../crypto/x509.ts';
import { followFiles, stampsOf } from '../files/followed-files.ts';
import { readGivenFile } from '../files/given-file.ts';
import { type PrivateFileKind, readMountedBytes, readMountedFile } from '../files/private-file.ts';

/** Names of the files of a certificate and its private key: PEM each, or one of PKCS#12. */
export interface PairFiles {
  readonly certificate: string;
  readonly key?: string | undefined;
  /** File whose first line is the passphrase of the PKCS#12 file, or of the key. */
  readonly passphrase?: string | undefined;
}

/** The pair of a configuration that names one. */
export function servicePair({ certificate, key, passphrase }: Partial<PairFiles>): PairFiles | undefined {
  return certificate === undefined ? undefined : { certificate, key, passphrase };
}

/**
 * The pair that `tls` of a configuration names.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file that TLS can't use
 */
export function tlsPair(files: PairFiles): PemPair {
  const pair = pairIn(files);
  checkTlsCertificate(pair, placesOf(files));
  return pair;
}

/**
 * The certificate of a service, which messages are encrypted to, or that of a client, and its key.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file that can't be used
 */
export function ownPair(files: PairFiles, minRsaBits?: number): PemPair {
  const pair = pairIn(files);
  loadCertificate(pair.certificate, pair.key, placesOf(files), minRsaBits);
  return pair;
}

function filesOf({ certificate, key, passphrase }: PairFiles): readonly string[] {
  return [certificate, key, passphrase].filter(file => file !== undefined);
}

const placesOf = ({ certificate, key = certificate }: PairFiles) => ({ certificate, key });

function pairIn(files: PairFiles): PemPair {
  const { certificate, key, passphrase } = files;
  const given = {
    certificate: key === undefined ? pemOrBytes(certificate) : pemText(certificate),
    key: key && readMountedFile(key, keyKind),
    passphrase: passphrase && firstLine(readMountedFile(passphrase, passphraseKind)),
  };
  const pair = readPair(given, placesOf(files), { of: certificate, path: '' });
  if (pair === undefined) throw new TypeError('a certificate was named');
  return pair;
}

/** A file of PEM holds a line that begins with this; all else is PKCS#12. */
const pemMark = '-----BEGIN ';

function pemOrBytes(file: string): string | Uint8Array {
  const bytes = readGivenFile(file, 'CERTIFICATE_INVALID');
  // What is no PEM holds the key too.
  return bytes.includes(pemMark) ? bytes.toString('utf8') : readMountedBytes(file, keyKind);
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** What is done with each pair that has changed: it is read and used; throws where it can't be. */
export type PairUses<Name extends string> = Readonly<Record<Name, (files: PairFiles) => void>>;

/**
 * Notes how the files of some pairs are now, before they are read, to follow them from here on: what changes while a
 * node starts is seen, too.
 * @returns begins to follow them, through links: uses what they hold by then, never a key with another certificate than
 * its own. Its `onError` is told of files that can't be used; what was used before stays. It returns what ends it.
 */
export function followablePairs<Name extends string>(
  pairs: Readonly<Record<Name, PairFiles | undefined>>,
): (uses: PairUses<Name>, onError: (error: unknown) => void) => () => void {
  const named = (Object.entries(pairs) as [Name, PairFiles | undefined][]).flatMap(([name, pair]) =>
    pair === undefined ? [] : [{ name, pair, files: filesOf(pair), since: stampsOf(filesOf(pair)) }],
  );
  return (uses, onError) => {
    const ends = named.map(({ name, pair, files, since }) =>
      followFiles({ files, since, use: () => uses[name](pair), onError }),
    );
    return () => {
      for (const end of ends) end();
    };
  };
}

const keyKind: PrivateFileKind = {
  what: 'private key',
  code: 'CERTIFICATE_INVALID',
  forbiddenMode: 0o037,
  missingHint: 'name the file of the key that belongs to the certificate',
};

const passphraseKind: PrivateFileKind = {
  ...keyKind,
  what: 'passphrase file',
  missingHint: 'name the file whose first line is the passphrase',
};

/** @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file that can't be read */
export function pemText(file: string): string {
  return readGivenFile(file, 'CERTIFICATE_INVALID').toString('utf8');
}
