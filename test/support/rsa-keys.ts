import { readFileSync } from 'node:fs';
import { createPrivateKeyPem } from '../../src/farm/certificates.ts';

/* A new key takes a fifth of a second, longer than most tests: these were made once, and nothing depends on them. */

/** From the repository's folder, where all tests and benches run: the benches are compiled to another place. */
const keptFile = 'test/vectors/keys/rsa-2048.pem';

const kept: readonly string[] =
  readFileSync(keptFile, 'utf8').match(/-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n/g) ?? [];
let given = 0;

/** An RSA-2048 private key as PKCS #8 PEM: another one each time, a new one when all that are kept were given. */
export function anotherKeyPem(): string {
  const key = kept[given];
  given += 1;
  return key ?? createPrivateKeyPem();
}
