import { isUtf8 } from 'node:buffer';
import { formatUuid } from '../crypto/random.ts';
import { isWellFormed } from '../xml/characters.ts';

/*
 * Plaintext of a bearer token, schema 1. Integers are big-endian, lp(x) is a length ‖ x, texts are UTF-8. A length
 * below 128 is one byte, a longer one two: 80 + high bits, low bits.
 *
 *   1  schema, 01
 *  16  id of the token
 *  16  id of the grant
 *   6  issued       6  expires, both milliseconds since the epoch
 *  lp  subject
 *  lp  client, empty where there is none
 *  lp  scope, as RFC 6749 §3.3 writes it: names with one space between them
 *   1  number of claims, then lp type and lp value of each
 *
 * The audience is not in it: the seal is bound to it. To extend it, take the next schema number: nothing may follow the
 * last field.
 */

/** One statement about the subject: `{ type: 'role', value: 'reader' }`. */
export interface Claim {
  readonly type: string;
  readonly value: string;
}

/** What is inside of a bearer token. */
export interface TokenContent {
  /** UUID in lower case. */
  readonly id: string;
  /** UUID of the grant that it came from: refreshed tokens have that of the first, and all are revoked together. */
  readonly grant: string;
  /** Whom the token speaks for. */
  readonly subject: string;
  /** Client that asked for it; '' where it was no client's. */
  readonly client: string;
  /** What the token may be used for (RFC 6749 §3.3). */
  readonly scope: readonly string[];
  readonly claims: readonly Claim[];
  readonly issuedMs: number;
  readonly expiresMs: number;
}

const schema = 1;
const idBytes = 16;
const timeBytes = 6;
const idAt = 1;
const grantAt = idAt + idBytes;
const issuedAt = grantAt + idBytes;
const expiresAt = issuedAt + timeBytes;
const textsAt = expiresAt + timeBytes;
const maxClaims = 255;
const longLength = 0x80;
/** Four lengths, the number of claims included, and a subject of one byte. */
export const minTokenBytes = textsAt + 5;
/** Longest plaintext that is made or read. */
export const maxTokenBytes = 2048;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** RFC 6749 §3.3: printable ASCII without space, quote and backslash. */
const scopeName = /^[!#-[\]-~]+$/;

/** True for a name that a scope may have (RFC 6749 §3.3, scope-token). */
export function isScopeName(name: string): boolean {
  return scopeName.test(name);
}

/** Where every plaintext is written; it is wiped when it was copied. */
const scratch = Buffer.alloc(maxTokenBytes);

/**
 * Writes a token's plaintext.
 * @returns undefined where it does not fit
 * @throws {TypeError} for a token that can't be: an id that is no lower-case UUID, no subject, a scope's name with
 * other characters, a claim without type, a time out of range or an end that is not after the beginning
 */
export function encodeToken(token: TokenContent): Buffer | undefined {
  checkToken(token);
  const { claims } = token;
  if (claims.length > maxClaims) return undefined;
  scratch[0] = schema;
  scratch.write(token.id.replaceAll('-', ''), idAt, 'hex');
  scratch.write(token.grant.replaceAll('-', ''), grantAt, 'hex');
  scratch.writeUIntBE(token.issuedMs, issuedAt, timeBytes);
  scratch.writeUIntBE(token.expiresMs, expiresAt, timeBytes);
  let at = textsAt;
  for (const text of [token.subject, token.client, token.scope.join(' ')]) at = writeText(text, at);
  if (at < maxTokenBytes) scratch[at] = claims.length;
  at += 1;
  for (const { type, value } of claims) at = writeText(value, writeText(type, at));
  const whole = at > maxTokenBytes ? undefined : Buffer.from(scratch.subarray(0, at));
  scratch.fill(0);
  return whole;
}

function checkToken({ id, grant, subject, client, scope, claims, issuedMs, expiresMs }: TokenContent): void {
  check(uuid.test(id) && uuid.test(grant), 'an id is a lower-case uuid');
  check(subject !== '', 'a token has a subject');
  check(isScope(scope), 'a scope has names of RFC 6749, none of them twice');
  check(
    claims.every(({ type }) => type !== ''),
    'a claim has a type',
  );
  check([issuedMs, expiresMs].every(isTime) && issuedMs < expiresMs, 'a token ends after it begins');
  const texts = [subject, client, ...claims.flatMap(({ type, value }) => [type, value])];
  check(texts.every(isWellFormed), 'text is not well-formed Unicode');
}

function check(isTrue: boolean, law: string): void {
  if (!isTrue) throw new TypeError(law);
}

function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && timeMs >= 0 && timeMs < 2 ** (8 * timeBytes);
}

