/** Reads files of test/vectors. */
import { readFileSync } from 'node:fs';

export function vectorText(name: string): string {
  return readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8');
}

export function vectorJson<T>(name: string): T {
  return JSON.parse(vectorText(name)) as T;
}

/** The bootstrap of Apache CXF in crypto/cxf-bootstrap.json. */
export interface RecordedBootstrap {
  readonly label: string;
  readonly encryptedKey: string;
  readonly encryptedKeySha1: string;
  readonly signature: {
    readonly nonce: string;
    readonly keyBytes: number;
    readonly signedInfo: string;
    readonly signatureValue: string;
  };
  readonly encryption: {
    readonly nonce: string;
    readonly keyBytes: number;
    readonly parts: readonly { readonly cipherValue: string; readonly plaintext: string }[];
  };
}

export function recordedBootstrap(): RecordedBootstrap {
  return vectorJson('crypto/cxf-bootstrap.json');
}
