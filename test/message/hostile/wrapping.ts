import { ns } from '../../../src/names.ts';
import { parts } from '../builder.ts';
import { chain, insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';
import { spoofed, wrapped } from './structures.ts';

/** Signature wrapping: the letter X. */
const { add, scenarios } = scenarioList();

const body = `<soap:Body wsu:Id="Body">${parts.content}</soap:Body>`;

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
add('calls', 'X10-fourth-signature', 'the same Signature four times', {
  signature: text => text.replace(' Id="SIG"', '').repeat(3) + text,
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

export const wrapping: readonly Scenario[] = scenarios;
