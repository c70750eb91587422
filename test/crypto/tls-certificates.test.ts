import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { certificatesIn, checkTlsCertificate } from '../../src/crypto/tls-certificates.ts';
import { pem } from '../support/pem.ts';
import { vectorText } from './vector.ts';

const places = { certificate: 'node.crt', key: 'node.key' };
const encryptedKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey;

test('a certificate and its key will do for TLS, alone or before others of a chain', () => {
  expect(() => checkTlsCertificate(pem.tls, places)).not.toThrow();
  const chain = pem.tls.certificate + pem.ca.certificate;
  expect(() => checkTlsCertificate({ certificate: chain, key: pem.tls.key }, places)).not.toThrow();
});

test.each<[string, { certificate: string; key: string }, string]>([
  ['no certificate', { certificate: 'root:x:0:0', key: pem.tls.key }, 'node.crt: not a certificate in PEM format'],
  ['no key', { ...pem.tls, key: 'root:x:0:0' }, 'node.key: not an unencrypted private key in PEM format'],
  ['an encrypted key', { ...pem.tls, key: encryptedKey }, 'node.key: not an unencrypted private key in PEM format'],
  ['the key of another certificate', { ...pem.tls, key: pem.service.key }, 'node.key: not the key of node.crt'],
  [
    'a chain that ends in the middle of a certificate',
    { ...pem.tls, certificate: `${pem.tls.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n` },
    "node.crt: TLS can't use it",
  ],
])('%s is named before anything is listened on', (_, pair, message) => {
  expect(() => checkTlsCertificate(pair, places)).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_INVALID', message }),
  );
});

test('authorities are one certificate or more, with any text around them', () => {
  const bundle = `# demo\n${pem.ca.certificate}\nanother one\n${vectorText('keys/ca.crt')}`;
  expect(() => certificatesIn(bundle, 'ca.pem')).not.toThrow();
});

test.each([
  ['no certificate', 'root:x:0:0:root:/root:/bin/bash', 'ca.pem: holds no certificate in PEM format'],
  ['a private key', pem.ca.key, 'ca.pem: holds no certificate in PEM format'],
  ['nothing', '', 'ca.pem: holds no certificate in PEM format'],
  [
    'a certificate and half of one',
    `${pem.ca.certificate}${pem.ca.certificate.slice(0, 400)}\n-----END CERTIFICATE-----\n`,
    "ca.pem: certificate 2 can't be read",
  ],
])('a file of authorities that holds %s is named: Node would trust nobody without a word', (_, text, message) => {
  expect(() => certificatesIn(text, 'ca.pem')).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_INVALID', message }),
  );
});
