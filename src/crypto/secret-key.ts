/** Symmetric keys that can be used but not shown. */
import { createSecretKey, type KeyObject } from 'node:crypto';

/** Shortest key that protects anything here; a shorter one is a bug, not a key. */
export const minSecretBytes = 16;

let bytesOf: (key: SecretKey) => Buffer;
let keyObjectOf: (key: SecretKey) => KeyObject;
let wipe: (key: SecretKey) => void;

/**
 * A symmetric key whose bytes reach neither JSON, util.inspect, string conversion, structuredClone nor enumeration:
 * they are private to this file and come out through {@link secretBytes} and {@link secretKeyObject} only.
 */
export class SecretKey {
  readonly length: number;
  readonly #bytes: Buffer;
  #keyObject: KeyObject | undefined;
  #isWiped = false;

  /**
   * @param bytes the key, copied: at least 16 bytes.
   * @throws {TypeError} for fewer.
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length < minSecretBytes) throw new TypeError('a secret key has at least 16 bytes');
    // Not Buffer.from: its memory is shared with other small buffers and reachable through their `.buffer`.
    this.#bytes = Buffer.alloc(bytes.length);
    this.#bytes.set(bytes);
    this.length = bytes.length;
    Object.freeze(this);
  }

  static {
    bytesOf = key => (key.#isWiped ? refuseWiped() : key.#bytes);
    keyObjectOf = key => {
      if (key.#isWiped) refuseWiped();
      key.#keyObject ??= createSecretKey(key.#bytes);
      return key.#keyObject;
    };
    wipe = key => {
      key.#isWiped = true;
      key.#bytes.fill(0);
      key.#keyObject = undefined;
    };
  }

  toString(): string {
    return '[secret key]';
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Nothing is ever done with zeros in the place of a key. */
function refuseWiped(): never {
  throw new TypeError('the secret key was wiped');
}

/**
 * The bytes themselves, not a copy: to be read only, and to be kept nowhere.
 * @throws {TypeError} for a key that was wiped
 */
export function secretBytes(key: SecretKey): Buffer {
  return bytesOf(key);
}

/**
 * The key as an object of node:crypto, made once.
 * @throws {TypeError} for a key that was wiped
 */
export function secretKeyObject(key: SecretKey): KeyObject {
  return keyObjectOf(key);
}

/** Overwrites the bytes of a key that nobody may use any more. */
export function wipeSecret(key: SecretKey): void {
  wipe(key);
}
