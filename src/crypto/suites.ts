/**
 * The table of algorithm suites (WS-SecurityPolicy 1.2 §6.1, and the GCM suites of Apache CXF). A message is compared
 * with the row that its policy names and is never obeyed; an algorithm that isn't in the row is refused.
 */
import { algorithms } from '../names.ts';
import type { HashName } from './digest.ts';

/** A digest or signature algorithm: its URI and the hash function behind it. */
export interface HashAlgorithm {
  readonly uri: string;
  readonly hash: HashName;
}

/** A block encryption algorithm of XML Encryption. */
export interface EncryptionAlgorithm {
  readonly uri: string;
  /** Name in node:crypto. */
  readonly cipher: string;
  readonly mode: 'cbc' | 'gcm';
  readonly keyBytes: number;
  readonly ivBytes: number;
  /** False: recognised, so that a policy can be refused by name. */
  readonly supported: boolean;
}

/** How a symmetric key is encrypted to a certificate. */
export interface KeyTransportAlgorithm {
  readonly uri: string;
  /**
   * False: recognised, so that a policy can be refused by name (RSA 1.5 can't be decrypted without becoming an oracle).
   */
  readonly supported: boolean;
}

/** One algorithm suite. */
export interface Suite {
  /** Local name of its assertion: `Basic128`. */
  readonly name: string;
  /** Namespace of its assertion; undefined: that of the SecurityPolicy version at hand. */
  readonly namespace: string | undefined;
  readonly digest: HashAlgorithm;
  /** Signature with a symmetric key. */
  readonly signature: HashAlgorithm;
  readonly asymmetricSignature: HashAlgorithm;
  readonly encryption: EncryptionAlgorithm;
  readonly keyTransport: KeyTransportAlgorithm;
  /** Length of a derived key that signs. */
  readonly signatureKeyBytes: number;
  /** Length of a derived key that encrypts. */
  readonly encryptionKeyBytes: number;
  /** Lengths that the key of a conversation or an EncryptedKey may have, and the one to use where nobody names one. */
  readonly minKeyBits: number;
  readonly maxKeyBits: number;
  readonly defaultKeyBits: number;
  /**
   * True where the suite signs with SHA-1 or transports keys with RSA 1.5. Such a row is in use only where a policy
   * names it.
   */
  readonly legacy: boolean;
}

/** Namespace of the suite assertions that Apache CXF adds. */
export const cxfPolicyNamespace = 'http://cxf.apache.org/custom/security-policy';

const tripleDesCbc = 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc';

/** URIs by hash function: DigestMethod and SignatureMethod. */
const hashes = {
  sha1: { digest: algorithms.sha1, hmac: algorithms.hmacSha1, rsa: algorithms.rsaSha1 },
  sha256: { digest: algorithms.sha256, hmac: algorithms.hmacSha256, rsa: algorithms.rsaSha256 },
} as const;

function encryption(uri: string, cipher: string, keyBytes: number, ivBytes: number): EncryptionAlgorithm {
  const mode = cipher.endsWith('gcm') ? 'gcm' : 'cbc';
  return Object.freeze({ uri, cipher, mode, keyBytes, ivBytes, supported: cipher.startsWith('aes') });
}

const encryptions = {
  aes128Cbc: encryption(algorithms.aes128Cbc, 'aes-128-cbc', 16, 16),
  aes192Cbc: encryption(algorithms.aes192Cbc, 'aes-192-cbc', 24, 16),
  aes256Cbc: encryption(algorithms.aes256Cbc, 'aes-256-cbc', 32, 16),
  aes128Gcm: encryption(algorithms.aes128Gcm, 'aes-128-gcm', 16, 12),
  aes192Gcm: encryption(algorithms.aes192Gcm, 'aes-192-gcm', 24, 12),
  aes256Gcm: encryption(algorithms.aes256Gcm, 'aes-256-gcm', 32, 12),
  tripleDesCbc: encryption(tripleDesCbc, 'des-ede3-cbc', 24, 8),
} as const;

const keyTransports = {
  oaep: Object.freeze({ uri: algorithms.rsaOaepMgf1p, supported: true }),
  rsa15: Object.freeze({ uri: algorithms.rsa15, supported: false }),
} as const;

/** What the suites of one family share. The signing key of the 256-bit families is 192 bits long. */
interface Family {
  readonly bits: 128 | 192 | 256;
  readonly encryption: keyof typeof encryptions;
  readonly signatureKeyBytes: number;
}

