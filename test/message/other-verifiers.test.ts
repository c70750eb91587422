import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SignedXml } from 'xml-crypto';
import { systemRandom } from '../../src/crypto/random.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import { selfContained } from '../../src/message/sent-body.ts';
import { addressingVersions, dialects, ns, soapVersions } from '../../src/names.ts';
import type { MessagePlan } from '../../src/policy/plan.ts';
import type { CertificateClaims } from '../../src/security/binary-token.ts';
import { rsaSigner, rsaVerifier } from '../../src/security/signature.ts';
import { spawn } from '../support/started.ts';
import { alice, binaryToken } from './builder.ts';
import { noKeys } from './found.ts';
import { transportBootstrap } from './plans.ts';

/*
 * Signatures by a certificate, ours and those of other verifiers: what one signs the others verify, and nothing of it
 * may be changed. xml-crypto and xmlsec1 know nothing of policies: each signature covers the Timestamp, the Body and
 * four headers.
 */

const count = 250;
const signedParts = 6;
const nowMs = Date.UTC(2026, 10, 30);
const headers = ['To', 'Action', 'MessageID', 'ReplyTo'];
const folder = mkdtempSync(join(tmpdir(), 'other-verifiers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const algorithms = {
  Basic256: { signature: `${ns.ds}rsa-sha1`, digest: `${ns.ds}sha1` },
  Basic256Sha256: {
    signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha256',
  },
};
type SuiteName = keyof typeof algorithms;
const suiteNames = Object.keys(algorithms) as SuiteName[];

function planOf(suite: SuiteName): MessagePlan {
  return {
    ...transportBootstrap(dialects.feb2005, suite).request,
    supporting: [{ kind: 'x509', endorsing: true, derivedKeys: false }],
    signed: { body: true, headers: headers.map(local => ({ namespace: ns.wsa10, local })) },
  };
}

const characters = fc.constantFrom(...'aZ9 é€𝄞"\'\t\n', '&amp;', '&lt;', '>', '&#13;', '&#x85;');
const content = fc.string({ unit: characters, maxLength: 12 });
const value = content.map(text => text.replaceAll('"', '&quot;'));
const names = fc.constantFrom('Echo', 'text', 'é', 'a-b.c');
const prefixes = fc.constantFrom('m', 'n', 'o');
const { element } = fc.letrec<{ element: string }>(tie => ({
  element: fc
    .record({
      prefix: prefixes,
      other: prefixes,
      name: names,
      attribute: value,
      qualified: value,
      children: fc.array(fc.oneof({ maxDepth: 3 }, content, tie('element')), { maxLength: 3 }),
    })
    .map(
      ({ prefix, other, name, attribute, qualified, children }) =>
        `<${prefix}:${name} b="${attribute}" ${other}:a="${qualified}" xmlns:${prefix}="urn:one" ` +
        `${other === prefix ? '' : `xmlns:${other}="urn:other"`}>${children.join('')}</${prefix}:${name}>`,
    ),
}));
const bodies = fc.sample(element, { numRuns: count, seed: 20_261_130 });

/** Whose signature it is, as a message of ours says it. */
const tokens: { x509: CertificateClaims } = { x509: { certificate: alice.certificate.raw } };

function ours(body: string, suite: SuiteName): string {
  const plan = planOf(suite);
  const keys = { tokens, signingKeys: { x509: rsaSigner(alice.privateKey, plan.suite.asymmetricSignature) } };
  const versions = { soap: soapVersions['1.2'], addressing: addressingVersions['1.0'] };
  const out = { action: 'urn:a', to: 'https://localhost/', replyToAnonymous: true, body: selfContained(body) };
  return send(plan, versions, keys, out, { nowMs, random: systemRandom, timestampTtlMs: 300_000 }).text;
}

/** What a message of theirs is before it is signed. */
function unsigned(body: string): string {
  const header = (local: string, text: string) => `<a:${local} u:Id="${local}">${text}</a:${local}>`;
  return (
    `<s:Envelope xmlns:s="${soapVersions['1.2'].namespace}" xmlns:a="${ns.wsa10}" xmlns:u="${ns.wsu}"><s:Header>` +
    header('Action', 'urn:a') +
    header('To', 'https://localhost/') +
    header('MessageID', 'urn:uuid:0b8f2a54-54a0-4c0e-9df4-1f0d2b9c7e11') +
    header('ReplyTo', `<a:Address>${ns.wsa10}/anonymous</a:Address>`) +
    `<o:Security xmlns:o="${ns.wsse}" xmlns:wsse="${ns.wsse}" xmlns:wsu="${ns.wsu}" s:mustUnderstand="1">` +
    '<u:Timestamp u:Id="TS"><u:Created>2026-11-30T00:00:00Z</u:Created>' +
    '<u:Expires>2026-11-30T00:05:00Z</u:Expires></u:Timestamp>' +
    `${binaryToken('BST', alice)}</o:Security></s:Header><s:Body u:Id="Body">${body}</s:Body></s:Envelope>`
  );
}

const reference =
  '<wsse:SecurityTokenReference><wsse:Reference URI="#BST" ' +
  'ValueType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"/>' +
  '</wsse:SecurityTokenReference>';
const signedIds = ['TS', 'Body', ...headers];
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/** Whether our own verifier takes a message, and how many parts it found signed. */
async function verifiedByUs(message: string, suite: SuiteName): Promise<number> {
  const { signed } = await receive(
    readMessage(Buffer.from(message)),
    planOf(suite),
    {
      ...noKeys,
      findTokenKey: ({ claims }, { asymmetricSignature }) =>
        alice.certificate.raw.equals((claims as CertificateClaims).certificate)
          ? rsaVerifier(alice.certificate.publicKey, asymmetricSignature, verify => verify())
          : undefined,
    },
    { nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000, random: systemRandom },
  );
  return signed.size;
}

const publicKey = alice.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const privateKey = alice.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

function verifiedByXmlCrypto(message: string): number {
  const from = message.indexOf('<ds:Signature ');
  const to = message.indexOf('</ds:Signature>') + '</ds:Signature>'.length;
  const signature = new SignedXml({ publicCert: publicKey, idMode: 'wssecurity' });
  signature.loadSignature(message.slice(from, to));
  return signature.checkSignature(message) ? signature.getSignedReferences().length : 0;
}

function signedByXmlCrypto(body: string, suite: SuiteName): string {
  const signer = new SignedXml({
    privateKey,
    idMode: 'wssecurity',
    signatureAlgorithm: algorithms[suite].signature,
    canonicalizationAlgorithm: exclusive,
    getKeyInfoContent: () => reference,
  });
  for (const id of signedIds)
    signer.addReference({
      xpath: `//*[@*[local-name(.)='Id']='${id}']`,
      transforms: [exclusive],
      digestAlgorithm: algorithms[suite].digest,
    });
  const location = { reference: "//*[local-name(.)='Security']", action: 'append' as const };
  signer.computeSignature(unsigned(body), { prefix: 'ds', location });
  return signer.getSignedXml();
}

/** What xmlsec1 is to sign. */
function template(body: string, suite: SuiteName): string {
  const { signature, digest } = algorithms[suite];
  const references = signedIds.map(
    id =>
      `<ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="${exclusive}"/></ds:Transforms>` +
      `<ds:DigestMethod Algorithm="${digest}"/><ds:DigestValue/></ds:Reference>`,
  );
  const empty =
    `<ds:Signature xmlns:ds="${ns.ds}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${exclusive}"/>` +
    `<ds:SignatureMethod Algorithm="${signature}"/>${references.join('')}</ds:SignedInfo><ds:SignatureValue/>` +
    `<ds:KeyInfo>${reference}</ds:KeyInfo></ds:Signature>`;
  return unsigned(body).replace('</o:Security>', () => `${empty}</o:Security>`);
}

const ids = [
  `${ns.wsu}:Timestamp`,
  ...headers.map(local => `${ns.wsa10}:${local}`),
  `${soapVersions['1.2'].namespace}:Body`,
].flatMap(name => ['--id-attr:Id', name]);

/** Hands many messages to xmlsec1. @returns what it wrote to standard output, standard error, and its exit code */
async function xmlsec1(words: readonly string[], messages: readonly string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'other-verifiers-'));
  for (const [index, message] of messages.entries()) writeFileSync(join(cwd, `${index}.xml`), message);
  const child = spawn('sh', ['-c', 'exec xmlsec1 "$@" *.xml', 'sh', ...words, ...ids], { cwd });
  const ended = new Promise(settle => child.once('close', settle));
  const [written, said] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended]);
  rmSync(cwd, { recursive: true });
  return { written, said, status: child.exitCode };
}

