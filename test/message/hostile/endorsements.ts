import { tokenTypes } from '../../../src/names.ts';
import { alice, binaryToken, sct as contextType, dk, parts, reference, str } from '../builder.ts';
import { own } from '../captures.ts';
import { chain, insertAfter, replace, type Scenario, scenarioList } from './steps.ts';

/** Signatures that endorse the one which protects a message: the letter N. */
const { add, scenarios } = scenarioList();

const named = 'endorsed-bootstrap';
const derived = 'endorsed-by-derived-key';
const endorsement = /<ds:Signature Id="END">.*?<\/ds:Signature>/;
const main = /<ds:Signature Id="SIG">.*?<\/ds:Signature>/;
const other = (id: string) => `Id="${id}"`;
const keyInfo = (uri: string, type: string) => `<ds:KeyInfo>${str(reference(uri, type))}</ds:KeyInfo>`;
const byContext = keyInfo('#SCT', contextType);
const dkx = (source: string) => (text: string) =>
  text.replace(/(<wsc:DerivedKeyToken wsu:Id="DKx">).*?<\/wsse:SecurityTokenReference>/, (_, open) => open + source);
const changed = replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA');

add(named, 'N01-missing', 'no Signature by the conversation', { finished: replace(endorsement, '') });
add(named, 'N01-missing-with-its-token', 'neither the conversation’s Signature nor its token', {
  unsigned: replace(parts.sct, ''),
  finished: replace(endorsement, ''),
});
add(named, 'N01-token-missing', 'a Signature by a conversation whose token is not there', {
  unsigned: replace(parts.sct, ''),
});
add(named, 'N01-main-missing', 'only the Signature that endorses, of one that is not there', {
  finished: replace(main, ''),
});
add(named, 'N02-value-changed', 'another SignatureValue in the Signature that endorses', {
  endorsement: { signature: changed },
});
add(named, 'N02-main-value-changed', 'another SignatureValue in the main one, and an endorsement of that', {
  signature: changed,
});
add(named, 'N02-main-changed-after', 'a main Signature that was changed when it had been endorsed', {
  finished: xml => xml.replace(main, found => changed(found)),
});
add(named, 'N02-main-rewritten-after', 'white space in the main Signature once it had been endorsed', {
  finished: replace('</ds:SignatureValue>', '</ds:SignatureValue>\n'),
});
add(named, 'N03-another-key', 'the key of another conversation', {
  endorsement: { secret: Buffer.alloc(32, 0x30) },
});
add(named, 'N03-another-context', 'a conversation that nobody knows', {
  unsigned: text => text.replace(/urn:uuid:6f0d2c1e/, 'urn:uuid:6f0d2c1f'),
});
add(named, 'N03-by-the-key-of-the-message', 'two Signatures by the key of the message', {
  endorsement: { signature: replace(byContext, parts.keyInfo) },
});
add(named, 'N03-main-by-the-context', 'two Signatures by the conversation', {
  signature: replace(parts.keyInfo, byContext),
});
add(named, 'N03-by-the-username-token', 'a token without a key as the key', {
  endorsement: { signature: replace(byContext, keyInfo('#UT', contextType)) },
});
add(named, 'N04-over-the-timestamp', 'a Signature by the conversation over the Timestamp alone', {
  endorsement: { sign: ['TS'] },
});
add(named, 'N04-over-the-parts', 'a Signature by the conversation over the parts, not over the main one', {
  endorsement: { sign: ['TS', 'UT', 'Body', 'To', 'Action'] },
});
add(named, 'N04-over-another-message', 'an endorsement of the main Signature of another message', {
  endorsement: {
    signedInfo: replace(/(?<=<ds:DigestValue>)[^<]*/, Buffer.alloc(20, 7).toString('base64')),
  },
});
add(named, 'N04-over-itself', 'a Signature that covers itself beside the main one', {
  endorsement: { sign: ['SIG', 'END'] },
});
add(named, 'N04-main-over-the-endorsement', 'two Signatures that endorse each other', {
  sign: ['TS', 'UT', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'END'],
});
add(named, 'N04-over-a-child', 'an endorsement of the KeyInfo of the main Signature beside that', {
  signature: replace('<ds:KeyInfo>', '<ds:KeyInfo Id="KI">'),
  endorsement: { sign: ['SIG', 'KI'] },
});
add(named, 'N05-doubled', 'the Signature that endorses twice', {
  endorsement: { signature: text => text + text.replace(other('END'), other('END2')) },
});
add(named, 'N05-instead-of-the-main-one', 'the Signature that endorses twice, and no main one', {
  finished: xml => xml.replace(main, () => endorsement.exec(xml)?.[0].replace(other('END'), other('SIG')) ?? ''),
});
add(
  'bootstrap',
  'N06-not-asked-for',
  'a bootstrap that a conversation endorses, where its policy knows none',
  {},
  named,
);
add(
  'bootstrap',
  'N06-token-not-asked-for',
  'the token of a conversation, where the policy knows none',
  {
    finished: replace(endorsement, ''),
  },
  named,
);
add(named, 'N06-by-derived-key', 'a key derived from the conversation where its own is asked for', {}, derived);
add(derived, 'N06-by-own-key', 'the conversation’s own key where a derived one is asked for', {}, named);
add(
  'tls-bootstrap',
  'N06-not-asked-for-tls',
  'a Signature by a conversation, where the policy knows none',
  {},
  'tls-endorsed-bootstrap',
);
add(named, 'N07-control-more-parts', 'parts of the message are endorsed too, as a WCF client up to 10.0 does', {
  endorsement: { sign: ['SIG', 'TS', 'To'] },
});
add(named, 'N07-control-plaintext', 'the Body is endorsed too, as it was before it was encrypted', {
  endorsement: { sign: ['SIG', 'Body', 'UT'] },
});
add(named, 'N07-more-parts-with-a-wrong-digest', 'a part that is endorsed too, with another digest', {
  endorsement: {
    sign: ['SIG', 'To'],
    signedInfo: text =>
      text.replace(/(URI="#To".*?<ds:DigestValue>)[^<]*/, `$1${Buffer.alloc(20, 7).toString('base64')}`),
  },
});
add(named, 'N07-plaintext-changed', 'a Body that is endorsed as another one than it was encrypted', {
  endorsement: { sign: ['SIG', 'Body'] },
  plaintext: replace('pay 1 to bob', 'pay 1000000 to eve'),
});
add(named, 'N07-a-part-that-is-not-there', 'the endorsement of a part that is not in the message', {
  endorsement: { sign: ['SIG', 'Other'] },
});
add(named, 'N07-a-part-of-the-content', 'the endorsement of a header block’s child', {
  unsigned: replace('<wsa:Address>', '<wsa:Address wsu:Id="Address">'),
  endorsement: { sign: ['SIG', 'Address'] },
});
add(named, 'N08-main-without-id', 'a main Signature that no reference can name', {
  signature: replace(' Id="SIG"', ''),
});
add(named, 'N08-two-ids', 'a header block with the id of the main Signature', {
  finished: insertAfter('<soap:Header>', '<m:x wsu:Id="SIG"/>'),
});
add(named, 'N08-look-alike', 'a header block with an attribute that looks like the id of the main Signature', {
  finished: insertAfter('<soap:Header>', '<m:x ID="SIG"/>'),
});
add(named, 'N08-wrapped', 'the endorsed Signature in a header block, and another one in its place', {
  finished: xml => {
    const found = main.exec(xml)?.[0] ?? '';
    return chain(
      replace(main, found.replace(other('SIG'), other('SIG2'))),
      insertAfter('<soap:Header>', `<m:x>${found}</m:x>`),
    )(xml);
  },
});
add(
  derived,
  'N09-derived-from-the-key-of-the-message',
  'a key for the endorsement that is derived from the other token',
  {
    unsigned: text =>
      dkx(
        /(<wsse:SecurityTokenReference[^>]*TokenType.*?<\/wsse:SecurityTokenReference>)<wsc:Offset>/.exec(text)?.[1] ??
          '',
      )(text),
  },
);
add(derived, 'N09-derived-from-nothing', 'a key for the endorsement that is derived from no token', {
  unsigned: dkx(str(reference('#None', contextType))),
});
add(derived, 'N09-derived-for-the-message', 'a Body encrypted with a key that is derived from the conversation', {
  encryptedData: replace(reference('#DKe', dk), reference('#DKx', dk)),
});
add(derived, 'N09-too-short', 'a derived key of another length than the suite’s', {
  unsigned: text => text.replace(/(Id="DKx">.*?<wsc:Length>)16/, '$124'),
});
add(derived, 'N09-unused', 'a further key that is derived from the conversation', {
  unsigned: text =>
    text.replace(
      /<wsc:DerivedKeyToken wsu:Id="DKx">.*?<\/wsc:DerivedKeyToken>/,
      found => found + found.replace('"DKx"', '"DKy"').replace(/<wsc:Nonce>../, '<wsc:Nonce>AA'),
    ),
});
add(named, 'N10-token-after-its-use', 'the conversation’s token behind the Signature by its key, in a strict layout', {
  unsigned: chain(replace(parts.sct, ''), insertAfter('<ENDORSEMENT/>', parts.sct)),
});
add('tls-endorsed-bootstrap', 'N11-missing', 'over TLS, no Signature by the conversation', {
  finished: replace(/<ds:Signature .*<\/ds:Signature>/, ''),
});
add('tls-endorsed-bootstrap', 'N11-doubled', 'over TLS, the conversation’s Signature twice', {
  signature: text => text + text.replace(other('SIG'), other('SIG2')),
});
add('tls-endorsed-bootstrap', 'N11-another-key', 'over TLS, the key of another conversation', {
  secret: Buffer.alloc(32, 0x30),
});
add('tls-endorsed-bootstrap', 'N11-without-user', 'over TLS, only the conversation’s Signature', {
  finished: replace(parts.usernameToken, ''),
});
add('tls-endorsed-bootstrap', 'N11-over-no-timestamp', 'over TLS, the conversation’s Signature over To alone', {
  sign: ['To'],
});
add('tls-endorsed-bootstrap', 'N11-over-a-signature', 'over TLS, a Signature over another one', {
  sign: ['TS', 'SIG2'],
  signature: text => text + text.replace(other('SIG'), other('SIG2')),
});

