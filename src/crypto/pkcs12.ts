// Whole: bundles declare `createRequire` for themselves.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { attempt, invalidCertificate } from './certificate-error.ts';

/** A certificate, followed by those of its issuers, and its private key: PEM, not encrypted. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** What is used of node-forge. */
interface Forge {
  readonly asn1: { fromDer(der: string): Asn1; toDer(asn1: Asn1): { getBytes(): string } };
  readonly pki: {
    certificateToAsn1(certificate: object): Asn1;
    privateKeyToAsn1(key: object): Asn1;
    wrapRsaPrivateKey(key: Asn1): Asn1;
    readonly oids: Readonly<Record<'certBag' | 'keyBag' | 'pkcs8ShroudedKeyBag', string>>;
  };
  readonly pkcs12: { pkcs12FromAsn1(asn1: Asn1, strict: boolean, passphrase: string): Pkcs12 };
}
type Asn1 = { readonly forgeAsn1: never };
interface Pkcs12 {
  getBags(filter: { readonly bagType: string }): Readonly<Record<string, readonly Bag[] | undefined>>;
}
/** forge knows RSA; what it does not know it leaves as it is encoded. */
interface Bag {
  readonly cert?: object | null;
  readonly key?: object | null;
  readonly asn1?: Asn1;
}

/** The first octets of a Java key store that is none of PKCS#12. */
const javaKeyStore = Buffer.from('feedfeed', 'hex');

/**
 * Reads a PKCS#12 file of our own. Node reads such files for TLS alone, and not those with the older ciphers.
 * @param place name of the file or option that it comes from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`
 */
export function readPkcs12(bytes: Uint8Array, passphrase: string, place: string): PemPair {
  if (javaKeyStore.equals(Buffer.from(bytes).subarray(0, javaKeyStore.length)))
    invalidCertificate(
      `${place}: a Java key store; convert it with ` +
        '"keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"',
    );
  const forge = loadForge();
  const { certificates, keys } = attempt(place, 'not a PKCS#12 file, or another passphrase', () =>
    contentsOf(forge, bytes, passphrase),
  );
  for (const key of keys) {
    const own = certificates.find(certificate => certificate.checkPrivateKey(key));
    if (own === undefined) continue;
    const issuers = certificates.filter(certificate => certificate !== own);
    return {
      certificate: [own, ...issuers].join(''),
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }
  return invalidCertificate(`${place}: holds no private key with its certificate`);
}

function contentsOf(forge: Forge, bytes: Uint8Array, passphrase: string) {
  const { asn1, pki } = forge;
  const file = asn1.fromDer(Buffer.from(bytes).toString('latin1'));
  const opened = forge.pkcs12.pkcs12FromAsn1(file, false, passphrase);
  const bagsOf = (name: keyof Forge['pki']['oids']) =>
    opened.getBags({ bagType: pki.oids[name] })[pki.oids[name]] ?? [];
  const derOf = (encoded: Asn1) => Buffer.from(asn1.toDer(encoded).getBytes(), 'latin1');
  const keyOf = ({ key, asn1: encoded }: Bag): KeyObject[] => {
    const info = key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)) : encoded;
    return info === undefined ? [] : [createPrivateKey({ key: derOf(info), format: 'der', type: 'pkcs8' })];
  };
  return {
    certificates: bagsOf('certBag').flatMap(({ cert, asn1: encoded }) => {
      const certificate = cert ? pki.certificateToAsn1(cert) : encoded;
      return certificate === undefined ? [] : [new X509Certificate(derOf(certificate))];
    }),
    keys: [...bagsOf('pkcs8ShroudedKeyBag'), ...bagsOf('keyBag')].flatMap(keyOf),
  };
}

/** It is large, and only a PKCS#12 file needs it. */
function loadForge(): Forge {
  // A bundle for require() has no import.meta: then the package is looked for where the program runs.
  return nodeModule.createRequire(import.meta.url ?? join(process.cwd(), 'index.js'))('node-forge');
}
