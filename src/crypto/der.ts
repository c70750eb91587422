/**
 * The little of DER (X.690) that certificates are looked up and judged by, and that node:crypto does not give: names as
 * they are written, key usages, the subject key identifier. Only certificates that node:crypto has already read come
 * here, and paths of certificates as somebody sent them.
 */

/** One value: its identifier octet, its whole encoding, its contents, and where the next value starts. */
interface Value {
  readonly tag: number;
  readonly der: Buffer;
  readonly contents: Buffer;
  readonly end: number;
}

const tags = {
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  bmpString: 0x1e,
  sequence: 0x30,
  explicit0: 0xa0,
  explicit3: 0xa3,
};

/** One attribute of a name: dotted object identifier, text, and the encoding of the text. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
  readonly der: Buffer;
}

/** A name of a certificate: its relative names in the order of the certificate, and the whole as it is written. */
export interface CertificateName {
  /** Of each relative name the attributes: one, or several that belong together. */
  readonly relativeNames: readonly (readonly NameAttribute[])[];
  readonly der: Buffer;
}

/** What {@link readCertificate} finds. */
export interface CertificateFields {
  /** Object identifier of the algorithm that it is signed with. */
  readonly signatureAlgorithm: string;
  readonly issuer: CertificateName;
  readonly subject: CertificateName;
  /** Contents of the extension 2.5.29.14; undefined when there is none. */
  readonly subjectKeyIdentifier: Buffer | undefined;
  /** First octet of KeyUsage (RFC 5280 §4.2.1.3), digitalSignature its highest bit; undefined when there is none. */
  readonly keyUsage: number | undefined;
  /** Object identifiers of ExtendedKeyUsage (RFC 5280 §4.2.1.12); undefined when there is none. */
  readonly extendedKeyUsage: readonly string[] | undefined;
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
  // version [0] is optional; then serialNumber, signature, issuer, validity, subject.
  const [algorithm, issuer, , subject] = fields.slice(fields[0]?.tag === tags.explicit0 ? 2 : 1);
  const [signatureAlgorithm] = algorithm === undefined ? [] : sequence(algorithm);
  if (signatureAlgorithm === undefined || issuer === undefined || subject === undefined)
    throw new RangeError('not a certificate');
  const extensions = extensionsOf(fields);
  return {
    signatureAlgorithm: objectIdentifier(signatureAlgorithm.contents),
    issuer: nameOf(issuer),
    subject: nameOf(subject),
    subjectKeyIdentifier: keyIdentifier(extensions.get(oids.subjectKeyIdentifier)),
    keyUsage: keyUsage(extensions.get(oids.keyUsage)),
    extendedKeyUsage: extendedKeyUsage(extensions.get(oids.extendedKeyUsage)),
  };
}

/**
 * The certificates of a PkiPath (X.509 Token Profile 1.1 §3.1.2: X509PKIPathv1), DER each, in its order: that of the
 * path's owner last.
 *
 * @returns undefined for bytes that are no sequence of sequences, and nothing else
 */
export function readPath(der: Buffer): readonly Buffer[] | undefined {
  try {
    const certificates = isSequence(der) ? sequence(valueAt(der, 0)) : [];
    const isPath = certificates.length > 0 && certificates.every(({ tag }) => tag === tags.sequence);
    return isPath ? certificates.map(certificate => certificate.der) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether bytes are one sequence and nothing else, as each structure of certificates is. */
export function isSequence(der: Buffer): boolean {
  try {
    const { tag, end } = valueAt(der, 0);
    return tag === tags.sequence && end === der.length;
  } catch {
    return false;
  }
}

/** A PkiPath of certificates that are DER each. */
export function writePath(certificates: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(certificates);
  const length = contents.length.toString(16);
  const octets = Buffer.from(length.padStart(length.length + (length.length % 2), '0'), 'hex');
  const head = contents.length < 0x80 ? [contents.length] : [0x80 | octets.length, ...octets];
  return Buffer.concat([Buffer.from([tags.sequence, ...head]), contents]);
}

/** Text of one DER string: UTF-8, BMP, or one byte a character. */
export function readString(der: Buffer): string {
  return text(valueAt(der, 0));
}

function nameOf(name: Value): CertificateName {
  const relativeNames = sequence(name).map(relative => sequence(relative).map(attributeOf));
  return { relativeNames, der: name.der };
}

function attributeOf(attribute: Value): NameAttribute {
  const [type, value] = sequence(attribute);
  if (type === undefined || value === undefined) throw new RangeError('not a name');
  return { type: objectIdentifier(type.contents), value: text(value), der: value.der };
}

const oids = { subjectKeyIdentifier: '2.5.29.14', keyUsage: '2.5.29.15', extendedKeyUsage: '2.5.29.37' } as const;

/** The octets of each extension, by its object identifier. */
function extensionsOf(fields: readonly Value[]): ReadonlyMap<string, Buffer> {
  const extensions = fields.find(field => field.tag === tags.explicit3);
  const found = new Map<string, Buffer>();
  for (const extension of extensions === undefined ? [] : sequence(extensions).flatMap(sequence)) {
    // extnID, critical (optional), extnValue: an OCTET STRING around the DER of another value.
    const parts = sequence(extension);
    const [id, wrapped] = [parts[0], parts.at(-1)];
    if (id?.tag === tags.oid && wrapped?.tag === tags.octetString)
      found.set(objectIdentifier(id.contents), wrapped.contents);
  }
  return found;
}

function keyIdentifier(extension: Buffer | undefined): Buffer | undefined {
  return extension && Buffer.from(valueAt(extension, 0).contents);
}

function keyUsage(extension: Buffer | undefined): number | undefined {
  if (extension === undefined) return undefined;
  const { tag, contents } = valueAt(extension, 0);
  // The first octet counts the bits of the last one that are not used; a usage without bits allows nothing.
  return tag === tags.bitString ? (contents[1] ?? 0) : 0;
}

function extendedKeyUsage(extension: Buffer | undefined): readonly string[] | undefined {
  return extension && sequence(valueAt(extension, 0)).map(({ contents }) => objectIdentifier(contents));
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
