import { algorithms, dialects, ns, tokenTypes } from '../../src/names.ts';
import {
  type BaseName,
  contextId,
  derivedKeyToken,
  dk,
  encryptedKeyStr,
  parts,
  type Recipe,
  reference,
  sct,
  signedReference,
  str,
  wsc,
} from './builder.ts';

import { meaning } from './hostile-meaning.ts';

/** Recipes of the vectors in test/vectors/hostile, by name: one spoilt message each. The names begin with the numbers of the attack list. */
export interface Scenario {
  readonly name: string;
  readonly plan: BaseName;
  readonly comment: string;
  readonly recipe: Recipe;
}

const replace = (from: string | RegExp, to: string) => (text: string) => {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`nothing to replace: ${from}`);
  return changed;
};
const chain =
  (...steps: ((text: string) => string)[]) =>
  (text: string) =>
    steps.reduce((current, step) => step(current), text);
const insertBefore = (marker: string, text: string) => replace(marker, text + marker);
const insertAfter = (marker: string, text: string) => replace(marker, marker + text);

const scenarios: Scenario[] = [];
function add(plan: BaseName, name: string, comment: string, recipe: Recipe): void {
  scenarios.push({ name, plan, comment, recipe });
}

const spoofed = '<m:Echo><m:text>pay 1000000 to eve</m:text></m:Echo>';
const body = `<soap:Body wsu:Id="Body">${parts.content}</soap:Body>`;
const wrapped = (inner: string) => `<m:wrapper>${inner}</m:wrapper>`;
const now = (seconds: number) => new Date(Date.UTC(2026, 10, 26, 12) + seconds * 1000).toISOString();
const times = (created: string, expires: string) => (text: string) =>
  text.replace('2026-11-26T12:00:00.000Z', created).replace('2026-11-26T12:05:00.000Z', expires);

