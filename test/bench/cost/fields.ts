import { algorithms, dialects, ns, tokenTypes } from '../../../src/names.ts';
import { type Conversation, call, issueRequest, replaced } from '../../support/initiator.ts';
import type { Family } from './family.ts';
import { around, type Fill, type Fills, numbered, repeated, series } from './fill.ts';
import { type Conversations, unsigned } from './places.ts';
import type { MeasuredServer, Subject } from './subjects.ts';

/**
 * Families of the Security header and of the other header blocks: each field repeated and lengthened. None of them
 * needs credentials.
 */

const { wsc } = dialects.feb2005;
const xenc = ns.xenc;

interface Field {
  /** The text of a message that the field is put into; the first match is replaced. */
  readonly at: string | RegExp;
  readonly fill: Fill;
  /** Whether what was found stays, after what is put in. */
  readonly keeps: boolean;
}

const beforePart = (at: string | RegExp, fill: Fill): Field => ({ at, fill, keeps: true });
const instead = (at: string | RegExp, fill: Fill): Field => ({ at, fill, keeps: false });

/** Base64 in every way of folding it, and what makes a reader copy it. */
const foldings: Fills = {
  long: repeated('AAAA'),
  'after-spaces': around('', repeated(' '), 'AAAA'),
  folded: repeated('AAAA\n'),
  'spaced-out': repeated('A '),
  'as-references': repeated('&#65;'),
  'in-cdata': repeated('<![CDATA[A]]>'),
  'in-comments': repeated('A<!---->'),
  'of-others': repeated('-'),
  'of-padding': repeated('='),
};

/** Leaves of a call of EchoSymmetric and of its bootstrap, by what stands before and after them. */
const leaves: Readonly<Record<string, RegExp>> = {
  'digest-value': /(?<=<ds:DigestValue>)[^<]*/,
  'signature-value': /(?<=<ds:SignatureValue>)[^<]*/,
  'cipher-value': /(?<=<s:Body.*<e:CipherValue>)[^<]*/s,
  nonce: /(?<=<c:Nonce>)[^<]*/,
  state: /(?<=<k:State[^>]*>)[^<]*/,
  identifier: /(?<=<c:Identifier>)[^<]*/,
  created: /(?<=<u:Created>)[^<]*/,
  offset: /(?<=<c:Offset>)[^<]*/,
  length: /(?<=<c:Length>)[^<]*/,
};

const bootstrapLeaves: Readonly<Record<string, RegExp>> = {
  'key-identifier': /(?<=<o:KeyIdentifier[^>]*>)[^<]*/,
  'encrypted-key': /(?<=<e:CipherValue>)[^<]*/,
};

const addressingLeaves: Readonly<Record<string, RegExp>> = {
  action: /(?<=<a:Action[^>]*>)[^<]*/,
  'message-id': /(?<=<a:MessageID[^>]*>)[^<]*/,
  to: /(?<=<a:To[^>]*>)[^<]*/,
  address: /(?<=<a:Address>)[^<]*/,
};

/** Values of addresses and names, lengthened. */
const texts: Fills = {
  long: repeated('x'),
  'after-spaces': around('', repeated(' '), 'urn:x'),
  'between-spaces': around('urn:', repeated(' '), 'x'),
  'of-colons': repeated(':'),
  'beyond-ascii': around('urn:', repeated('é'), ''),
  'in-cdata': around('urn:', repeated('<![CDATA[x]]>'), ''),
};

function crossed(parts: Readonly<Record<string, RegExp>>, fills: Fills): Record<string, Field> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, at]) =>
      Object.entries(fills).map(([fill, write]) => [`${part}-${fill}`, instead(at, write)]),
    ),
  );
}

const timestamp = (id: number) =>
  `<u:Timestamp xmlns:u="${ns.wsu}" u:Id="t${id}"><u:Created>2026-11-29T00:00:00Z</u:Created></u:Timestamp>`;
const reference = (uri: string) =>
  `<o:SecurityTokenReference xmlns:o="${ns.wsse}"><o:Reference URI="${uri}"></o:Reference></o:SecurityTokenReference>`;
const derivedKey = (id: number) =>
  `<c:DerivedKeyToken xmlns:c="${wsc}" xmlns:u="${ns.wsu}" u:Id="d${id}">${reference('#x')}` +
  '<c:Nonce>AAAAAAAAAAAAAAAAAAAAAA==</c:Nonce></c:DerivedKeyToken>';
const keyInfo = `<d:KeyInfo xmlns:d="${ns.ds}">${reference('#x')}</d:KeyInfo>`;
const encryptedData = (id: number) =>
  `<e:EncryptedData xmlns:e="${xenc}" Id="e${id}" Type="${xenc}Element">` +
  `<e:EncryptionMethod Algorithm="${xenc}aes128-cbc"/>` +
  `${keyInfo}<e:CipherData><e:CipherValue>${'A'.repeat(64)}</e:CipherValue></e:CipherData></e:EncryptedData>`;