const families = {
  Basic256: { bits: 256, encryption: 'aes256Cbc', signatureKeyBytes: 24 },
  Basic192: { bits: 192, encryption: 'aes192Cbc', signatureKeyBytes: 24 },
  Basic128: { bits: 128, encryption: 'aes128Cbc', signatureKeyBytes: 16 },
  TripleDes: { bits: 192, encryption: 'tripleDesCbc', signatureKeyBytes: 24 },
  Basic256GCM: { bits: 256, encryption: 'aes256Gcm', signatureKeyBytes: 24 },
  Basic192GCM: { bits: 192, encryption: 'aes192Gcm', signatureKeyBytes: 24 },
  Basic128GCM: { bits: 128, encryption: 'aes128Gcm', signatureKeyBytes: 16 },
} as const satisfies Record<string, Family>;

type FamilyName = keyof typeof families;

/** Endings of a suite's name. */
const variants = {
  '': { hash: 'sha1', keyTransport: 'oaep' },
  Rsa15: { hash: 'sha1', keyTransport: 'rsa15' },
  Sha256: { hash: 'sha256', keyTransport: 'oaep' },
  Sha256Rsa15: { hash: 'sha256', keyTransport: 'rsa15' },
} as const satisfies Record<string, { hash: HashName; keyTransport: keyof typeof keyTransports }>;

type VariantName = keyof typeof variants;

/** The families and endings that exist; CXF has no GCM suite with SHA-256 and OAEP. */
const existing: readonly (readonly [FamilyName, readonly VariantName[], string | undefined])[] = [
  ['Basic256', ['', 'Rsa15', 'Sha256', 'Sha256Rsa15'], undefined],
  ['Basic192', ['', 'Rsa15', 'Sha256', 'Sha256Rsa15'], undefined],
  ['Basic128', ['', 'Rsa15', 'Sha256', 'Sha256Rsa15'], undefined],
  ['TripleDes', ['', 'Rsa15', 'Sha256', 'Sha256Rsa15'], undefined],
  ['Basic256GCM', ['', 'Rsa15', 'Sha256Rsa15'], cxfPolicyNamespace],
  ['Basic192GCM', ['', 'Rsa15', 'Sha256Rsa15'], cxfPolicyNamespace],
  ['Basic128GCM', ['', 'Rsa15', 'Sha256Rsa15'], cxfPolicyNamespace],
];

function suite(familyName: FamilyName, variantName: VariantName, namespace: string | undefined): Suite {
  const family = families[familyName];
  const { hash, keyTransport } = variants[variantName];
  const uris = hashes[hash];
  const cipher = encryptions[family.encryption];
  return Object.freeze({
    name: familyName + variantName,
    namespace,
    digest: Object.freeze({ uri: uris.digest, hash }),
    // As in WCF. CXF takes HMAC-SHA1 and RSA-SHA1 in the Sha256 suites too, unless
    // ws-security.symmetric.signature.algorithm and ws-security.asymmetric.signature.algorithm are set to these.
    signature: Object.freeze({ uri: uris.hmac, hash }),
    asymmetricSignature: Object.freeze({ uri: uris.rsa, hash }),
    encryption: cipher,
    keyTransport: keyTransports[keyTransport],
    signatureKeyBytes: family.signatureKeyBytes,
    encryptionKeyBytes: cipher.keyBytes,
    minKeyBits: family.bits,
    maxKeyBits: 256,
    defaultKeyBits: family.bits,
    legacy: hash === 'sha1' || keyTransport === 'rsa15',
  });
}

/** Every suite by name; the rows are frozen. A name that isn't here is unknown. */
export const suites: Readonly<Record<string, Suite>> = Object.freeze(
  Object.assign(
    // Without a prototype, so that `constructor` is no suite.
    Object.create(null) as Record<string, Suite>,
    Object.fromEntries(
      existing.flatMap(([family, names, namespace]) =>
        names.map(name => [family + name, suite(family, name, namespace)] as const),
      ),
    ),
  ),
);

/** The suite of that name, supported or not; undefined for an unknown name. */
export function suiteNamed(name: string): Suite | undefined {
  return suites[name];
}

/** URI of the algorithm because of which a suite can't be used for message encryption, or undefined when it can. */
export function unsupportedAlgorithm(suite: Suite): string | undefined {
  if (!suite.encryption.supported) return suite.encryption.uri;
  return suite.keyTransport.supported ? undefined : suite.keyTransport.uri;
}
