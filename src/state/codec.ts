import { isUtf8 } from 'node:buffer';
import { formatUuid } from '../crypto/random.ts';
import { SecretKey, secretBytes } from '../crypto/secret-key.ts';
import { isWellFormed } from '../xml/characters.ts';
import type { AuthenticationMethod, Context } from './context.ts';

/*
 * Plaintext of a sealed state, schema 1. Integers are big-endian, lp(x) is uint16 length ‖ x, times are uint64
 * milliseconds since the epoch, texts are UTF-8.
 *
 *   1  schema, 01
 *  16  id of the context: its Identifier is urn:uuid:<id>
 *  16  id of the instance: its Instance is urn:uuid:<id>; zeros where there is none
 *  lp  secret, 16 to 64 bytes
 *   8  created      8  key effective      8  key expires      8  token expires      8  absolute expiry
 *   2  renewals
 *   4  user epoch, 0: what a user began before a time is revoked by the store (revoked.ts)
 *   1  authentication method: 1 user name token, 2 X.509 certificate, 3 anonymous
 *  lp  user, empty where anonymous
 *   1  number of roles, then lp for each
 *  lp  SHA-256 of the client's certificate, or empty
 *
 * To extend it, take the next schema number: a field is never added to an old one, since nothing may follow the last
 * field.
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
const urnUuid = 'urn:uuid:';
const uuidPattern = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True for an Identifier or Instance as they are made here: `urn:uuid:` and lower-case hex digits. */
export function isUuidUri(uri: string): boolean {
  return uuidPattern.test(uri);
}

/**
 * Writes a context's plaintext, for a state mode that keeps it elsewhere too. Its secret is in it in clear.
 * @returns at most 2,048 bytes; undefined where it does not fit: user and roles are too long or too many
 * @throws {TypeError} for a context that can't be: an Identifier that is not a lower-case `urn:uuid:`, a time or a
 * number out of range
 */
export function encodeContext(context: Context): Buffer | undefined {
  const { secret, roles, credential } = context;
  if (secret.length > maxSecretBytes) throw new TypeError('secret is too long');
  if (credential !== undefined && credential.length !== credentialBytes)
    throw new TypeError('credential has a wrong length');
  if ((context.user === undefined) !== (context.authenticatedBy === 'anonymous'))
    throw new TypeError('an anonymous context has no user, and every other one has');
  if (roles.length > 0xff) return undefined;
  const writer = new Writer();
  writer.uint(schema, 1);
  writer.uuid(context.id);
  writer.instance(context.instance);
  writer.lengthPrefixed(secretBytes(secret));
  writer.time(context.createdMs);
  writer.time(context.keyEffectiveMs);
  writer.time(context.keyExpiresMs);
  writer.time(context.tokenExpiresMs);
  writer.time(context.absoluteExpiresMs);
  writer.uint(context.renewals, 2);
  writer.uint(context.userEpoch, 4);
  writer.uint(methods.indexOf(context.authenticatedBy) + 1, 1);
  writer.text(context.user ?? '');
  writer.uint(roles.length, 1);
  for (const role of roles) writer.text(role);
  writer.lengthPrefixed(credential ?? nothing);
  return writer.finish();
}

const nothing = Buffer.alloc(0);

/** Where every plaintext is written; it is wiped when it was copied. */
const scratch = Buffer.alloc(maxPlaintextBytes);

/** Writes fields one after the other; after the first that does not fit it writes nothing more. */
class Writer {
  #at = 0;
  #overflowed = false;

  /** What was written, or undefined where it did not fit. */
  finish(): Buffer | undefined {
    const whole = this.#overflowed ? undefined : Buffer.from(scratch.subarray(0, this.#at));
    scratch.fill(0);
    return whole;
  }