const signature = (id: number) => `<d:Signature xmlns:d="${ns.ds}" Id="s${id}"><d:SignedInfo/>${keyInfo}</d:Signature>`;
const signedReference = (id: number) =>
  `<ds:Reference URI="#r${id}"><ds:Transforms><ds:Transform Algorithm="${ns.excC14n}"/></ds:Transforms>` +
  `<ds:DigestMethod Algorithm="${algorithms.sha1}"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>`;

/** Structures repeated where one of them stands in a call. */
const structures: Readonly<Record<string, Field>> = {
  timestamps: beforePart('<ds:Signature ', numbered(timestamp)),
  'derived-keys': beforePart('<ds:Signature ', numbered(derivedKey)),
  'encrypted-data': beforePart('<ds:Signature ', numbered(encryptedData)),
  signatures: beforePart('<ds:Signature ', numbered(signature)),
  'context-tokens': beforePart('<ds:Signature ', repeated(`<c:SecurityContextToken xmlns:c="${wsc}"/>`)),
  'context-token-children': beforePart('<k:State', repeated(`<k:State xmlns:k="${ns.state}"/>`)),
  'username-tokens': beforePart('<ds:Signature ', repeated(`<o:UsernameToken xmlns:o="${ns.wsse}"/>`)),
  'unknown-children': beforePart('<ds:Signature ', repeated('<x/>')),
  'security-headers': beforePart('<o:Security', repeated(`<o:Security xmlns:o="${ns.wsse}" s:role="urn:other"/>`)),
  references: beforePart('<ds:Reference ', numbered(signedReference)),
  'reference-children': beforePart('<ds:DigestMethod ', repeated('<ds:DigestMethod/>')),
  transforms: beforePart('<ds:Transform ', repeated(`<ds:Transform Algorithm="${ns.excC14n}"/>`)),
  'transform-nested': instead(
    /<ds:Transform [^>]*><\/ds:Transform>/,
    repeated(`${'<ds:Transforms>'.repeat(30)}${'</ds:Transforms>'.repeat(30)}`),
  ),
  'data-references': beforePart(
    '<e:DataReference ',
    numbered(id => `<e:DataReference URI="#x${id}"/>`),
  ),
  'key-infos': beforePart('<ds:KeyInfo>', repeated('<ds:KeyInfo/>')),
  'token-references': beforePart('<o:Reference ', repeated('<o:Reference/>')),
  'cipher-values': beforePart('<e:CipherValue>', repeated('<e:CipherValue/>')),
  'derived-key-children': beforePart('<c:Offset>', repeated('<c:Properties/>')),
  labels: beforePart('<c:Nonce>', repeated('<c:Label>x</c:Label>')),
  label: beforePart('<c:Nonce>', around('<c:Label>', repeated('x'), '</c:Label>')),
  'timestamp-children': beforePart('<u:Expires>', repeated('<u:Created/>')),
  'header-blocks': beforePart('<a:Action', repeated('<x/>')),
  'header-blocks-of-many-names': beforePart(
    '<a:Action',
    numbered(index => `<x${index}/>`),
  ),
  'header-blocks-with-role': beforePart('<a:Action', repeated('<x s:role="urn:other" s:mustUnderstand="1"/>')),
  'header-blocks-with-attributes': beforePart('<a:Action', repeated(`<x${series(60, i => ` a${i}=""`)}/>`)),
  'header-blocks-with-ids': beforePart(
    '<a:Action',
    numbered(index => `<u:x xmlns:u="${ns.wsu}" u:Id="h${index}"/>`),
  ),
  'addressing-headers': beforePart('<a:Action', repeated(`<a:x xmlns:a="${'http://www.w3.org/2005/08/addressing'}"/>`)),
  'addressing-twice': beforePart(
    '<a:Action',
    repeated('<a:To xmlns:a="http://www.w3.org/2005/08/addressing">urn:x</a:To>'),
  ),
  'reply-to-children': beforePart('<a:Address>', repeated('<a:Address/>')),
  'relates-to': beforePart(
    '<o:Security',
    around(
      '<a:RelatesTo xmlns:a="http://www.w3.org/2005/08/addressing" RelationshipType="',
      bytes => ':'.repeat(Math.min(bytes, 8_000)),
      '">urn:x</a:RelatesTo>',
    ),
  ),
  'role-long': beforePart('<a:Action', bytes => `<x s:role="${'r'.repeat(Math.min(bytes, 8_000))}"/>`),
  'envelope-attributes': instead(
    '<s:Header>',
    bytes => `<s:Header${series(Math.min(60, bytes >> 4), i => ` a${i}=""`)}>`,
  ),
  bodies: beforePart('<s:Body', repeated('<s:Body/>')),
  'body-children': beforePart('</s:Body>', repeated('<x/>')),
};

