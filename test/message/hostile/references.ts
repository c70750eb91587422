import { algorithms, ns } from '../../../src/names.ts';
import { signedReference } from '../builder.ts';
import { insertBefore, replace, type Scenario, scenarioList } from './steps.ts';

/** References, transforms and SignedInfo: the letter R. */
const { add, scenarios } = scenarioList();

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

export const references: readonly Scenario[] = scenarios;