  uint(value: number, bytes: 1 | 2 | 4): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * bytes))
      throw new TypeError('number is out of range');
    if (this.#reserve(bytes)) scratch.writeUIntBE(value, this.#at - bytes, bytes);
  }

  time(timeMs: number): void {
    if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > maxTimeMs) throw new TypeError('time is out of range');
    this.uint(Math.floor(timeMs / 2 ** 32), 4);
    this.uint(timeMs % 2 ** 32, 4);
  }

  uuid(uri: string): void {
    if (!isUuidUri(uri)) throw new TypeError('identifier is not a lower-case urn:uuid');
    if (this.#reserve(idBytes)) scratch.write(uri.slice(urnUuid.length).replaceAll('-', ''), this.#at - idBytes, 'hex');
  }

  instance(uri: string | undefined): void {
    if (uri === nilUuid) throw new TypeError('the nil uuid stands for no instance');
    this.uuid(uri ?? nilUuid);
  }

  lengthPrefixed(bytes: Uint8Array): void {
    this.uint(bytes.length, 2);
    if (this.#reserve(bytes.length)) scratch.set(bytes, this.#at - bytes.length);
  }

  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxPlaintextBytes) this.#overflowed = true;
    if (this.#overflowed) return;
    if (!isWellFormed(text)) throw new TypeError('text is not well-formed Unicode');
    this.uint(bytes, 2);
    if (this.#reserve(bytes)) scratch.write(text, this.#at - bytes);
  }

  #reserve(bytes: number): boolean {
    if (this.#at + bytes > maxPlaintextBytes) this.#overflowed = true;
    if (this.#overflowed) return false;
    this.#at += bytes;
    return true;
  }
}

const nilUuid = `${urnUuid}00000000-0000-0000-0000-000000000000`;

/**
 * Reads a context's plaintext. Total: any bytes give a context or undefined, and each context has one plaintext only.
 * @returns undefined where a length, a number or a text is wrong, and where anything follows the last field
 */
export function decodeContext(plaintext: Uint8Array): Context | undefined {
  const reader = new Reader(plaintext);
  const schemaRead = reader.uint(1);
  const id = urnUuid + formatUuid(reader.take(idBytes));
  const instance = urnUuid + formatUuid(reader.take(idBytes));
  const secret = reader.lengthPrefixed();
  const times = [reader.time(), reader.time(), reader.time(), reader.time(), reader.time()] as const;
  const renewals = reader.uint(2);
  const userEpoch = reader.uint(4);
  const authenticatedBy = methods[reader.uint(1) - 1];
  const user = reader.text();
  const roles: string[] = [];
  for (let left = reader.uint(1); left > 0; left -= 1) roles.push(reader.text());
  const credential = reader.lengthPrefixed();
  if (!reader.isWhole() || schemaRead !== schema || authenticatedBy === undefined) return undefined;
  if (secret.length < minSecretBytes || secret.length > maxSecretBytes) return undefined;
  if (credential.length !== 0 && credential.length !== credentialBytes) return undefined;
  const isAnonymous = authenticatedBy === 'anonymous';
  if (isAnonymous && user !== '') return undefined;
  const [createdMs, keyEffectiveMs, keyExpiresMs, tokenExpiresMs, absoluteExpiresMs] = times;
  return {
    id,
    instance: instance === nilUuid ? undefined : instance,
    secret: new SecretKey(secret),
    user: isAnonymous ? undefined : user,
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

/** Reads fields one after the other; after the first that does not fit it reads nothing but zeros and is not whole. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
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
    const at = this.#at;
    if (this.#failed || at + bytes > this.#bytes.length) return this.#fail(0);
    this.#at = at + bytes;
    return this.#bytes.readUIntBE(at, bytes);
  }

  time(): number {
    const timeMs = this.uint(4) * 2 ** 32 + this.uint(4);
    return timeMs > maxTimeMs ? this.#fail(0) : timeMs;
  }

  lengthPrefixed(): Buffer {
    return this.take(this.uint(2));
  }

  text(): string {
    const bytes = this.lengthPrefixed();
    return isUtf8(bytes) ? bytes.toString('utf8') : this.#fail('');
  }

  #fail<T>(instead: T): T {
    this.#failed = true;
    return instead;
  }
}
