import { createPrivateKey } from 'node:crypto';
import { type Field, failAt, type Place, text } from '../fields.ts';
import { attempt } from './certificate-error.ts';
import { type PemPair, readPkcs12 } from './pkcs12.ts';

/** A certificate and its private key as somebody has them: in PEM each, or both in a PKCS#12 file. */
export interface GivenPair {
  /** PEM, the certificate first and then its issuers'; or the bytes of a PKCS#12 file. */
  readonly certificate?: string | Uint8Array | undefined;
  /** PEM; nothing beside a PKCS#12 file, which has it in it. */
  readonly key?: string | undefined;
  /** Of a PKCS#12 file, or of a key that is encrypted. */
  readonly passphrase?: string | undefined;
}

/** Names of the files or options that a pair comes from. */
export interface PairPlaces {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate in PEM, or the bytes of a PKCS#12 file. */
export const certificateField: Field<string | Uint8Array> = {
  type: 'text, or bytes of a PKCS#12 file',
  read: (value, place) =>
    (typeof value === 'string' && value !== '') || value instanceof Uint8Array
      ? value
      : failAt(place, 'must be a text (PEM), or the bytes of a PKCS#12 file'),
};

/** The members of options that go with a certificate. */
export const keyMembers = {
  key: { is: text, without: 'none', means: 'Its private key (PEM).' },
  passphrase: { is: text, without: 'none', means: 'Passphrase of the PKCS#12 file, or of a key that is encrypted.' },
} as const;

/**
 * Reads a pair; undefined where nothing is given.
 * @param place where the options are, for what belongs together
 * @throws {SecureConversationError} `CONFIG_INVALID` for one without the other, `CERTIFICATE_INVALID` for what can't be
 * read
 */
export function readPair(given: GivenPair, places: PairPlaces, place: Place): PemPair | undefined {
  const { certificate, key, passphrase } = given;
  if (certificate instanceof Uint8Array) {
    if (key !== undefined) failAt(place, `${places.key} has no use beside a PKCS#12 file, which has its key in it`);
    return readPkcs12(certificate, passphrase ?? '', places.certificate);
  }
  if ((certificate === undefined) !== (key === undefined)) failAt(place, 'certificate and key belong together');
  if (certificate === undefined || key === undefined) {
    if (passphrase !== undefined) failAt(place, 'passphrase has no use without a certificate');
    return undefined;
  }
  return { certificate, key: passphrase === undefined ? key : decrypted(key, passphrase, places.key) };
}

function decrypted(key: string, passphrase: string, place: string): string {
  const opened = attempt(place, 'not a private key in PEM format, or another passphrase', () =>
    createPrivateKey({ key, passphrase }),
  );
  return opened.export({ type: 'pkcs8', format: 'pem' }).toString();
}
