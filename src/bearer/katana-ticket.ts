import { isUtf8 } from 'node:buffer';
import { writeText } from '../machine-key/sp800-108.ts';
import { isWellFormed } from '../xml/characters.ts';

/*
 * A Katana ticket, version 3 (Katana 3.0.1 and later), as its TicketSerializer and PropertiesSerializer write it:
 *
 *   int   3
 *   str   authentication type
 *   dstr  name claim type, default …/claims/name
 *   dstr  role claim type, default …/claims/role
 *   int   number of claims, then for each
 *           dstr type, default this ticket's name claim type     str value     dstr value type, default …#string
 *           dstr issuer, default LOCAL AUTHORITY                 dstr original issuer, default this claim's issuer
 *   int   0, or the length of the bootstrap token in UTF-16 code units and the token as str
 *   int   1, version of the properties
 *   int   number of properties, then str key and str value for each
 *
 * int is a signed 32-bit integer, low byte first; str is a length in bytes, seven bits a byte, low ones first, and
 * UTF-8; dstr is a str, where U+0000 alone stands for the default.
 *
 * Version 2 is two layouts: Katana 2.x has no bootstrap token, 3.0.0 has it. Both are read, version 3 is written.
 */

const version = 3;
const propertiesVersion = 1;
const isDefault = '\0';
/** A claim is five texts, a property two, and each has a length. */
const minClaimBytes = 5;
const minPropertyBytes = 2;

/** Longest ticket that is written or read. */
export const maxTicketBytes = 65_536;

/** What the serializer leaves out. */
export const ticketDefaults = Object.freeze({
  nameClaimType: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  roleClaimType: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role',
  valueType: 'http://www.w3.org/2001/XMLSchema#string',
  issuer: 'LOCAL AUTHORITY',
});

/** One claim of an identity. */
export interface KatanaClaim {
  readonly type: string;
  readonly value: string;
  /** URI of the value's type: XML Schema's string, mostly. */
  readonly valueType: string;
  /** `LOCAL AUTHORITY`, unless somebody else said it. ASP.NET Identity refuses bearer tokens with another issuer. */
  readonly issuer: string;
  readonly originalIssuer: string;
}

/** An identity with its claims, and the properties of its sign-in. */
export interface KatanaTicket {
  /** `Bearer` for OAuth tokens, `ApplicationCookie` for a cookie of ASP.NET Identity. */
  readonly authenticationType: string;
  /** Type of the claim that holds the user's name. */
  readonly nameClaimType: string;
  readonly roleClaimType: string;
  readonly claims: readonly KatanaClaim[];
  /** The token that the user came with, where the application keeps it. */
  readonly bootstrapToken: string | undefined;
  /** `.issued` and `.expires` as RFC 1123 times, `.persistent`, `.refresh`, and what the application adds. */
  readonly properties: ReadonlyMap<string, string>;
}

/** The user's name: value of the first claim of that type. */
export function ticketName({ claims, nameClaimType }: KatanaTicket): string | undefined {
  return claims.find(({ type }) => type === nameClaimType)?.value;
}

/**
 * Writes a ticket, version 3.
 * @throws {TypeError} for a text that is not well-formed Unicode, a U+0000 where it stands for a default, a blank
 * bootstrap token
 * @throws {RangeError} for a ticket of more than 65,536 bytes
 */
export function encodeTicket(ticket: KatanaTicket): Buffer {
  const { nameClaimType, bootstrapToken = '', properties } = ticket;
  const fields = [
    int(version),
    str(ticket.authenticationType),
    dstr(nameClaimType, ticketDefaults.nameClaimType),
    dstr(ticket.roleClaimType, ticketDefaults.roleClaimType),
    int(ticket.claims.length),
    ...ticket.claims.flatMap(claim => claimFields(claim, nameClaimType)),
    int(bootstrapToken.length),
    ...(bootstrapToken === '' ? [] : [str(notBlank(bootstrapToken))]),
    int(propertiesVersion),
    int(properties.size),
    ...[...properties].flat().map(str),
  ];
  const bytes = Buffer.concat(fields);
  if (bytes.length > maxTicketBytes) throw new RangeError(`a ticket has at most ${maxTicketBytes} bytes`);
  return bytes;
}

