import { SecretKey, secretBytes } from '../crypto/secret-key.ts';
import type { AuthenticationMethod, Context } from './context.ts';

/*
 * Plaintext of a sealed state, schema 1. Integers are big-endian, lp(x) is uint16 length ‖ x, times are uint64 milliseconds since the
 * epoch, texts are UTF-8.
 *
 *   1  schema, 01
 *  16  id of the context: its Identifier is urn:uuid:<id>
 *  16  id of the instance: its Instance is urn:uuid:<id>; zeros where there is none
 *  lp  secret, 16 to 64 bytes
 *   8  created      8  key effective      8  key expires      8  token expires      8  absolute expiry
 *   2  renewals
 *   4  user epoch
 *   1  authentication method: 1 user name token, 2 X.509 certificate, 3 anonymous
 *  lp  user
 *   1  number of roles, then lp for each
 *  lp  SHA-256 of the client's certificate, or empty
 *
 * To extend it, take the next schema number: a field is never added to an old one, since nothing may follow the last field.
 */

const schema = 1;
const idBytes = 16;
const minSecretBytes = 16;
const maxSecretBytes = 64;
const credentialBytes = 32;
/** The last time that a Date can hold. */
const maxTimeMs = 8_640_000_000_000_000;

/** Longest plaintext that is made: a context with more user name and roles than that is not issued. */
export const maxPlaintextBytes = 2048;
/** Shortest plaintext that can be: no user, no role, the shortest secret. */
export const minPlaintextBytes = 103;

const methods: readonly AuthenticationMethod[] = ['usernameToken', 'x509', 'anonymous'];

/**
 * Writes a context's plaintext.
 * @returns undefined where it does not fit: user and roles are too long or too many
 * @throws {TypeError} for a context that can't be: an Identifier that is not a lower-case `urn:uuid:`, a time or a number out of range
 */
export function encodeContext(context: Context): Buffer | undefined {
  const { roles, user } = context;
  const texts = [user, ...roles].map(wellFormed);
  if (roles.length > 0xff || texts.some(text => text.length > maxPlaintextBytes)) return undefined;
  const [userText = Buffer.alloc(0), ...roleTexts] = texts;
  const plaintext = Buffer.concat([
    Buffer.of(schema),
    uuidBytes(context.id),
    context.instance === undefined ? Buffer.alloc(idBytes) : instanceBytes(context.instance),
    prefixed(sized(secretBytes(context.secret), minSecretBytes, maxSecretBytes)),
    timesOf(context),
    numbersOf(context),
    prefixed(userText),
    Buffer.of(roles.length),
    ...roleTexts.map(prefixed),
    prefixed(sized(context.credential ?? Buffer.alloc(0), context.credential ? credentialBytes : 0, credentialBytes)),
  ]);
  return plaintext.length > maxPlaintextBytes ? undefined : plaintext;
}

/** lp(x): the bytes with their length before them. */
export function prefixed(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafeSlow(2 + bytes.length);
  out.writeUInt16BE(bytes.length, 0);
  out.set(bytes, 2);
  return out;
}

/** A text's UTF-8. A lone surrogate has none: two texts must never become the same bytes. */
export function wellFormed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.includes(replacement) && bytes.toString('utf8') !== text)
    throw new TypeError('text is not well-formed Unicode');
  return bytes;
}

const replacement = Buffer.from('\u{FFFD}');

const uuidPattern = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function uuidBytes(uri: string): Buffer {
  if (!uuidPattern.test(uri)) throw new TypeError('identifier is not a lower-case urn:uuid');
  return Buffer.from(uri.slice('urn:uuid:'.length).replaceAll('-', ''), 'hex');
}

function instanceBytes(uri: string): Buffer {
  const bytes = uuidBytes(uri);
  if (isZero(bytes)) throw new TypeError('the nil uuid stands for no instance');
  return bytes;
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0);
}

