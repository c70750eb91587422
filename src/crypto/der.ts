/**
 * The little of DER (X.690) that references to certificates need: the issuer's name and the subject key identifier,
 * which node:crypto does not give. Only certificates that node:crypto has already read come here.
 */

/** One value: its identifier octet, its whole encoding, its contents, and where the next value starts. */
interface Value {
  readonly tag: number;
  readonly der: Buffer;
  readonly contents: Buffer;
  readonly end: number;
}

const tags = { octetString: 0x04, oid: 0x06, utf8String: 0x0c, bmpString: 0x1e, explicit0: 0xa0, explicit3: 0xa3 };

/** One attribute of a name: dotted object identifier, text, and the encoding of the text. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
  readonly der: Buffer;
}

/**
 * What {@link readCertificate} finds: the issuer's attributes in the order of the certificate, and the identifier of
 * the key.
 */
export interface CertificateFields {
  readonly issuer: readonly NameAttribute[];
  /** Contents of the extension 2.5.29.14; undefined when there is none. */
  readonly subjectKeyIdentifier: Buffer | undefined;
}

/**
 * Reads an X.509 certificate (RFC 5280 §4.1).
 *
 * @throws {RangeError} for bytes that aren't one.
 */
export function readCertificate(der: Buffer): CertificateFields {
  const [tbs] = sequence(valueAt(der, 0));
  if (tbs === undefined) throw new RangeError('not a certificate');
  const fields = sequence(tbs);
  // version [0] is optional; then serialNumber, signature, issuer.
  const issuer = fields[fields[0]?.tag === tags.explicit0 ? 3 : 2];
  if (issuer === undefined) throw new RangeError('not a certificate');
  return { issuer: nameAttributes(issuer), subjectKeyIdentifier: keyIdentifier(fields) };
}

/** Text of one DER string: UTF-8, BMP, or one byte a character. */
export function readString(der: Buffer): string {
  return text(valueAt(der, 0));
}

function nameAttributes(name: Value): NameAttribute[] {
  return sequence(name)
    .flatMap(sequence)
    .map(attribute => {
      const [type, value] = sequence(attribute);
      if (type === undefined || value === undefined) throw new RangeError('not a name');
      return { type: objectIdentifier(type.contents), value: text(value), der: value.der };
    });
}

const keyIdentifierOid = '2.5.29.14';

function keyIdentifier(fields: readonly Value[]): Buffer | undefined {
  const extensions = fields.find(field => field.tag === tags.explicit3);
  if (extensions === undefined) return undefined;
  for (const extension of sequence(extensions).flatMap(sequence)) {
    const parts = sequence(extension);
    if (parts[0]?.tag !== tags.oid || objectIdentifier(parts[0].contents) !== keyIdentifierOid) continue;
    // extnID, critical (optional), extnValue: an OCTET STRING around the DER of another.
    const wrapped = parts.at(-1);
    return wrapped?.tag === tags.octetString ? Buffer.from(valueAt(wrapped.contents, 0).contents) : undefined;
  }
  return undefined;
}

function text({ tag, contents }: Value): string {
  if (tag === tags.utf8String) return contents.toString('utf8');
  if (tag === tags.bmpString) return Buffer.from(contents).swap16().toString('utf16le');
  return contents.toString('latin1');
}

function objectIdentifier(contents: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contents) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const first = Math.min(2, Math.floor((arcs[0] ?? 0) / 40));
  return [first, (arcs[0] ?? 0) - first * 40, ...arcs.slice(1)].join('.');
}

/** The values inside a constructed value. */
function sequence(value: Value): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < value.contents.length; ) {
    const next = valueAt(value.contents, at);
    values.push(next);
    at = next.end;
  }
  return values;
}

function valueAt(der: Buffer, at: number): Value {
  const tag = der.readUInt8(at);
  const first = der.readUInt8(at + 1);
  const longBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + longBytes;
  const end = start + (longBytes === 0 ? first : der.readUIntBE(at + 2, longBytes));
  if (end > der.length) throw new RangeError('a value ends beyond the bytes');
  return { tag, der: der.subarray(at, end), contents: der.subarray(start, end), end };
}