function claimFields(claim: KatanaClaim, nameClaimType: string): Buffer[] {
  return [
    dstr(claim.type, nameClaimType),
    str(claim.value),
    dstr(claim.valueType, ticketDefaults.valueType),
    dstr(claim.issuer, ticketDefaults.issuer),
    dstr(claim.originalIssuer, claim.issuer),
  ];
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function str(text: string): Buffer {
  if (!isWellFormed(text)) throw new TypeError('a text is not well-formed Unicode');
  return writeText(text);
}

function dstr(text: string, otherwise: string): Buffer {
  if (text === otherwise) return str(isDefault);
  if (text === isDefault) throw new TypeError('U+0000 alone would be read as the default');
  return str(text);
}

/** Katana takes a blank one for none. */
function notBlank(bootstrapToken: string): string {
  if (bootstrapToken.trim() === '') throw new TypeError('a bootstrap token is not blank');
  return bootstrapToken;
}

/**
 * Reads a ticket, version 3 or 2. Total: any bytes give a ticket or undefined.
 *
 * Stricter than Katana, which takes bad UTF-8, bytes after the end, and properties of another version, which it then
 * leaves out, the expiry with them.
 */
export function decodeTicket(bytes: Uint8Array): KatanaTicket | undefined {
  if (bytes.length > maxTicketBytes) return undefined;
  const readVersion = new Reader(bytes).int();
  if (readVersion === version) return readTicket(new Reader(bytes), true);
  if (readVersion !== 2) return undefined;
  // Only the length tells the two layouts of version 2 apart.
  return readTicket(new Reader(bytes), true) ?? readTicket(new Reader(bytes), false);
}

function readTicket(reader: Reader, hasBootstrap: boolean): KatanaTicket | undefined {
  reader.int();
  const authenticationType = reader.str();
  const nameClaimType = reader.dstr(ticketDefaults.nameClaimType);
  const roleClaimType = reader.dstr(ticketDefaults.roleClaimType);
  const claims = reader.list(minClaimBytes, () => readClaim(reader, nameClaimType));
  const bootstrapToken = hasBootstrap ? readBootstrap(reader) : undefined;
  if (reader.int() !== propertiesVersion) return undefined;
  const entries = reader.list(minPropertyBytes, () => [reader.str(), reader.str()] as const);
  const properties = new Map(entries);
  if (!reader.isWhole() || properties.size !== entries.length) return undefined;
  return { authenticationType, nameClaimType, roleClaimType, claims, bootstrapToken, properties };
}

function readClaim(reader: Reader, nameClaimType: string): KatanaClaim {
  const type = reader.dstr(nameClaimType);
  const value = reader.str();
  const valueType = reader.dstr(ticketDefaults.valueType);
  const issuer = reader.dstr(ticketDefaults.issuer);
  return { type, value, valueType, issuer, originalIssuer: reader.dstr(issuer) };
}

function readBootstrap(reader: Reader): string | undefined {
  const length = reader.int();
  if (length === 0) return undefined;
  const token = reader.str();
  return token.length === length ? token : reader.fail(undefined);
}

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

  int(): number {
    const taken = this.#take(4);
    return taken.length === 4 ? taken.readInt32LE() : 0;
  }

  str(): string {
    const bytes = this.#take(this.#length());
    return isUtf8(bytes) ? bytes.toString('utf8') : this.fail('');
  }

  dstr(otherwise: string): string {
    const text = this.str();
    return text === isDefault ? otherwise : text;
  }

  /** A count and as many items; a count that the bytes left can't hold is refused before the first one. */
  list<T>(minItemBytes: number, item: () => T): T[] {
    const count = this.int();
    if (count < 0 || count * minItemBytes > this.#bytes.length - this.#at) return this.fail([]);
    const items: T[] = [];
    while (items.length < count && !this.#failed) items.push(item());
    return items;
  }

  fail<T>(instead: T): T {
    this.#failed = true;
    return instead;
  }

  /** Three bytes are enough for any length that a ticket can hold. */
  #length(): number {
    let length = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.#take(1)[0] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte <= 0x7f) return length;
    }
    return this.fail(0);
  }

  #take(bytes: number): Buffer {
    const end = this.#at + bytes;
    if (this.#failed || end > this.#bytes.length) return this.fail(Buffer.alloc(0));
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