function sized(bytes: Uint8Array, min: number, max: number): Uint8Array {
  if (bytes.length < min || bytes.length > max) throw new TypeError('secret or credential has a wrong length');
  return bytes;
}

function timesOf(context: Context): Buffer {
  const { createdMs, keyEffectiveMs, keyExpiresMs, tokenExpiresMs, absoluteExpiresMs } = context;
  const times = [createdMs, keyEffectiveMs, keyExpiresMs, tokenExpiresMs, absoluteExpiresMs];
  const bytes = Buffer.allocUnsafeSlow(8 * times.length);
  for (const [index, timeMs] of times.entries()) {
    if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > maxTimeMs) throw new TypeError('time is out of range');
    bytes.writeBigUInt64BE(BigInt(timeMs), 8 * index);
  }
  return bytes;
}

function numbersOf({ renewals, userEpoch, authenticatedBy }: Context): Buffer {
  const method = methods.indexOf(authenticatedBy) + 1;
  if (!isUint(renewals, 0xffff) || !isUint(userEpoch, 0xffffffff) || method === 0)
    throw new TypeError('renewals, user epoch or authentication method is out of range');
  const bytes = Buffer.allocUnsafeSlow(7);
  bytes.writeUInt16BE(renewals, 0);
  bytes.writeUInt32BE(userEpoch, 2);
  bytes.writeUInt8(method, 6);
  return bytes;
}

function isUint(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/**
 * Reads a context's plaintext. Total: any bytes give a context or undefined, and each context has one plaintext only.
 * @returns undefined where a length, a number or a text is wrong, and where anything follows the last field
 */
export function decodeContext(plaintext: Uint8Array): Context | undefined {
  const reader = new Reader(plaintext);
  const schemaRead = reader.uint(1);
  const id = reader.take(idBytes);
  const instance = reader.take(idBytes);
  const secret = reader.lengthPrefixed();
  const times = [reader.time(), reader.time(), reader.time(), reader.time(), reader.time()] as const;
  const renewals = reader.uint(2);
  const userEpoch = reader.uint(4);
  const authenticatedBy = methods[reader.uint(1) - 1];
  const user = reader.text();
  const roles = Array.from({ length: reader.uint(1) }, () => reader.text());
  const credential = reader.lengthPrefixed();
  if (!reader.isWhole() || schemaRead !== schema || authenticatedBy === undefined) return undefined;
  if (secret.length < minSecretBytes || secret.length > maxSecretBytes) return undefined;
  if (credential.length !== 0 && credential.length !== credentialBytes) return undefined;
  const [createdMs, keyEffectiveMs, keyExpiresMs, tokenExpiresMs, absoluteExpiresMs] = times;
  return {
    id: uuidText(id),
    instance: isZero(instance) ? undefined : uuidText(instance),
    secret: new SecretKey(secret),
    user,
    roles,
    authenticatedBy,
    credential: credential.length === 0 ? undefined : new Uint8Array(credential),
    createdMs,
    keyEffectiveMs,
    keyExpiresMs,
    tokenExpiresMs,
    absoluteExpiresMs,
    renewals,
    userEpoch,
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const nothing = Buffer.alloc(0);

/** Reads fields one after the other; after the first that does not fit it reads nothing but zeros and is not whole. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  isWhole(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (this.#failed || end > this.#bytes.length) return this.#fail(nothing);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint(bytes: 1 | 2 | 4): number {
    const taken = this.take(bytes);
    return taken.length === 0 ? 0 : taken.readUIntBE(0, bytes);
  }

  time(): number {
    const timeMs = this.uint(4) * 2 ** 32 + this.uint(4);
    return timeMs > maxTimeMs ? this.#fail(0) : timeMs;
  }

  lengthPrefixed(): Buffer {
    return this.take(this.uint(2));
  }

  text(): string {
    try {
      return utf8.decode(this.lengthPrefixed());
    } catch {
      return this.#fail('');
    }
  }

  #fail<T>(instead: T): T {
    this.#failed = true;
    return instead;
  }
}