const certified = 'tls-endorsed-certificate';
const bst = binaryToken('BST', alice);
const byCertificate = keyInfo('#BST', tokenTypes.x509v3);
add(certified, 'N12-missing', 'a certificate and its Signature, and none by the conversation', {
  finished: replace(endorsement, ''),
});
add(certified, 'N12-certificate-missing', 'both Signatures, and no certificate', { unsigned: replace(bst, '') });
add(certified, 'N12-another-certificate', 'a certificate that nobody believes, with its own Signature', {
  unsigned: replace(bst, binaryToken('BST', own('bob'))),
  signer: own('bob'),
});
add(certified, 'N12-another-key', 'a Signature by another key than that of the certificate', { signer: own('bob') });
add(certified, 'N12-two-certificates', 'a second certificate', {
  unsigned: insertAfter(bst, binaryToken('BST2', own('bob'))),
});
add(certified, 'N12-hmac-with-the-certificate', 'an HMAC keyed with the certificate, which everybody has', {
  secret: alice.certificate.raw,
});
add(certified, 'N12-hmac-with-the-public-key', 'an HMAC keyed with the public key, which everybody has', {
  secret: alice.certificate.publicKey.export({ type: 'spki', format: 'der' }),
});
add(certified, 'N12-rsa-by-the-context', 'a Signature by RSA that names the conversation as its key', {
  endorsement: { signer: alice },
});
add(certified, 'N12-two-by-the-certificate', 'two Signatures by the certificate, none by the conversation', {
  endorsement: { signer: alice, signature: replace(byContext, byCertificate) },
});
add(certified, 'N12-part-not-signed', 'a Signature by the certificate over the Timestamp alone', { sign: ['TS'] });
add(certified, 'N12-part-signed-by-the-other', 'To signed by the conversation, not by the certificate', {
  sign: ['TS'],
  endorsement: { sign: ['TS', 'To'] },
});
add(certified, 'N12-timestamp-not-signed', 'a Signature by the certificate over To alone', { sign: ['To'] });
add(certified, 'N12-over-the-main-one', 'a Signature by the conversation over the certificate’s, not the Timestamp', {
  endorsement: { sign: ['SIG'] },
});
add(certified, 'N12-control-more-parts', 'the conversation signs To as well, as a WCF client up to 10.0 does', {
  endorsement: { sign: ['TS', 'To'] },
});
add(certified, 'N12-changed', 'a To that was changed on the way', {
  finished: replace('8080/EchoSymmetric', '6666/EchoSymmetric'),
});
add('tls-endorsed-bootstrap', 'N12-instead-of-the-user', 'a certificate where a user is asked for', {}, certified);
add(certified, 'N12-user-instead', 'a user where a certificate is asked for', {}, 'tls-endorsed-bootstrap');

export const endorsements: readonly Scenario[] = scenarios;
