import { readFileSync } from 'node:fs';
import type { ConfigurationError } from '../errors.ts';
import { stampOf } from '../files/followed-files.ts';
import { attempt, invalidCertificate } from './certificate-error.ts';
import { isSequence } from './der.ts';

/** The CRLs of some files, as they are now. */
export interface Crls {
  /** DER. The same list as long as no file has changed. */
  current(): readonly Buffer[];
}

/**
 * Opens files with certificate revocation lists (RFC 5280 §5), PEM or DER. Each is read again when it has changed.
 *
 * @param onError told of a changed file that can't be used: the last good lists stay, and soon are not current
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function openCrls(files: readonly string[], onError: (error: ConfigurationError) => void): Crls {
  const stampsOf = () => files.map(stampOf).join();
  let stamps = stampsOf();
  let lists = files.flatMap(readCrls);
  return {
    current() {
      const present = stampsOf();
      if (present === stamps) return lists;
      stamps = present;
      try {
        lists = files.flatMap(readCrls);
      } catch (error) {
        onError(error as ConfigurationError);
      }
      return lists;
    },
  };
}

const crlBlock = /-----BEGIN (?:X509 )?CRL-----([^-]*)-----END (?:X509 )?CRL-----/g;

function readCrls(file: string): Buffer[] {
  const bytes = attempt(file, "can't be read", () => readFileSync(file));
  const lists = isSequence(bytes)
    ? [bytes]
    : [...bytes.toString('latin1').matchAll(crlBlock)].map(([, text = '']) => Buffer.from(text, 'base64'));
  if (lists.length === 0 || !lists.every(isSequence))
    invalidCertificate(`${file}: holds no certificate revocation list in PEM or DER format`);
  return lists;
}