// ---- Signature wrapping
for (const [variant, id] of [
  ['same-id', ' wsu:Id="Body"'],
  ['new-id', ' wsu:Id="Other"'],
  ['no-id', ''],
] as const) {
  add(
    'signed-calls',
    `X01-body-in-header-${variant}`,
    'the signed Body stands in a header block, another one in its place',
    {
      finished: chain(
        replace(body, `<soap:Body${id}>${spoofed}</soap:Body>`),
        insertBefore('<wsse:Security', wrapped(body)),
      ),
    },
  );
}
add('signed-calls', 'X01-body-in-security', 'the signed Body stands in the Security header', {
  finished: chain(replace(body, `<soap:Body>${spoofed}</soap:Body>`), insertBefore('</wsse:Security>', body)),
});
add('signed-calls', 'X01-body-in-context-token', 'the signed Body stands where the sealed state has its place', {
  finished: chain(
    replace(body, `<soap:Body>${spoofed}</soap:Body>`),
    insertBefore('</wsc:SecurityContextToken>', body),
  ),
});
add('signed-calls', 'X01-body-in-body', 'the signed Body stands inside the new one', {
  finished: replace(body, `<soap:Body>${wrapped(body)}</soap:Body>`),
});
add('tls-calls', 'X02-timestamp-wrapped', 'the signed Timestamp stands in a header block, a fresh one in its place', {
  finished: chain(
    replace(parts.timestamp, parts.timestamp.replace('"TS"', '"New"')),
    insertBefore('<wsse:Security', wrapped(parts.timestamp)),
  ),
});
for (const name of ['to', 'action', 'replyTo'] as const) {
  add(
    'signed-calls',
    `X03-${name}-wrapped`,
    'the signed addressing header stands in a header block, another one in its place',
    {
      finished: chain(
        replace(parts[name], parts[name].replace(/ wsu:Id="\w+"/, '')),
        insertBefore('<wsse:Security', wrapped(parts[name])),
      ),
    },
  );
}
add('calls', 'X04-two-context-tokens', 'an own token beside that of somebody else', {
  unsigned: insertAfter(parts.sct, parts.sct.replace('"SCT"', '"SCT2"').replace('6f0d', '7f0d')),
});
add('bootstrap', 'X04-two-encrypted-keys', 'an EncryptedKey beside that of somebody else', {
  unsigned: text =>
    text.replace(/<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/, key => key + key.replace('"EK"', '"EK2"')),
});
add('signed-calls', 'X05-equal-ids', 'two elements with one wsu:Id', {
  finished: replace('<m:text>', '<m:text wsu:Id="To">'),
});
add('signed-calls', 'X05-equal-ids-in-the-payload', 'an id that nothing refers to, twice', {
  unsigned: replace(parts.content, '<m:Echo wsu:Id="x"><m:text wsu:Id="x">1</m:text></m:Echo>'),
});
add('signed-calls', 'X05-equal-ids-of-two-kinds', 'xml:id with the value of a wsu:Id', {
  finished: replace('<m:text>', '<m:text xml:id="To">'),
});
add(
  'signed-calls',
  'X06-conflicting-ids',
  'one element with two ids, referred to by the one that is none for its kind',
  {
    unsigned: replace('<soap:Body wsu:Id="Body">', '<soap:Body wsu:Id="a" Id="Body">'),
  },
);
add('signed-calls', 'X07-id-in-another-namespace', 'an attribute m:Id is no id', {
  unsigned: replace('<soap:Body wsu:Id="Body">', '<soap:Body m:Id="Body">'),
});
add('signed-calls', 'X07-other-spelling', 'an attribute wsu:ID is no id', {
  unsigned: replace('<soap:Body wsu:Id="Body">', '<soap:Body wsu:ID="Body">'),
});
add('signed-calls', 'X07-look-alike-beside', 'an attribute ID has the value of a signed id', {
  unsigned: replace('<m:text>', '<m:text ID="To">'),
});
for (const id of ['SCT', 'DKs']) {
  add('signed-calls', `X07-look-alike-of-${id}`, 'an attribute ID has the value of an id that names a key', {
    unsigned: replace('<m:text>', `<m:text ID="${id}">`),
  });
}
add('calls', 'X07-look-alike-of-DKe', 'an attribute ID has the value of the id that names the encryption key', {
  unsigned: replace('<wsa:Action', '<m:header ID="DKe"/><wsa:Action'),
});
add('signed-calls', 'X07-control-look-alike', 'an attribute ID with a value that nothing refers to', {
  unsigned: replace('<m:text>', '<m:text ID="x" id="x">'),
});
add('signed-calls', 'X08-control-comment', 'an id in a comment and in CDATA is text', {
  unsigned: chain(
    replace('pay 1 to bob', 'pay 1<!-- wsu:Id="Body" --> to <![CDATA[<x wsu:Id="Body"/>]]>'),
    insertBefore('<wsse:Security', '<!-- <soap:Body wsu:Id="Body"/> -->'),
  ),
});
add('signed-calls', 'X08-processing-instruction', 'an id in a processing instruction', {
  finished: replace('pay 1', 'pay <?x wsu:Id="Body"?>1'),
});
add('calls', 'X09-no-signature', 'the Signature is gone', { signature: () => '' });
add('tls-calls', 'X09-no-signature-tls', 'the Signature is gone', { signature: () => '' });
for (const left of ['Body', 'To', 'Action', 'MessageID', 'ReplyTo']) {
  add('calls', `X09-${left}-not-signed`, 'one of the parts that the plan wants is not signed', {
    sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'].filter(id => id !== left),
  });
}
add('calls', 'X09-only-timestamp-signed', 'a message-protected plan with nothing but the Timestamp signed', {
  sign: ['TS'],
});
add('bootstrap', 'X09-username-token-not-signed', 'the supporting token is not signed', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add('calls', 'X10-second-signature', 'the same Signature twice', {
  signature: text => text.replace(' Id="SIG"', '') + text,
});
add('calls', 'X10-third-signature', 'the same Signature three times', {
  signature: text => text.replace(' Id="SIG"', '').repeat(2) + text,
});
add('calls', 'X10-signature-in-another-header', 'a copy of the Signature, id and all, in a header block', {
  finished: xml => insertBefore('<wsse:Security', wrapped(/<ds:Signature.*<\/ds:Signature>/.exec(xml)?.[0] ?? ''))(xml),
});
add('signed-calls', 'X11-body-of-another-message', 'a Body that was signed in another message of the conversation', {
  finished: replace(parts.content, spoofed),
});
add('signed-calls', 'X12-body-of-another-version', 'a SOAP 1.1 Body in a SOAP 1.2 Envelope', {
  unsigned: xml => xml.replace('<soap:Body', `<b:Body xmlns:b="${ns.soap11}"`).replace('</soap:Body>', '</b:Body>'),
});
add('signed-calls', 'X12-envelope-of-no-version', 'an Envelope in a namespace of no SOAP version', {
  finished: replace(ns.soap12, 'urn:example:soap'),
});
add('signed-calls', 'X13-envelope-in-body', 'an Envelope inside the Body', {
  unsigned: replace(parts.content, `<soap:Envelope><soap:Body>${parts.content}</soap:Body></soap:Envelope>`),
});
add('signed-calls', 'X13-second-body', 'a Body after the Body', {
  finished: replace('</soap:Envelope>', `<soap:Body>${spoofed}</soap:Body></soap:Envelope>`),
});
add('signed-calls', 'X13-second-header', 'a Header after the Header', {
  finished: insertAfter('</soap:Header>', '<soap:Header/>'),
});
add('signed-calls', 'X13-text-between', 'text between Header and Body', {
  finished: insertAfter('</soap:Header>', 'x'),
});
add('signed-calls', 'X13-two-children', 'two elements in the Body', { unsigned: insertAfter(parts.content, spoofed) });
add('signed-calls', 'X13-text-in-body', 'text beside the element in the Body', {
  unsigned: insertAfter(parts.content, 'x'),
});
add(
  'calls',
  'X14-signed-header-for-next',
  'a Security header for `next` with the good Signature, and an empty one for us',
  {
    finished: chain(
      replace('<wsse:Security soap:mustUnderstand="true">', `<wsse:Security soap:role="${ns.soap12}/role/next">`),
      insertBefore('<wsse:Security', '<wsse:Security/>'),
    ),
  },
);
add(
  'calls',
  'X14-signed-header-for-another',
  'a Security header for another node with the good Signature, and an empty one for us',
  {
    finished: chain(
      replace('<wsse:Security soap:mustUnderstand="true">', '<wsse:Security soap:role="urn:example:other">'),
      insertBefore('<wsse:Security', '<wsse:Security/>'),
    ),
  },
);
add('calls', 'X14-only-for-next', 'the one Security header is for `next`', {
  finished: replace('<wsse:Security soap:mustUnderstand="true">', `<wsse:Security soap:role="${ns.soap12}/role/next">`),
});
add('calls', 'X15-unknown-mandatory-header', 'a header block that must be understood and isn’t', {
  finished: insertBefore('<wsse:Security', '<m:header soap:mustUnderstand="1"/>'),
});
add('calls', 'X15-unknown-mandatory-addressing', 'a mandatory header that only looks like one of WS-Addressing', {
  finished: insertBefore('<wsse:Security', '<wsa:Elsewhere soap:mustUnderstand="1"/>'),
});
add('calls', 'X15-control-not-for-us', 'a mandatory header block for another node', {
  finished: insertBefore('<wsse:Security', '<m:header soap:mustUnderstand="1" soap:role="urn:example:other"/>'),
});
add('calls', 'X15-must-understand-value', 'mustUnderstand that is no boolean', {
  finished: insertBefore('<wsse:Security', '<m:header soap:mustUnderstand="2"/>'),
});
add('signed-calls', 'X16-enveloping', 'the signed part stands in a ds:Object of the Signature', {
  finished: chain(
    replace(body, `<soap:Body>${spoofed}</soap:Body>`),
    insertBefore('</ds:Signature>', `<ds:Object>${body}</ds:Object>`),
  ),
});

// ---- References, transforms, SignedInfo
for (const [name, uri] of Object.entries({
  xslt: 'http://www.w3.org/TR/1999/REC-xslt-19991116',
  xpath: 'http://www.w3.org/TR/1999/REC-xpath-19991116',
  'xpath-filter': 'http://www.w3.org/2002/06/xmldsig-filter2',
  base64: `${ns.ds}base64`,
  enveloped: `${ns.ds}enveloped-signature`,
  decrypt: 'http://www.w3.org/2002/07/decrypt#XML',
  inclusive: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
  comments: `${algorithms.excC14n}WithComments`,
  unknown: 'urn:example:transform',
})) {
  add('calls', `R01-transform-${name}`, 'a transform that is not exclusive c14n', {
    reference: (text, id) => (id === 'Body' ? text.replace(algorithms.excC14n, uri) : text),
  });
}
add('calls', 'R02-xpath-content', 'exclusive c14n with an XPath in it', {
  reference: text =>
    text.replace(
      `"${algorithms.excC14n}"/>`,
      `"${algorithms.excC14n}"><ds:XPath>not(self::m:text)</ds:XPath></ds:Transform>`,
    ),
});
add('calls', 'R03-no-transform', 'no transform', {
  reference: text => text.replace(/<ds:Transform .*<\/ds:Transforms>/, '</ds:Transforms>'),
});
add('calls', 'R03-no-transforms', 'no ds:Transforms', {
  reference: text => text.replace(/<ds:Transforms>.*<\/ds:Transforms>/, ''),
});
add('calls', 'R03-two-transforms', 'exclusive c14n twice', {
  reference: text => text.replace(/(<ds:Transform [^>]*>)/, '$1$1'),
});
add('calls', 'R04-seventeen-references', 'more references than allowed, all to the Body', {
  sign: ['TS', ...Array.from({ length: 16 }, () => 'Body')],
});
add('calls', 'R05-same-target-twice', 'two references to the Body', {
  sign: ['TS', 'Body', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add('tls-calls', 'R05-timestamp-twice', 'two references to the Timestamp', { sign: ['TS', 'TS'] });
for (const [name, uri] of Object.entries({
  empty: '',
  hash: '#',
  'xpointer-root': '#xpointer(/)',
  'xpointer-id': "#xpointer(id('Body'))",
  quote: "#Body'or'1",
  space: '#Body x',
  percent: '#%42ody',
  'no-hash': 'Body',
})) {
  add('calls', `R06-uri-${name}`, 'a reference that is not # and an id', {
    reference: (text, id) => (id === 'Body' ? text.replace('"#Body"', `"${uri}"`) : text),
  });
}
add('calls', 'R06-uri-missing', 'a reference without URI', {
  reference: (text, id) => (id === 'Body' ? text.replace(' URI="#Body"', '') : text),
});
add('calls', 'R06-uri-in-a-namespace', 'a reference whose URI is in a namespace', {
  reference: (text, id) => (id === 'Body' ? text.replace(' URI="#Body"', ' ds:URI="#Body"') : text),
});
add('calls', 'R06-uri-of-another-name', 'a reference with a Type in the place of URI', {
  reference: (text, id) => (id === 'Body' ? text.replace(' URI="#Body"', ' Type="#Body"') : text),
});
add('calls', 'R06-uri-unknown', 'a reference to an id that nothing has', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'Nobody'],
});
for (const [name, uri] of Object.entries({ http: 'http://127.0.0.1:9/x', file: 'file:///etc/passwd', cid: 'cid:x' })) {
  add('calls', `R07-uri-${name}`, 'a reference to something outside', {
    reference: (text, id) => (id === 'Body' ? text.replace('"#Body"', `"${uri}"`) : text),
  });
}
add('calls', 'R08-manifest', 'a Manifest in a ds:Object', {
  signature: insertBefore(
    '</ds:Signature>',
    `<ds:Object><ds:Manifest>${signedReference('#Body', '')}</ds:Manifest></ds:Object>`,
  ),
});
add('calls', 'R08-signature-properties', 'SignatureProperties', {
  signature: insertBefore('</ds:Signature>', '<ds:Object><ds:SignatureProperties/></ds:Object>'),
});
add('calls', 'R09-two-signed-infos', 'two SignedInfo', {
  signature: text => text.replace(/(<ds:SignedInfo>.*<\/ds:SignedInfo>)/, '$1$1'),
});
add('calls', 'R09-signed-info-wrapped', 'SignedInfo one level deeper', {
  signature: text => text.replace(/(<ds:SignedInfo>.*<\/ds:SignedInfo>)/, '<ds:Object>$1</ds:Object>'),
});
add('calls', 'R09-signed-info-namespace', 'SignedInfo in another namespace', {
  signature: text => text.replace(/ds:SignedInfo>/g, 'm:SignedInfo>'),
});
add('calls', 'R10-two-digest-values', 'two DigestValue', {
  reference: text => text.replace(/(<ds:DigestValue>.*<\/ds:DigestValue>)/, '$1$1'),
});
add('calls', 'R10-comment-in-digest-value', 'a comment in DigestValue (CVE-2025-29775)', {
  reference: replace('<ds:DigestValue>', '<ds:DigestValue><!-- -->'),
});
add('calls', 'R10-comment-in-signature-value', 'a comment in SignatureValue', {
  signature: replace('<ds:SignatureValue>', '<ds:SignatureValue><!-- -->'),
});
add('calls', 'R10-comment-in-identifier', 'a comment in Identifier', {
  unsigned: replace('<wsc:Identifier>', '<wsc:Identifier><!-- -->'),
});
add('calls', 'R10-comment-in-state', 'a comment in the sealed state', { unsigned: replace('AAAA<', 'AA<!-- -->AA<') });
add('calls', 'R10-comment-in-nonce', 'a comment in a Nonce', {
  unsigned: replace('<wsc:Nonce>', '<wsc:Nonce><!-- -->'),
});
add('calls', 'R10-element-in-signature-value', 'an element in SignatureValue', {
  signature: replace('<ds:SignatureValue>', '<ds:SignatureValue><m:x/>'),
});
add('calls', 'R11-decoy-signature-method', 'a SignatureMethod before SignedInfo', {
  signature: insertBefore('<ds:SignedInfo>', `<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"/>`),
});
add('calls', 'R12-signature-signed', 'a reference to the Signature itself', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'SIG'],
});
add('calls', 'R12-security-signed', 'a reference to the Security header', {
  unsigned: replace('<wsse:Security', '<wsse:Security wsu:Id="Security"'),
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'Security'],
});
add('calls', 'R12-envelope-signed', 'a reference to the Envelope', {
  unsigned: replace('<soap:Envelope', '<soap:Envelope wsu:Id="Envelope"'),
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'Envelope'],
});
add('signed-calls', 'R12-payload-signed', 'a reference to a part of the Body', {
  unsigned: replace('<m:text>', '<m:text wsu:Id="text">'),
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'text'],
});
add('calls', 'R12-key-info-signed', 'a reference to a KeyInfo', {
  signature: replace('<ds:KeyInfo>', '<ds:KeyInfo Id="KI">'),
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'KI'],
});
add('bootstrap', 'R12-hidden-part-signed', 'a reference to a part of the UsernameToken, which is encrypted', {
  unsigned: replace('<wsse:Username>', '<wsse:Username wsu:Id="hidden">'),
  sign: ['TS', 'hidden', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add('bootstrap', 'R12-two-hidden', 'two references to ids that are nowhere in sight', {
  sign: ['TS', 'UT', 'Nobody', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
add('calls', 'R13-algorithm-attributes', 'DigestMethod with a second attribute', {
  reference: replace('<ds:DigestMethod', '<ds:DigestMethod Type="x"'),
});
add('calls', 'R13-algorithm-namespace', 'Algorithm in a namespace', {
  reference: replace('<ds:DigestMethod Algorithm', '<ds:DigestMethod ds:Algorithm'),
});
add('calls', 'R13-type', 'a Reference with Type', {
  reference: replace('<ds:Reference', `<ds:Reference Type="${ns.ds}Object"`),
});
add('calls', 'R13-order', 'DigestMethod before Transforms', {
  reference: text => text.replace(/(<ds:Transforms>.*<\/ds:Transforms>)(<ds:DigestMethod[^>]*>)/, '$2$1'),
});
add('calls', 'R13-unknown-child', 'an unknown child of Reference', {
  reference: insertBefore('</ds:Reference>', '<m:x/>'),
});
add('calls', 'R13-no-reference', 'SignedInfo without a Reference', { sign: [] });
add('calls', 'R14-signature-value-garbage', 'good digests, another HMAC', {
  signature: text =>
    text.replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${Buffer.alloc(20, 1).toString('base64')}`),
});
for (const [name, value] of Object.entries({
  empty: '',
  '19-bytes': Buffer.alloc(19).toString('base64'),
  '21-bytes': Buffer.alloc(21).toString('base64'),
  '32-bytes': Buffer.alloc(32).toString('base64'),
  'not-base64': 'AAAA*AAAAAAAAAAAAAAAAAAAAAA=',
})) {
  add('calls', `R15-signature-value-${name}`, 'a SignatureValue that is none', {
    signature: text => text.replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${value}`),
  });
}
add('calls', 'R15-signature-value-pad-bits', 'a SignatureValue with pad bits that are not zero', {
  signature: text =>
    text.replace(
      /(<ds:SignatureValue>[^<]*)(.)=</,
      (_, start, last) => `${start}${String.fromCharCode(last.charCodeAt(0) + 1)}=<`,
    ),
});
add('calls', 'R15-control-folded', 'a SignatureValue over two lines', {
  signature: text => text.replace(/(<ds:SignatureValue>[^<]{10})/, '$1\n  '),
});
for (const [name, uri] of Object.entries({
  sha256: algorithms.sha256,
  md5: 'http://www.w3.org/2001/04/xmldsig-more#md5',
})) {
  add('calls', `R16-digest-${name}`, 'a DigestMethod that is not the suite’s', {
    reference: replace(algorithms.sha1, uri),
  });
}

// ---- Algorithms, keys
for (const length of ['0', '1', '80', '160', '161', '-1', '']) {
  add('calls', `A01-output-length-${length === '' ? 'empty' : length}`, 'HMACOutputLength (CVE-2009-0217)', {
    signedInfo: replace(
      `<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"/>`,
      `<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"><ds:HMACOutputLength>${length}</ds:HMACOutputLength></ds:SignatureMethod>`,
    ),
  });
}
for (const [name, uri] of Object.entries({
  'rsa-sha1': algorithms.rsaSha1,
  'rsa-sha256': algorithms.rsaSha256,
  'ecdsa-sha1': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1',
  none: 'none',
  empty: '',
})) {
  add('calls', `A02-${name}`, 'a SignatureMethod for another kind of key', {
    signedInfo: replace(algorithms.hmacSha1, uri),
  });
}
add('calls', 'A03-hmac-with-public-data', 'an HMAC keyed with something that everybody knows', {
  secret: Buffer.alloc(16, 0x30),
});
for (const [name, uri] of Object.entries({
  sha256: algorithms.hmacSha256,
  sha512: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha512',
  md5: 'http://www.w3.org/2001/04/xmldsig-more#hmac-md5',
})) {
  add('calls', `A04-hmac-${name}`, 'another HMAC than the suite’s', { signedInfo: replace(algorithms.hmacSha1, uri) });
}
const keyInfos: Record<string, string> = {
  absent: '',
  two: parts.keyInfo + parts.keyInfo,
  'two-children': parts.keyInfo.replace('</ds:KeyInfo>', '<ds:KeyName>x</ds:KeyName></ds:KeyInfo>'),
  'key-name': '<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>',
  'key-value': '<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>',
  'x509-data': '<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>',
  'retrieval-method': '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/"/></ds:KeyInfo>',
  embedded: `<ds:KeyInfo>${str(`<wsse:Embedded>${parts.sct.replace('"SCT"', '"E"')}</wsse:Embedded>`)}</ds:KeyInfo>`,
  empty: '<ds:KeyInfo/>',
  'two-references': `<ds:KeyInfo>${str(reference('#DKs', dk) + reference('#DKs', dk))}</ds:KeyInfo>`,
};
for (const [name, keyInfo] of Object.entries(keyInfos)) {
  add('calls', `A05-key-info-${name}`, 'a KeyInfo that is not one reference', {
    signature: replace(parts.keyInfo, keyInfo),
  });
}
const keyReference = (uri: string, type: string) =>
  replace(parts.keyInfo, `<ds:KeyInfo>${str(reference(uri, type))}</ds:KeyInfo>`);
add('calls', 'A06-binary-token', 'a certificate of the sender’s as the key', {
  unsigned: insertAfter(
    parts.sct,
    `<wsse:BinarySecurityToken wsu:Id="BST" ValueType="${tokenTypes.x509v3}" EncodingType="${tokenTypes.base64Binary}">${Buffer.alloc(90, 0x30).toString('base64')}</wsse:BinarySecurityToken>`,
  ),
  signature: keyReference('#BST', tokenTypes.x509v3),
});
add('calls', 'A06-username-token', 'a UsernameToken as the key', {
  unsigned: insertAfter(parts.sct, parts.usernameToken),
  plaintext: text => text,
  signature: keyReference('#UT', `${tokenTypes.passwordText}`),
});
add('calls', 'A06-encrypted-key-sha1', 'an EncryptedKey of another message as the key', {
  signature: replace(
    parts.keyInfo,
    `<ds:KeyInfo>${str(`<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>`)}</ds:KeyInfo>`,
  ),
});
add('calls', 'A07-value-type', 'a DerivedKeyToken referred to as if it were a context', {
  signature: keyReference('#DKs', sct),
});
add('calls', 'A07-token-type', 'a DerivedKeyToken with the TokenType of a context', {
  signature: replace(
    '<ds:KeyInfo><wsse:SecurityTokenReference>',
    `<ds:KeyInfo><wsse:SecurityTokenReference xmlns:k="${ns.wsse11}" k:TokenType="${sct}">`,
  ),
});
add('calls', 'A07-to-itself', 'a reference to the reference itself', {
  signature: replace(
    parts.keyInfo,
    `<ds:KeyInfo><wsse:SecurityTokenReference wsu:Id="STR">${reference('#STR', dk)}</wsse:SecurityTokenReference></ds:KeyInfo>`,
  ),
});
add('calls-without-derived-keys', 'A07-value-type-of-context', 'a context referred to as if it were a derived key', {
  signature: replace(`ValueType="${sct}"`, `ValueType="${dk}"`),
});
add('calls', 'A08-another-context', 'derived keys of a context that is not in the message', {
  unsigned: text =>
    text.replaceAll(reference('#SCT', sct), reference('urn:uuid:00000000-0000-4000-8000-00000000000a', sct)),
});
add('calls', 'A08-control-unattached', 'the context referred to by its Identifier', {
  unsigned: text => text.replaceAll(reference('#SCT', sct), reference(contextId, sct)),
});
add('calls', 'A08-control-hash-identifier', 'the context referred to by # and its Identifier, without ValueType', {
  unsigned: text => text.replaceAll(reference('#SCT', sct), `<wsse:Reference URI="#${contextId}"/>`),
});
add('calls-without-derived-keys', 'A08-another-instance', 'a reference to another Instance of the context', {
  signature: replace(
    '<wsse:Reference ',
    '<wsse:Reference wsc:Instance="urn:uuid:00000000-0000-4000-8000-00000000000b" ',
  ),
});

// ---- Encryption
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
const list = (count: number, uri: string) =>
  `<xenc:ReferenceList>${`<xenc:DataReference URI="${uri}"/>`.repeat(count)}</xenc:ReferenceList>`;
const referenceList = /<xenc:ReferenceList>.*<\/xenc:ReferenceList>/;
add('calls', 'E12-five-references', 'more DataReferences than allowed', {
  finished: text => text.replace(referenceList, list(5, '#EDb')),
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

// ---- Derived keys
for (const [name, value] of Object.entries({
  'minus-1': '-1',
  0: '0',
  1: '1',
  15: '15',
  17: '17',
  33: '33',
  huge: '1000000000000000000000000000000',
  empty: '',
  space: '16 ',
  plus: '+16',
  float: '16.0',
  exponent: '1.6e1',
  hex: '0x10',
  'full-width': '１６',
  'other-length': '32',
})) {
  add('calls', `K01-length-${name}`, 'a Length that is no length of the suite', {
    unsigned: replace('<wsc:Length>16<', `<wsc:Length>${value}<`),
  });
}
add('calls', 'K01-two-lengths', 'two Lengths', {
  unsigned: insertAfter('<wsc:Length>16</wsc:Length>', '<wsc:Length>16</wsc:Length>'),
});
add('calls', 'K01-no-length', 'no Length: 32, which is not the suite’s', {
  unsigned: replace('<wsc:Length>16</wsc:Length>', ''),
});
for (const value of ['-1', '65', '10000000', '2147483647']) {
  add('calls', `K02-offset-${value}`, 'an Offset out of bounds', {
    unsigned: replace('<wsc:Offset>0<', `<wsc:Offset>${value}<`),
  });
}
for (const value of ['-1', '5', '2147483647']) {
  add('calls', `K03-generation-${value}`, 'a Generation out of bounds', {
    unsigned: replace('<wsc:Offset>0</wsc:Offset>', `<wsc:Generation>${value}</wsc:Generation>`),
  });
}
add('calls', 'K04-generation-and-offset', 'Generation and Offset', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', '<wsc:Generation>0</wsc:Generation><wsc:Offset>0</wsc:Offset>'),
});
add('calls', 'K04-control-neither', 'neither Generation nor Offset: offset 0', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', ''),
});
add('calls', 'K04-control-generation', 'Generation 0: offset 0', {
  unsigned: replace('<wsc:Offset>0</wsc:Offset>', '<wsc:Generation>0</wsc:Generation>'),
});
const sctStr = str(reference('#SCT', sct));
const dks = derivedKeyToken('DKs', sctStr);
const dke = derivedKeyToken('DKe', sctStr);
add('calls', 'K05-overlap', 'two tokens that yield the same bytes', {
  unsigned: replace(dke, dks.replace('"DKs"', '"DKe"')),
});
add('calls', 'K05-partial-overlap', 'two tokens whose bytes overlap', {
  unsigned: replace(dke, dks.replace('"DKs"', '"DKe"').replace('Offset>0<', 'Offset>15<')),
});
add('calls', 'K05-one-for-both', 'one token for signature and encryption', { encryptedData: replace('#DKe', '#DKs') });
for (const [name, value] of Object.entries({
  empty: '',
  'one-byte': 'AA==',
  'fifteen-bytes': Buffer.alloc(15).toString('base64'),
  '129-bytes': Buffer.alloc(129).toString('base64'),
  'no-padding': Buffer.alloc(16).toString('base64').slice(0, -2),
  'url-alphabet': '__________________-_-A==',
  'pad-bits': 'AAAAAAAAAAAAAAAAAAAAAB==',
  concatenated: 'AAAAAAAAAAAAAAAAAAAAAA==AAAA',
})) {
  add('calls', `K06-nonce-${name}`, 'a Nonce of a wrong length or that is no base64', {
    unsigned: text => text.replace(/<wsc:Nonce>[^<]*/, `<wsc:Nonce>${value}`),
  });
}
add('calls', 'K06-no-nonce', 'no Nonce', { unsigned: text => text.replace(/<wsc:Nonce>[^<]*<\/wsc:Nonce>/, '') });
add('calls', 'K07-label-empty', 'an empty Label', { unsigned: insertBefore('<wsc:Nonce>', '<wsc:Label></wsc:Label>') });
add('calls', 'K07-label-129', 'a Label of 129 bytes', {
  unsigned: insertBefore('<wsc:Nonce>', `<wsc:Label>${'x'.repeat(129)}</wsc:Label>`),
});
add('calls', 'K08-properties', 'wsc:Properties', {
  unsigned: insertBefore('<wsc:Offset>', '<wsc:Properties><m:x/></wsc:Properties>'),
});
add('calls', 'K08-child-after-nonce', 'a child after the last that may be there', {
  unsigned: insertAfter('</wsc:Nonce>', '<wsc:Nonce>AAAAAAAAAAAAAAAAAAAAAA==</wsc:Nonce>'),
});
add('calls', 'K09-algorithm', 'an unknown derivation', {
  unsigned: replace('<wsc:DerivedKeyToken', '<wsc:DerivedKeyToken Algorithm="urn:example:kdf"'),
});
add('calls', 'K09-algorithm-of-the-other-dialect', 'the derivation of the other dialect', {
  unsigned: replace('<wsc:DerivedKeyToken', `<wsc:DerivedKeyToken wsc:Algorithm="${dialects['200512'].dkPsha1}"`),
});
add('calls', 'K09-algorithm-of-another-namespace', 'Algorithm in a namespace of no specification', {
  unsigned: replace(
    '<wsc:DerivedKeyToken wsu:Id="DKs"',
    `<wsc:DerivedKeyToken wsu:Id="DKs" m:Algorithm="${wsc}/dk/p_sha1"`,
  ),
});
add('calls', 'K09-control-algorithm', 'Algorithm, spelled both ways', {
  unsigned: chain(
    replace('<wsc:DerivedKeyToken wsu:Id="DKs"', `<wsc:DerivedKeyToken wsu:Id="DKs" Algorithm="${wsc}/dk/p_sha1"`),
    replace('<wsc:DerivedKeyToken wsu:Id="DKe"', `<wsc:DerivedKeyToken wsu:Id="DKe" wsc:Algorithm="${wsc}/dk/p_sha1"`),
  ),
});
add('calls', 'K10-derived-from-derived', 'a key derived from a derived key', {
  unsigned: replace(dks, derivedKeyToken('DKs', str(reference('#DKe', dk)))),
});
add('calls', 'K10-derived-from-itself', 'a key derived from itself', {
  unsigned: replace(dks, derivedKeyToken('DKs', str(reference('#DKs', dk)))),
});
add('calls', 'K10-derived-from-encrypted-key', 'a key derived from an EncryptedKey', {
  unsigned: replace(dks, derivedKeyToken('DKs', encryptedKeyStr)),
});
add('bootstrap', 'K10-derived-from-another-key', 'a key derived from another EncryptedKey', {
  unsigned: text =>
    text.replace(
      reference('#EK', tokenTypes.encryptedKey),
      `<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>`,
    ),
});
add('bootstrap', 'K11-token-after-use', 'a DerivedKeyToken after the Signature, layout strict', {
  unsigned: text => {
    const token = derivedKeyToken('DKs', encryptedKeyStr);
    return text.replace(token, '').replace('<SIGNATURE/>', `<SIGNATURE/>${token}`);
  },
});
add('bootstrap', 'K11-list-after-data', 'the ReferenceList after an EncryptedData that it names, layout strict', {
  unsigned: text => text.replace('<REFERENCES/>', '').replace('<SIGNATURE/>', '<REFERENCES/><SIGNATURE/>'),
});
add('calls', 'K11-control-lax', 'tokens after the Signature, layout lax', {
  unsigned: text =>
    text.replace(parts.sct + dks + dke, '').replace('<SIGNATURE/>', `<SIGNATURE/>${dks}${dke}${parts.sct}`),
});
add('calls', 'K11-in-another-header', 'a DerivedKeyToken in another header block', {
  unsigned: text => text.replace(dks, '').replace('<wsse:Security', `${wrapped(dks)}<wsse:Security`),
});
add('calls', 'K12-five-tokens', 'a fifth DerivedKeyToken', {
  unsigned: insertAfter(
    dke,
    [1, 2, 3].map(n => dks.replace('"DKs"', `"DK${n}"`).replace('Nonce>o', `Nonce>${n}`)).join(''),
  ),
});
add('calls', 'K13-mixed-dialects', 'a DerivedKeyToken of the other dialect', {
  unsigned: text =>
    text.replace(
      dks,
      dks
        .replaceAll('wsc:', 'x:')
        .replace('<x:DerivedKeyToken', `<x:DerivedKeyToken xmlns:x="${dialects['200512'].wsc}"`),
    ),
});
add('calls', 'K14-secret-used-directly', 'the secret of the context signs although derived keys are required', {
  signature: replace(parts.keyInfo, `<ds:KeyInfo>${sctStr}</ds:KeyInfo>`),
});
add('calls', 'K14-secret-encrypts-directly', 'the secret of the context encrypts although derived keys are required', {
  encryptedData: replace(str(reference('#DKe', dk)), sctStr),
});
add('calls-without-derived-keys', 'K14-derived-key-forbidden', 'a DerivedKeyToken where the plan has none', {
  unsigned: insertAfter(parts.sct, dks),
});

// ---- Timestamps
const stale: Record<string, [number, number, string]> = {
  future: [61, 361, 'Created is further ahead than the clocks may differ'],
  stale: [-361, 300, 'Created is older than the longest life'],
  expired: [-120, -61, 'Expires has passed'],
  order: [0, -1, 'Expires before Created'],
};
for (const [name, [created, expires, comment]] of Object.entries(stale)) {
  for (const plan of ['calls', 'tls-calls', 'tls-bootstrap', 'tls-answer'] as const) {
    add(plan, `T01-${name}-${plan}`, comment, { unsigned: times(now(created), now(expires)) });
  }
}
add('calls', 'T01-control-long-life', 'Expires in ten years counts for no more than the longest life', {
  unsigned: times(now(0), now(315_360_000)),
});
add('calls', 'T01-control-skew', 'Created within the skew', { unsigned: times(now(59), now(359)) });
const created = '<wsu:Created>2026-11-26T12:00:00.000Z</wsu:Created>';
const expires = '<wsu:Expires>2026-11-26T12:05:00.000Z</wsu:Expires>';
const stamps: Record<string, string> = {
  'two-created': created + created,
  'two-expires': created + expires + expires,
  'no-created': expires,
  empty: '',
  order: expires + created,
  'extra-child': `${created}${expires}<m:x/>`,
  'value-type': `${created.replace('<wsu:Created', '<wsu:Created ValueType="xs:dateTime"')}${expires}`,
  text: `${created}x${expires}`,
  comment: `${created.replace('2026', '20<!-- -->26')}${expires}`,
  'xsi-type': `${created.replace('<wsu:Created', `<wsu:Created xmlns:xsi="${ns.xsi}" xsi:nil="false"`)}${expires}`,
};
for (const [name, children] of Object.entries(stamps)) {
  add('tls-calls', `T02-${name}`, 'a Timestamp that is not Created and Expires', {
    unsigned: replace(created + expires, children),
  });
}
add('tls-calls', 'T02-two-timestamps', 'two Timestamps', {
  unsigned: insertAfter(parts.timestamp, parts.timestamp.replace('"TS"', '"TS2"')),
});
add('tls-calls', 'T03-not-signed', 'the endorsing signature covers To, not the Timestamp', { sign: ['To'] });
add('calls', 'T03-not-signed-message', 'everything is signed but the Timestamp', {
  sign: ['Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
for (const plan of ['calls', 'tls-calls', 'tls-bootstrap', 'tls-answer'] as const) {
  add(plan, `T03-absent-${plan}`, 'no Timestamp', {
    unsigned: replace(parts.timestamp, ''),
    sign: plan === 'calls' ? ['Body', 'To', 'ReplyTo', 'MessageID', 'Action'] : ['To'],
  });
}

// ---- Values
add('tls-bootstrap', 'P05-comment-in-username', 'a comment in Username (VU#475445)', {
  unsigned: replace('>alice<', '>al<!-- -->ice<'),
});
add('tls-bootstrap', 'P05-comment-in-password', 'a comment in Password', {
  unsigned: replace('>ecila<', '>ec<!-- -->ila<'),
});
add('tls-calls', 'P05-comment-in-action', 'a comment in wsa:Action', {
  finished: replace('urn:example:Echo<', 'urn:example:Ec<!-- -->ho<'),
});
add('tls-bootstrap', 'P12-xsi-type', 'xsi:type on a token', {
  unsigned: replace('<wsse:UsernameToken', `<wsse:UsernameToken xmlns:xsi="${ns.xsi}" xsi:type="m:x"`),
});
for (const [name, value] of Object.entries({
  'date-only': '2026-11-26',
  'no-zone': '2026-11-26T12:00:00',
  offset: '2026-11-26T13:00:00+01:00',
  'hour-24': '2026-11-25T24:00:00Z',
  'second-60': '2026-11-26T11:59:60Z',
  'minute-60': '2026-11-26T11:60:00Z',
  'february-30': '2026-02-30T12:00:00Z',
  'year-0': '0000-11-26T12:00:00Z',
  'year-99999': '99999-11-26T12:00:00Z',
  'ten-fraction-digits': '2026-11-26T12:00:00.0000000000Z',
  'rfc-822': 'Thu, 26 Nov 2026 12:00:00 GMT',
  'lower-case': '2026-11-26t12:00:00z',
  space: ' 2026-11-26T12:00:00Z',
})) {
  add('tls-answer', `P15-${name}`, 'a Created that is no UTC time of the wanted form', {
    unsigned: times(value, now(300)),
  });
}
for (const [name, value] of Object.entries({
  'nine-digits': '2026-11-26T12:00:00.123456789Z',
  'no-fraction': '2026-11-26T12:00:00Z',
})) {
  add('tls-answer', `P15-control-${name}`, 'a Created as others write it', { unsigned: times(value, now(300)) });
}

// ---- Closed grammar of the header
add('calls', 'G01-unknown-child', 'an unknown child of the Security header', {
  unsigned: insertAfter(parts.sct, '<m:x/>'),
});
add('calls', 'G02-text', 'text in the Security header', { unsigned: insertAfter(parts.sct, 'x') });
add('calls', 'G03-unknown-attribute', 'an unknown attribute of the Security header', {
  unsigned: replace('<wsse:Security ', '<wsse:Security m:x="" '),
});
add('calls', 'G04-two-states', 'two State elements in the token', {
  unsigned: insertBefore('</wsc:SecurityContextToken>', `<k:State xmlns:k="${ns.state}">AAAA</k:State>`),
});
add('calls', 'G04-foreign-state', 'a cookie of somebody else in the token', {
  unsigned: text => text.replace(`"${ns.state}"`, '"http://schemas.microsoft.com/ws/2006/05/security"'),
});
add('calls', 'G04-state-too-long', 'a State above the limit', { unsigned: replace('AAAA<', `${'A'.repeat(4100)}<`) });
add('calls', 'G05-identifier-not-first', 'Identifier is not the first child', {
  unsigned: text => text.replace(/(<wsc:Identifier>.*?<\/wsc:Identifier>)(<k:State.*?<\/k:State>)/, '$2$1'),
});
add('calls', 'G06-no-context-token', 'no token in the header', {
  unsigned: text => text.replace(parts.sct, '').replaceAll(reference('#SCT', sct), reference(contextId, sct)),
});
add('calls', 'G07-unknown-context', 'a token that nobody knows', {
  unsigned: text =>
    text.replace(`<wsc:Identifier>${contextId}`, '<wsc:Identifier>urn:uuid:00000000-0000-4000-8000-00000000000c'),
});
add('tls-answer', 'G08-signature-in-answer', 'an answer over TLS holds a Timestamp and nothing else', {
  unsigned: insertAfter(parts.timestamp, parts.sct),
});
add('tls-answer', 'G08-no-security-header', 'an answer without a Security header', {
  finished: text => text.replace(/<wsse:Security.*<\/wsse:Security>/, ''),
});
add('answer', 'G09-context-token-in-answer', 'a token in an answer', {
  unsigned: insertAfter(parts.timestamp, parts.sct),
});
const strayKey =
  `<xenc:EncryptedKey Id="EK"><xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/><ds:KeyInfo>` +
  str(
    `<wsse:KeyIdentifier ValueType="${tokenTypes.thumbprintSha1}">AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>`,
  ) +
  `</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${Buffer.alloc(256, 1).toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`;
for (const plan of ['calls', 'answer', 'tls-calls', 'bootstrap-answer'] as const) {
  add(plan, `G13-encrypted-key-in-${plan}`, 'an EncryptedKey where the plan has none', {
    unsigned: insertAfter(parts.timestamp, strayKey),
  });
}
for (const plan of ['bootstrap', 'bootstrap-answer'] as const) {
  add(plan, `G14-context-token-in-${plan}`, 'a SecurityContextToken in a bootstrap', {
    unsigned: insertAfter(parts.timestamp, parts.sct),
  });
}
add('bootstrap', 'G15-no-encrypted-key', 'a bootstrap without its EncryptedKey', {
  unsigned: text => text.replace(/<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/, ''),
});
add('bootstrap-answer', 'G16-another-key', 'an answer that refers to an EncryptedKey of another exchange', {
  unsigned: text => text.replace(/(#EncryptedKeySHA1">)[^<]*/g, '$1AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
});
add('tls-bootstrap', 'G10-no-username-token', 'no UsernameToken where the plan wants one', {
  unsigned: replace(parts.usernameToken, ''),
});
add('tls-bootstrap', 'G10-two-username-tokens', 'two UsernameTokens', {
  unsigned: insertAfter(parts.usernameToken, parts.usernameToken.replace('"UT"', '"UT2"')),
});
add('tls-calls', 'G10-username-token-unexpected', 'a UsernameToken where the plan has none', {
  unsigned: insertAfter(parts.sct, parts.usernameToken),
});
add('tls-bootstrap', 'G11-password-type', 'a Password without Type', {
  unsigned: replace(` Type="${tokenTypes.passwordText}"`, ''),
});
add('tls-bootstrap', 'G11-password-digest', 'a password digest', {
  unsigned: replace(tokenTypes.passwordText, tokenTypes.passwordDigest),
});
add('tls-bootstrap', 'G11-two-passwords', 'two passwords', {
  unsigned: text => text.replace(/(<wsse:Password.*<\/wsse:Password>)/, '$1$1'),
});
add('tls-bootstrap', 'G11-nonce', 'a Nonce in a token with a password in clear', {
  unsigned: insertBefore('</wsse:UsernameToken>', '<wsse:Nonce>AAAA</wsse:Nonce>'),
});
add(
  'bootstrap',
  'G12-username-token-in-clear',
  'a signed UsernameToken that is not encrypted is accepted: the policy only wants it signed',
  {
    finished: text =>
      text
        .replace(/<xenc:EncryptedData Id="EDu".*?<\/xenc:EncryptedData>/, parts.usernameToken)
        .replace('<xenc:DataReference URI="#EDu"/>', ''),
  },
);

add('bootstrap', 'G10-two-encrypted-tokens', 'two EncryptedData in the place of UsernameTokens', {
  finished: text =>
    text
      .replace(/<xenc:EncryptedData Id="EDu".*?<\/xenc:EncryptedData>/, data => data + data.replace('"EDu"', '"EDv"'))
      .replace('<xenc:DataReference URI="#EDu"/>', '$&<xenc:DataReference URI="#EDv"/>'),
});
add('bootstrap', 'G17-two-tokens-inside', 'two UsernameTokens come out of one EncryptedData', {
  unsigned: insertAfter(parts.usernameToken, parts.usernameToken.replace('"UT"', '"UT2"')),
});
add('bootstrap', 'G17-another-token-inside', 'another token comes out in the place of the UsernameToken', {
  unsigned: text => text.replaceAll('wsse:UsernameToken', 'wsse:BinarySecurityToken'),
});
add('bootstrap', 'G17-text-inside', 'text comes out beside the UsernameToken', {
  unsigned: insertAfter('</wsse:Password>', '</wsse:UsernameToken>x<wsse:UsernameToken>'),
});

// ---- Prefix lists
const inclusive = (prefixList: string) => (text: string) =>
  text.replace(
    `<ds:Transform Algorithm="${algorithms.excC14n}"/>`,
    `<ds:Transform Algorithm="${algorithms.excC14n}"><x:InclusiveNamespaces xmlns:x="${algorithms.excC14n}"${prefixList}/></ds:Transform>`,
  );
add('calls', 'C02-seventeen-prefixes', 'a PrefixList above the limit', {
  reference: inclusive(` PrefixList="${Array.from({ length: 17 }, (_, n) => `p${n}`).join(' ')}"`),
});
add('calls', 'C02-not-a-prefix', 'a PrefixList with something that is no prefix', {
  reference: inclusive(' PrefixList="a b:c"'),
});
add('calls', 'C02-no-prefix-list', 'InclusiveNamespaces without PrefixList', { reference: inclusive('') });
add('calls', 'C02-control-unknown-prefixes', 'a PrefixList of prefixes that aren’t declared, in odd white space', {
  reference: inclusive(' PrefixList=" q&#9;r&#10;#default "'),
});
add('calls', 'C03-inclusive-c14n', 'inclusive canonicalisation of SignedInfo', {
  signedInfo: replace(algorithms.excC14n, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'),
});
add('calls', 'C05-digest-of-nothing', 'the digest of the empty string for each Reference', {
  reference: text => text.replace(/<ds:DigestValue>[^<]*/, '<ds:DigestValue>2jmj7l5rSw0yVb/vlWAYkK/YBwk='),
});

// ---- What stands between elements
const betweenParts: Readonly<Record<string, readonly [marker: string, where: string]>> = {
  envelope: ['<soap:Header>', 'the parts of the Envelope'],
  header: ['<wsa:Action', 'header blocks'],
  security: ['<wsu:Timestamp', 'the children of the Security header'],
  timestamp: ['<wsu:Expires', 'the children of the Timestamp'],
  body: ['<m:Echo', 'the Body and its child'],
};
for (const [place, [marker, where]] of Object.entries(betweenParts)) {
  add('tls-calls', `P11-cdata-between-${place}`, `a CDATA section full of comments’ beginnings between ${where}`, {
    finished: insertBefore(marker, `<![CDATA[${'<!--'.repeat(20)}]]>`),
  });
  add('tls-calls', `P11-empty-cdata-between-${place}`, `an empty CDATA section between ${where}`, {
    finished: insertBefore(marker, '<![CDATA[]]>'),
  });
  add('tls-calls', `P11-other-space-between-${place}`, `a space that is none of XML's between ${where}`, {
    finished: insertBefore(marker, '\u00A0'),
  });
}
add('tls-calls', 'P11-control-comments-between', 'comments and white space between all structural elements', {
  finished: text => text.replaceAll('><wsa:', '> <!-- <![CDATA[ --> <wsa:'),
});
// ---- What multiplies
const thirty = (write: (index: number) => string) => Array.from({ length: 30 }, (_, i) => write(i)).join('');
const longNames = thirty(i => ` xmlns:p${i}="urn:${'x'.repeat(500)}${i}"`);
const manyUses = `<m:text${thirty(i => ` p${i}:a=""`)}>x</m:text>`;
for (const plan of ['signed-calls', 'calls'] as const) {
  add(
    plan,
    `D20-canonical-form-multiplies-${plan}`,
    'thirty long namespaces of the Body, used by each of 30 children',
    {
      unsigned: chain(
        replace('<soap:Body ', `<soap:Body${longNames} `),
        replace(parts.content, `<m:Echo>${manyUses.repeat(30)}</m:Echo>`),
      ),
    },
  );
}
add('tls-calls', 'D20-namespace-of-513-characters', 'a namespace name above the limit', {
  finished: replace('<m:Echo>', `<m:Echo xmlns:q="urn:${'x'.repeat(509)}">`),
});
add(
  'signed-calls',
  'D20-control-namespace-of-512-characters',
  'a namespace name of as many characters as it may have',
  {
    unsigned: replace('<m:Echo>', `<m:Echo xmlns:q="urn:${'x'.repeat(508)}">`),
  },
);

// ---- Addressing
add('tls-calls', 'H08-reply-to-elsewhere', 'a ReplyTo that names a place', {
  finished: replace(`${ns.wsa10}/anonymous`, 'http://127.0.0.1:9/'),
});
add('tls-calls', 'H08-fault-to-elsewhere', 'a FaultTo that names a place', {
  finished: insertBefore('<wsa:To', '<wsa:FaultTo><wsa:Address>http://127.0.0.1:9/</wsa:Address></wsa:FaultTo>'),
});
add('tls-calls', 'H08-reference-parameters', 'reference parameters, which would come back as headers', {
  finished: insertAfter('</wsa:Address>', '<wsa:ReferenceParameters><m:x/></wsa:ReferenceParameters>'),
});
add('tls-calls', 'H09-two-to', 'wsa:To twice', { finished: insertBefore('<wsa:To', '<wsa:To>urn:example</wsa:To>') });
add('tls-calls', 'H09-two-versions', 'headers of two versions of WS-Addressing', {
  finished: insertBefore('<wsa:To', `<x:From xmlns:x="${ns.wsa200408}"/>`),
});
add('tls-calls', 'H09-role', 'wsa:To for another node', {
  finished: replace('<wsa:To', '<wsa:To soap:role="urn:example:other"'),
});
add('tls-calls', 'H10-no-action', 'no wsa:Action', {
  finished: text => text.replace(/<wsa:Action.*<\/wsa:Action>/, ''),
});
add('tls-calls', 'H10-no-message-id', 'no wsa:MessageID: what is a replay can’t be told', {
  finished: text => text.replace(/<wsa:MessageID.*<\/wsa:MessageID>/, ''),
});
add('tls-calls', 'H11-long-message-id', 'a wsa:MessageID of 513 characters', {
  finished: text => text.replace('urn:uuid:00000000', `urn:uuid:${'0'.repeat(513)}`),
});
add('tls-calls', 'H11-message-id-no-uri', 'a wsa:MessageID that is no URI', {
  finished: replace('urn:uuid:00000000', 'urn uuid'),
});

// ---- One thing more than a structure may hold, after what it must hold
const foreign = ' m:x=""';
const after = (attribute: string) => (text: string) => replace(attribute, attribute + foreign)(text);
for (const [name, attribute] of Object.entries({
  'context-token': 'wsu:Id="SCT"',
  'derived-key': 'wsu:Id="DKs"',
  timestamp: 'wsu:Id="TS"',
  'reference-uri': 'URI="#SCT"',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after the one that is known', {
    unsigned: after(attribute),
  });
}
for (const [name, attribute] of Object.entries({ 'signed-reference': 'URI="#Body"', digest: `"${algorithms.sha1}"` })) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after the one that is known', {
    reference: (text, id) => (id === 'Body' ? after(attribute)(text) : text),
  });
}
add('calls', 'G19-attribute-of-transform', 'a foreign attribute after the one that is known', {
  reference: (text, id) => (id === 'Body' ? after(`<ds:Transform Algorithm="${algorithms.excC14n}"`)(text) : text),
});
for (const [name, from] of Object.entries({
  'signature-method': `SignatureMethod Algorithm="${algorithms.hmacSha1}"`,
  'canonicalization-method': `CanonicalizationMethod Algorithm="${algorithms.excC14n}"`,
  'signed-info': '<ds:SignedInfo',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    signedInfo: after(from),
  });
}
for (const [name, from] of Object.entries({
  signature: 'Id="SIG"',
  'key-info': '<ds:KeyInfo',
  'signature-value': '<ds:SignatureValue',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    signature: after(from),
  });
}
add('calls', 'G19-attribute-of-transforms', 'an attribute where none may stand', {
  reference: (text, id) => (id === 'Body' ? after('<ds:Transforms')(text) : text),
});
for (const [name, from] of Object.entries({
  'encrypted-data': 'Id="EDb"',
  'cipher-data': '<xenc:CipherData',
  'cipher-value': '<xenc:CipherValue',
  'encryption-method': `"${algorithms.aes128Cbc}"`,
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', {
    encryptedData: after(from),
  });
}
for (const [name, from] of Object.entries({
  'reference-list': '<xenc:ReferenceList',
  'data-reference': 'URI="#EDb"',
})) {
  add('calls', `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', { finished: after(from) });
}
for (const [name, from] of Object.entries({
  'encrypted-key': 'Id="EK"',
  'key-identifier': `ValueType="${tokenTypes.thumbprintSha1}"`,
  'username-token': '"UT"',
  password: `"${tokenTypes.passwordText}"`,
})) {
  const plan = name.startsWith('e') || name.startsWith('k') ? 'bootstrap' : 'tls-bootstrap';
  add(plan, `G19-attribute-of-${name}`, 'a foreign attribute after those that are known', { unsigned: after(from) });
}
add('calls', 'G19-id-without-namespace', 'an Id without a namespace on an element of wsu', {
  unsigned: replace('<wsu:Timestamp wsu:Id="TS"', '<wsu:Timestamp Id="TS"'),
});
add('calls', 'G19-id-of-another-spelling', 'a wsu:ID', {
  unsigned: replace('<wsu:Timestamp wsu:Id="TS"', '<wsu:Timestamp wsu:ID="TS"'),
});
add('calls', 'G19-token-type-without-namespace', 'an attribute with a name that is known in another namespace', {
  unsigned: replace('<wsse:SecurityTokenReference>', `<wsse:SecurityTokenReference TokenType="${sct}">`),
});
add('tls-bootstrap', 'G19-attribute-of-username', 'an attribute where none may stand', {
  unsigned: replace('<wsse:Username>', `<wsse:Username${foreign}>`),
});
const filled = (from: string) => replace(`${from}/>`, `${from}><!-- --></${/\w+:\w+/.exec(from)?.[0]}>`);
add('calls', 'G20-content-of-digest-method', 'content where none may stand', {
  reference: (text, id) => (id === 'Body' ? filled(`<ds:DigestMethod Algorithm="${algorithms.sha1}"`)(text) : text),
});
add('calls', 'G20-content-of-signature-method', 'content where none may stand', {
  signedInfo: filled(`<ds:SignatureMethod Algorithm="${algorithms.hmacSha1}"`),
});
add('calls', 'G20-content-of-inclusive-namespaces', 'content where none may stand', {
  reference: text =>
    filled(`<x:InclusiveNamespaces xmlns:x="${algorithms.excC14n}" PrefixList="m"`)(inclusive(' PrefixList="m"')(text)),
});
add('calls', 'G20-content-of-encryption-method', 'content where none may stand: a KeySize, say', {
  encryptedData: filled(`<xenc:EncryptionMethod Algorithm="${algorithms.aes128Cbc}"`),
});
add('calls', 'G20-content-of-data-reference', 'content where none may stand: a transform, say', {
  finished: filled('<xenc:DataReference URI="#EDb"'),
});
add('calls', 'G20-content-of-reference', 'content where none may stand', {
  unsigned: text =>
    text.replace(reference('#SCT', sct), reference('#SCT', sct).replace('/>', '><m:x/></wsse:Reference>')),
});

// ---- A bootstrap over TLS, of which nothing is signed
const strayData =
  `<xenc:EncryptedData Id="EDx" Type="${algorithms.encryptedElement}"><xenc:EncryptionMethod Algorithm="${algorithms.aes128Cbc}"/>` +
  `<ds:KeyInfo>${sctStr}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${Buffer.alloc(32, 1).toString('base64')}</xenc:CipherValue>` +
  '</xenc:CipherData></xenc:EncryptedData>';
for (const [name, structure] of Object.entries({
  'context-token': parts.sct,
  'encrypted-key': strayKey,
  'derived-key': dks,
  'encrypted-data': strayData,
  'reference-list': list(1, '#TS'),
})) {
  for (const plan of ['tls-bootstrap', 'tls-answer'] as const) {
    add(plan, `G18-${name}-in-${plan}`, 'a token or what is encrypted, where nothing has a use for it', {
      unsigned: insertAfter(parts.timestamp, structure),
    });
  }
}
const certificate =
  `<wsse:BinarySecurityToken wsu:Id="BST" ValueType="${tokenTypes.x509v3}" EncodingType="${tokenTypes.base64Binary}">` +
  `${Buffer.alloc(90, 0x30).toString('base64')}</wsse:BinarySecurityToken>`;
add('tls-bootstrap', 'G18-binary-token-in-tls-bootstrap', 'a certificate that nothing has a use for', {
  unsigned: insertAfter(parts.timestamp, certificate),
});
const several = (structure: string, id: string, count: number) =>
  Array.from({ length: count }, (_, n) => structure.replace(`"${id}"`, `"${id}${n}"`)).join('');
add('calls', 'G21-three-binary-tokens', 'more certificates than a header may hold', {
  unsigned: insertAfter(parts.timestamp, several(certificate, 'BST', 3)),
});
add('calls', 'G21-five-encrypted-data', 'more EncryptedData than a header may hold', {
  unsigned: insertAfter(parts.timestamp, several(strayData, 'EDx', 5)),
});

// ---- Layout strict: a token before what uses it
const moved = (part: string | RegExp, before: string) => (text: string) => {
  const found = typeof part === 'string' ? part : (part.exec(text)?.[0] ?? '');
  return replace(before, found + before)(replace(found, '')(text));
};
add('bootstrap', 'K11-key-after-derived-keys', 'the EncryptedKey after the keys derived from it, layout strict', {
  unsigned: moved(/<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/, '<REFERENCES/>'),
});
add('bootstrap', 'K11-key-after-data', 'a DerivedKeyToken after the EncryptedData that it decrypts, layout strict', {
  unsigned: moved(derivedKeyToken('DKe', encryptedKeyStr), '<SIGNATURE/>'),
});

// ---- What comes out of the decryption, and ids once more
const otherNamespace = chain(
  replace('<wsse:UsernameToken wsu:Id="UT">', '<wsse:UsernameToken wsu:Id="UT" xmlns:wsse="urn:example">'),
  text => text.replace(/wsse:(Username|Password)(?=[ >])/g, 'w:$1'),
  text => text.replace(/<w:\w+/g, `$& xmlns:w="${ns.wsse}"`),
);
const inside = (name: string) => (text: string) => text.replaceAll('wsse:UsernameToken', name);
const withoutToken = ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'];
add(
  'bootstrap',
  'G17-namespace-inside',
  'a UsernameToken of another namespace comes out, its children of the right one',
  {
    unsigned: otherNamespace,
  },
);
add(
  'bootstrap',
  'G17-namespace-inside-not-signed',
  'a UsernameToken of another namespace comes out, and is not signed',
  {
    unsigned: otherNamespace,
    sign: withoutToken,
  },
);
add('bootstrap', 'G17-other-name-inside', 'a signed element comes out that is no token', {
  unsigned: inside('wsse:Embedded'),
});
add('bootstrap', 'G17-other-name-inside-not-signed', 'an element comes out that is no token, and is not signed', {
  unsigned: inside('wsse:Embedded'),
  sign: withoutToken,
});
add('bootstrap', 'G17-nothing-inside', 'white space comes out in the place of the UsernameToken', {
  sign: withoutToken,
  token: () => ' ',
});
for (const [name, recipient] of Object.entries({
  direct: reference('#EK', tokenTypes.thumbprintSha1),
  'of-another-kind': `<wsse:KeyIdentifier ValueType="${tokenTypes.encryptedKeySha1}">AAAA</wsse:KeyIdentifier>`,
})) {
  add('bootstrap', `E08-recipient-${name}`, 'an EncryptedKey whose recipient is no certificate', {
    finished: text => text.replace(/<wsse:KeyIdentifier.*?<\/wsse:KeyIdentifier>/, recipient),
  });
}
add('bootstrap', 'G17-part-of-timestamp-inside', 'a signed part of a Timestamp comes out', {
  unsigned: inside('wsu:Created'),
});
add('signed-calls', 'X07-xml-id', 'the Body is named by its xml:id', {
  unsigned: replace('<soap:Body wsu:Id="Body">', '<soap:Body xml:id="Body">'),
});
add('calls', 'R13-other-algorithm-name', 'DigestMethod names its algorithm in an attribute of another name', {
  reference: replace('<ds:DigestMethod Algorithm', '<ds:DigestMethod URI'),
});
add('bootstrap', 'E03-oaep-digest', 'OAEP with another digest than its default', {
  finished: text =>
    text.replace(
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/>`,
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"><ds:DigestMethod Algorithm="${algorithms.sha256}"/></xenc:EncryptionMethod>`,
    ),
});
add('bootstrap', 'G20-content-of-oaep-digest', 'content where none may stand: OAEPparams, say', {
  finished: text =>
    text.replace(
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/>`,
      `<xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"><ds:DigestMethod Algorithm="${algorithms.sha1}"><m:x/></ds:DigestMethod></xenc:EncryptionMethod>`,
    ),
});

export const hostile: readonly Scenario[] = [...scenarios, ...meaning];
