import { algorithms, ns, tokenTypes } from '../../../src/names.ts';
import { parts, reference } from '../builder.ts';
import { insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';
import { list, spoofed, wrapped } from './structures.ts';

/** Encrypted data and encrypted keys: the letter E. */
const { add, scenarios } = scenarioList();

const flip = (offset: number) => (bytes: Buffer) => {
  const flipped = Buffer.from(bytes);
  const at = offset < 0 ? flipped.length + offset : offset;
  flipped[at] = (flipped[at] ?? 0) ^ 0x01;
  return flipped;
};
add('calls', 'E01-iv', 'a flipped bit in the IV', { cipher: flip(3) });
add('calls', 'E01-ciphertext', 'a flipped bit in the ciphertext', { cipher: flip(20) });
add('calls', 'E01-padding', 'a flipped bit that hits the padding', { cipher: flip(-17) });
add('calls', 'E01-truncated', 'a block less', { cipher: bytes => bytes.subarray(0, -16) });
add('calls', 'E01-not-a-block', 'a byte less', { cipher: bytes => bytes.subarray(0, -1) });
add('calls', 'E01-iv-only', 'an IV and one byte', { cipher: bytes => bytes.subarray(0, 17) });
for (const [name, uri] of Object.entries({ gcm: algorithms.aes128Gcm, aes256: algorithms.aes256Cbc, none: 'none' })) {
  add('calls', `E02-${name}`, 'another encryption algorithm than the suite’s', {
    encryptedData: replace(algorithms.aes128Cbc, uri),
  });
}
add('bootstrap', 'E03-rsa15', 'RSA 1.5 key transport', {
  finished: replace(algorithms.rsaOaepMgf1p, algorithms.rsa15),
});
add('bootstrap', 'E04-other-octets', 'an EncryptedKey that can’t be opened', {
  finished: text =>
    text.replace(
      /(<xenc:EncryptedKey.*?<xenc:CipherValue>)(.)/,
      (_, start, first) => start + (first === 'A' ? 'B' : 'A'),
    ),
});
add('bootstrap', 'E04-other-certificate', 'an EncryptedKey for a certificate that is not ours', {
  finished: text => text.replace(/#ThumbprintSHA1">[^<]*/, '#ThumbprintSHA1">AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
});
add('bootstrap', 'E04-short', 'an EncryptedKey of a few bytes', {
  finished: text => text.replace(/(<xenc:EncryptedKey.*?<xenc:CipherValue>)[^<]*/, '$1AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
});
add('calls', 'E07-short-iv', 'less than an IV', { cipher: bytes => bytes.subarray(0, 16) });
add('bootstrap', 'E04-octet-missing', 'an EncryptedKey that lacks an octet of the modulus’s length', {
  finished: text =>
    text.replace(/(?<=<xenc:EncryptedKey.*?<xenc:CipherValue>)[^<]*/, value =>
      Buffer.from(value, 'base64').subarray(1).toString('base64'),
    ),
});
add('bootstrap', 'E08-key-in-key', 'an EncryptedKey whose KeyInfo names itself', {
  finished: text =>
    text.replace(/<wsse:KeyIdentifier.*?<\/wsse:KeyIdentifier>/, reference('#EK', tokenTypes.encryptedKey)),
});
add('calls', 'E08-encrypted-key-in-data', 'an EncryptedData whose KeyInfo holds an EncryptedKey', {
  encryptedData: text => text.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/, '<ds:KeyInfo><xenc:EncryptedKey/></ds:KeyInfo>'),
});
const nested = `<xenc:EncryptedData Id="n"/>`;
add('calls', 'E09-encrypted-data-inside', 'an EncryptedData comes out of the decryption', {
  unsigned: replace(parts.content, nested),
});
add('calls', 'E09-second-body-inside', 'a Body comes out of the decryption', {
  unsigned: replace(parts.content, `<b:Body xmlns:b="${ns.soap12}"/>`),
});
add('calls', 'E09-two-children-inside', 'two elements come out of the decryption', {
  unsigned: insertAfter(parts.content, spoofed),
});
add('calls', 'E09-text-inside', 'text comes out of the decryption beside the element', {
  unsigned: insertAfter(parts.content, 'x'),
});
add('calls', 'E09-doctype-inside', 'a document type comes out of the decryption', {
  plaintext: text => `<!DOCTYPE x>${text}`,
});
add('calls', 'E09-not-well-formed-inside', 'half an element comes out of the decryption', {
  plaintext: text => text.slice(0, -3),
});
add('calls', 'E09-equal-id-inside', 'an id of the message stands in the plaintext once more', {
  plaintext: replace('<m:text>', '<m:text wsu:Id="To">'),
});
add('calls', 'E09-other-content', 'other content than was signed, encrypted with the right key', {
  plaintext: () => spoofed,
});
add('calls', 'E10-cipher-reference', 'a CipherReference', {
  encryptedData: text =>
    text.replace(/<xenc:CipherValue>.*<\/xenc:CipherValue>/, '<xenc:CipherReference URI="http://127.0.0.1:9/"/>'),
});
const encryptedBody = /<xenc:EncryptedData Id="EDb".*<\/xenc:EncryptedData>(?=<\/soap:Body>)/;
add('calls', 'E11-body-in-clear', 'a Body in clear where the plan has it encrypted', {
  encryptedData: () => parts.content,
  finished: text => text.replace(/<xenc:ReferenceList>.*<\/xenc:ReferenceList>/, ''),
});
add('calls', 'E11-moved-to-header', 'the EncryptedData stands in a header block, other content in the Body', {
  finished: text => {
    const data = encryptedBody.exec(text)?.[0] ?? '';
    return text.replace(data, spoofed).replace('<wsse:Security', `${wrapped(data)}<wsse:Security`);
  },
});
add('calls', 'E11-moved-to-security', 'the EncryptedData stands in the Security header as well', {
  finished: text => {
    const data = encryptedBody.exec(text)?.[0] ?? '';
    return text.replace('</wsse:Security>', `${data.replace('"EDb"', '"EDx"')}</wsse:Security>`);
  },
});
add('calls', 'E11-type-element', 'Type Element for content', { encryptedData: replace('#Content', '#Element') });
add('calls', 'E11-type-missing', 'no Type', { encryptedData: text => text.replace(/ Type="[^"]*"/, '') });
add('calls', 'E11-beside-clear-text', 'an EncryptedData beside an element in clear', {
  encryptedData: text => text + spoofed,
});
add('calls', 'E11-not-listed', 'an EncryptedData that no ReferenceList names', {
  finished: text => text.replace(/<xenc:ReferenceList>.*<\/xenc:ReferenceList>/, ''),
});
add('signed-calls', 'E11-unexpected', 'an EncryptedData where the plan encrypts nothing', {
  unsigned: replace(parts.content, nested),
});
add('bootstrap', 'E11-username-token-type', 'Type Content for the UsernameToken', {
  finished: text => text.replace(/(Id="EDu" Type="[^"]*#)Element/, '$1Content'),
});
const referenceList = /<xenc:ReferenceList>.*<\/xenc:ReferenceList>/;
add('calls', 'E12-six-references', 'more DataReferences than allowed', {
  finished: text => text.replace(referenceList, list(6, '#EDb')),
});
add('calls', 'E12-same-twice', 'the same DataReference twice', {
  finished: text => text.replace(referenceList, list(2, '#EDb')),
});
add('calls', 'E12-to-timestamp', 'a DataReference to something that is not encrypted', {
  finished: text => text.replace(referenceList, list(1, '#TS')),
});
add('calls', 'E12-key-reference', 'a KeyReference', {
  finished: text =>
    text.replace(referenceList, '<xenc:ReferenceList><xenc:KeyReference URI="#EDb"/></xenc:ReferenceList>'),
});
add('calls', 'E12-two-lists', 'two ReferenceLists', {
  finished: text => text.replace(referenceList, list(1, '#EDb').repeat(2)),
});
add('calls', 'E12-mime-type', 'MimeType on EncryptedData', {
  encryptedData: replace('<xenc:EncryptedData', '<xenc:EncryptedData MimeType="text/xml"'),
});
add('calls', 'E12-no-uri', 'a DataReference without URI', {
  finished: text => text.replace(referenceList, '<xenc:ReferenceList><xenc:DataReference/></xenc:ReferenceList>'),
});
add('calls', 'E12-no-id', 'an EncryptedData without Id', { encryptedData: replace(' Id="EDb"', '') });
add('calls', 'E12-empty-list', 'a ReferenceList that names nothing', {
  finished: text => text.replace(referenceList, '<xenc:ReferenceList/>'),
});
add('calls', 'E12-properties', 'EncryptionProperties in EncryptedData', {
  encryptedData: insertBefore('</xenc:EncryptedData>', '<xenc:EncryptionProperties/>'),
});
add('bootstrap', 'E12-recipient', 'Recipient on EncryptedKey', {
  finished: replace('<xenc:EncryptedKey', '<xenc:EncryptedKey Recipient="bob"'),
});
add('bootstrap', 'E12-list-in-key', 'a ReferenceList inside the EncryptedKey', {
  finished: insertBefore('</xenc:EncryptedKey>', list(1, '#EDb')),
});

export const encryption: readonly Scenario[] = scenarios;
