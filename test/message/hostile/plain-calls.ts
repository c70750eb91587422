import { alice, binaryToken, parts } from '../builder.ts';
import { own } from '../captures.ts';
import { insertAfter, replace, type Scenario, scenarioList } from './steps.ts';

/** Calls that stand by themselves and encrypt nothing: signed by a certificate alone, or left to TLS. The letter L. */
const { add, scenarios } = scenarioList();

const signed = 'certificate-calls';
const bob = own('bob');
const bst = binaryToken('BST', alice);
const signature = /<ds:Signature .*<\/ds:Signature>/;

add(signed, 'L12-signature-missing', 'no Signature, and nothing encrypted', { finished: replace(signature, '') });
add(signed, 'L12-certificate-missing', 'a Signature by a certificate that is not there', {
  unsigned: replace(bst, ''),
});
add(signed, 'L12-another-certificate', 'a certificate that nobody believes, with its own Signature', {
  unsigned: replace(bst, binaryToken('BST', bob)),
  signer: bob,
});
add(signed, 'L12-another-key', 'a Signature by another key than that of the certificate', { signer: bob });
add(signed, 'L12-body-changed', 'another Body than was signed', { finished: replace('pay 1 to bob', 'pay 9 to bob') });
add(signed, 'L12-body-not-signed', 'a Body that the Signature does not cover', {
  sign: ['TS', 'Action', 'MessageID', 'ReplyTo', 'To'],
});
add(signed, 'L12-to-not-signed', 'a To that the Signature does not cover', {
  sign: ['TS', 'Body', 'Action', 'MessageID', 'ReplyTo'],
});
add(signed, 'L12-timestamp-not-signed', 'a Timestamp that the Signature does not cover', {
  sign: ['Body', 'Action', 'MessageID', 'ReplyTo', 'To'],
});
add(signed, 'L12-hmac-with-the-certificate', 'an HMAC keyed with the certificate, which everybody has', {
  secret: alice.certificate.raw,
});
add(
  signed,
  'L12-encrypted',
  'an encrypted Body, and its key, where nothing is to be encrypted',
  {},
  'certificate-bootstrap',
);
add(signed, 'L12-username-token', 'a UsernameToken that the plan does not ask for', {
  unsigned: insertAfter(bst, parts.usernameToken),
});
add('certificate-bootstrap', 'L12-in-clear', 'a Body in clear where it is to be encrypted', {}, signed);

const alone = 'tls-alone';
const security = '<wsse:Security soap:mustUnderstand="true">';

add(alone, 'L13-control-no-security-header', 'no Security header at all', {
  finished: replace(`${security}</wsse:Security>`, ''),
});
add(alone, 'L13-timestamp', 'a Timestamp where the plan has none', {
  finished: insertAfter(security, parts.timestamp),
});
add(alone, 'L13-username-token', 'a UsernameToken where HTTP or TLS says who calls', {
  finished: insertAfter(security, parts.usernameToken),
});
add(alone, 'L13-certificate', 'a certificate that signs nothing', { finished: insertAfter(security, bst) });
add(alone, 'L13-signed', 'a message that a certificate signs, where nothing is signed', {}, signed);

export const plainCalls: readonly Scenario[] = scenarios;