const textOf = (stream: Readable | null) => (stream === null ? '' : text(stream));

const keyFile = join(folder, 'key.pem');
const certificateFile = join(folder, 'public.pem');
writeFileSync(keyFile, privateKey);
writeFileSync(certificateFile, publicKey);

const changed = (message: string) => message.replace('>urn:a<', '>urn:b<');

describe.each(suiteNames)(`${count} signatures by a certificate, %s`, suite => {
  test('of ours are those of xml-crypto', () => {
    for (const body of bodies) expect(verifiedByXmlCrypto(ours(body, suite))).toBe(signedParts);
    expect(verifiedByXmlCrypto(changed(ours(bodies[0] ?? '', suite)))).toBe(0);
  });

  test('of ours are those of xmlsec1', async () => {
    const messages = bodies.map(body => ours(body, suite));
    const words = ['--verify', '--pubkey-pem', certificateFile];
    const { said, status } = await xmlsec1(words, messages);
    expect({ status, good: said.match(/^OK$/gm)?.length }).toEqual({ status: 0, good: count });
    expect((await xmlsec1(words, messages.slice(0, 1).map(changed))).status).toBe(1);
  });

  test('of xml-crypto are taken, unchanged', async () => {
    for (const body of bodies) {
      const message = signedByXmlCrypto(body, suite);
      expect(await verifiedByUs(message, suite)).toBe(signedParts);
      await expect(verifiedByUs(changed(message), suite)).rejects.toThrow();
    }
  });

  test('of xmlsec1 are taken, unchanged', async () => {
    const templates = bodies.map(body => template(body, suite));
    const { written, status } = await xmlsec1(['--sign', '--privkey-pem', keyFile], templates);
    expect(status).toBe(0);
    const messages = written.split('<?xml version="1.0"?>').slice(1);
    expect(messages).toHaveLength(count);
    for (const message of messages) {
      expect(await verifiedByUs(message.trim(), suite)).toBe(signedParts);
      await expect(verifiedByUs(changed(message.trim()), suite)).rejects.toThrow();
    }
  });
});