function isScope(names: readonly string[]): boolean {
  return names.every(isScopeName) && new Set(names).size === names.length;
}

/** @returns where the next field begins; beyond the end nothing is written any more */
function writeText(text: string, at: number): number {
  const bytes = Buffer.byteLength(text);
  if (at + bytes + 2 > maxTokenBytes) return maxTokenBytes + 1;
  const begin = bytes < longLength ? scratch.writeUInt8(bytes, at) : scratch.writeUInt16BE(0x8000 | bytes, at);
  return begin + scratch.write(text, begin);
}

/**
 * Reads a token's plaintext. Total: any bytes give a token or undefined, and each token has one plaintext only.
 * @returns undefined where a length, a number or a text is wrong, and where anything follows the last field
 */
export function decodeToken(plaintext: Buffer): TokenContent | undefined {
  if (plaintext.length < minTokenBytes || plaintext.length > maxTokenBytes || plaintext[0] !== schema) return undefined;
  const issuedMs = plaintext.readUIntBE(issuedAt, timeBytes);
  const expiresMs = plaintext.readUIntBE(expiresAt, timeBytes);
  const reader = new TextReader(plaintext, textsAt);
  const [subject, client, scopeText] = [reader.text(), reader.text(), reader.text()];
  const claims: Claim[] = [];
  for (let left = reader.byte(); left > 0 && !reader.hasFailed; left -= 1)
    claims.push({ type: reader.text(), value: reader.text() });
  const scope = scopeText === '' ? [] : scopeText.split(' ');
  if (!reader.isWhole || subject === '' || claims.some(({ type }) => type === '')) return undefined;
  if (!isScope(scope) || issuedMs >= expiresMs) return undefined;
  const [id, grant] = [uuidAt(plaintext, idAt), uuidAt(plaintext, grantAt)];
  return { id, grant, subject, client, scope, claims, issuedMs, expiresMs };
}

function uuidAt(bytes: Buffer, at: number): string {
  return formatUuid(bytes.subarray(at, at + idBytes));
}

/**
 * Reads texts one after the other; after the first that does not fit it reads nothing but empty ones and is not whole.
 */
class TextReader {
  readonly #bytes: Buffer;
  #at: number;
  hasFailed = false;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isWhole(): boolean {
    return !this.hasFailed && this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    this.#at += 1;
    if (value === undefined) this.hasFailed = true;
    return value ?? 0;
  }

  text(): string {
    const bytes = this.#length();
    const start = this.#at;
    const end = start + bytes;
    if (this.hasFailed || end > this.#bytes.length) return this.#fail();
    this.#at = end;
    const text = this.#bytes.toString('utf8', start, end);
    // Bytes that are no UTF-8 become U+FFFD, which is seldom there otherwise.
    return text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, end)) ? this.#fail() : text;
  }

  /** A short length in two bytes would be a second form of the same text. */
  #length(): number {
    const first = this.byte();
    if (first < longLength) return first;
    const length = ((first & 0x7f) << 8) | this.byte();
    if (length < longLength) this.hasFailed = true;
    return length;
  }

  #fail(): string {
    this.hasFailed = true;
    return '';
  }
}
