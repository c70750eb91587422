import { contextId } from '../builder.ts';
import { replace, scenarioList } from './steps.ts';

/** Signatures that must cover the token of their key: the letter J. */
const { add, scenarios } = scenarioList();

const calls = 'protected-calls';
const bootstrap = 'protected-bootstrap';
const endorsed = 'protected-endorsed-bootstrap';
const certificate = 'protected-certificate-bootstrap';
const parts = ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'];
const main = [...parts, 'UT', 'EK'];

add(calls, 'J01-context', 'the SecurityContextToken is not signed', { sign: parts });
add(calls, 'J01-derived-key', 'the token of the derived key is signed in its stead', { sign: [...parts, 'DKs'] });
add(bootstrap, 'J01-encrypted-key', 'the EncryptedKey is not signed', { sign: [...parts, 'UT'] });
add(bootstrap, 'J01-encrypted-key-derived-key', 'the token of the derived key is signed in its stead', {
  sign: [...parts, 'UT', 'DKs'],
});
add(certificate, 'J01-certificate', 'the certificate is not signed', { sign: parts });
add(endorsed, 'J02-not-by-its-own', 'the token that endorses is not signed', { endorsement: { sign: ['SIG'] } });
add(endorsed, 'J02-by-the-other', 'the token that endorses is signed by the main signature alone', {
  sign: [...main, 'SCT'],
  endorsement: { sign: ['SIG'] },
});
add(endorsed, 'J02-both-by-the-endorsement', 'the EncryptedKey is signed by the other token alone', {
  sign: [...parts, 'UT'],
  endorsement: { sign: ['SIG', 'SCT', 'EK'] },
});
add(endorsed, 'J02-control-all-by-both', 'each signature covers both tokens', {
  sign: [...main, 'SCT'],
  endorsement: { sign: ['SIG', 'SCT', 'EK'] },
});
add(calls, 'J03-changed-after', 'white space in the token once it was signed', {
  finished: replace(`${contextId}</wsc:Identifier>`, `${contextId}</wsc:Identifier> `),
});
add(bootstrap, 'J03-encrypted-key-changed-after', 'white space in the EncryptedKey once it was signed', {
  finished: replace('<ds:KeyInfo>', ' <ds:KeyInfo>'),
});
add('bootstrap', 'J04-not-asked-for', 'an EncryptedKey is signed that no policy wants signed', {}, bootstrap);

export const protectedTokens = scenarios;