const openBinaryToken =
  `<o:BinarySecurityToken xmlns:o="${ns.wsse}" EncodingType="${tokenTypes.base64Binary}" ` +
  `ValueType="${tokenTypes.x509v3}">`;

/** Structures of a bootstrap that is encrypted to the service's certificate. */
const bootstrapStructures: Readonly<Record<string, Field>> = {
  'encrypted-keys': beforePart(
    '<c:DerivedKeyToken',
    numbered(id => `<e:EncryptedKey xmlns:e="${xenc}" Id="k${id}"/>`),
  ),
  'encrypted-key-children': beforePart('<e:CipherData>', repeated('<e:CipherData/>')),
  'binary-tokens': beforePart(
    '<c:DerivedKeyToken',
    repeated(`${openBinaryToken}${'A'.repeat(128)}</o:BinarySecurityToken>`),
  ),
  'binary-token-long': beforePart(
    '<c:DerivedKeyToken',
    around(openBinaryToken, repeated('A '), '</o:BinarySecurityToken>'),
  ),
  'issuer-names': instead(
    /<o:KeyIdentifier.*?<\/o:KeyIdentifier>/s,
    around(
      '<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>',
      numbered(index => `CN=x${index},`),
      '</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>',
    ),
  ),
  'issuer-name-of-escapes': instead(
    /<o:KeyIdentifier.*?<\/o:KeyIdentifier>/s,
    around(
      '<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=',
      repeated('\\20 '),
      '</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>',
    ),
  ),
};

/** Fields of the UsernameToken and of the request for a token, over TLS. */
const tokenRequest: Readonly<Record<string, Field>> = {
  ...crossed({ username: /(?<=<o:Username>)[^<]*/, password: /(?<=<o:Password[^>]*>)[^<]*/ }, texts),
  ...crossed({ 'binary-secret': /(?<=<t:BinarySecret[^>]*>)[^<]*/ }, foldings),
  ...crossed(
    {
      'token-type': /(?<=<t:TokenType>)[^<]*/,
      'request-type': /(?<=<t:RequestType>)[^<]*/,
      'key-size': /(?<=<t:KeySize>)[^<]*/,
    },
    texts,
  ),
  'username-token-children': beforePart('<o:Password', repeated('<o:Nonce/>')),
  'token-request-children': beforePart('<t:Entropy>', repeated('<t:Claims/>')),
  'token-request-children-twice': beforePart('<t:Entropy>', repeated('<t:Entropy/>')),
  entropies: beforePart('<t:BinarySecret', repeated('<t:BinarySecret/>')),
};

/** Children of a request for a token without a prefix, whose namespace has a long name. */
const inLongNamespace: Readonly<Record<string, Field>> = {
  'children-of-a-long-namespace': beforePart(
    '<t:Entropy>',
    numbered(index => `<x${index}/>`),
  ),
};

function requestInLongNamespace(): string {
  const open = '<t:RequestSecurityToken ';
  return replaced(issueRequest('EchoTls11').sent.text, open, `${open}xmlns="urn:${'x'.repeat(500)}" `);
}

function familiesOf(
  kind: string,
  fields: Readonly<Record<string, Field>>,
  message: string,
  subject: Subject,
): Family[] {
  return Object.entries(fields).map(([name, { at, fill, keeps }]) => {
    const found = typeof at === 'string' ? at : (at.exec(message)?.[0] ?? '');
    const [before = '', after = ''] = replaced(message, at, '\0').split('\0');
    const rest = keeps ? found + after : after;
    return {
      name: `${kind}/${name}`,
      signed: false,
      subject,
      message: bytes => Buffer.from(before + fill(bytes) + rest),
    };
  });
}

/** All families of header fields. */
export function fieldFamilies(server: MeasuredServer, { tls, symmetric }: Conversations): readonly Family[] {
  const [tlsServer, symmetricServer] = [server.subject('EchoTls11'), server.subject('EchoSymmetric')];
  const callOf = (conversation: Conversation) => unsigned(call(conversation));
  return [
    ...familiesOf('call', structures, callOf(symmetric), symmetricServer),
    ...familiesOf('call', crossed(leaves, foldings), callOf(symmetric), symmetricServer),
    ...familiesOf('call', crossed(addressingLeaves, texts), callOf(tls), tlsServer),
    ...familiesOf('bootstrap', bootstrapStructures, issueRequest('EchoSymmetric').sent.text, symmetricServer),
    ...familiesOf(
      'bootstrap',
      crossed(bootstrapLeaves, foldings),
      issueRequest('EchoSymmetric').sent.text,
      symmetricServer,
    ),
    ...familiesOf('token-request', tokenRequest, issueRequest('EchoTls11').sent.text, tlsServer),
    ...familiesOf('token-request', inLongNamespace, requestInLongNamespace(), tlsServer),
  ];
}
