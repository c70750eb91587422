import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { bases, build, contextId, contextSecret, nowMs, parts } from './builder.ts';
import { found, noKeys } from './found.ts';
import { symmetricCalls } from './plans.ts';

/**
 * Signature wrapping, generated: a signed part is moved to another place of the message and a part of the attacker's
 * stands in its own. Every combination of part, place, wrapper, id and kind of id must be refused; the attacker's text
 * must never come out.
 */

const plan = { ...symmetricCalls().request, encrypted: { body: false, headers: [] } };
const base = bases({ cipher: '', thumbprint: '', secret: contextSecret, sha1: '' })['signed-calls'];
const message = build(base);
const body = `<soap:Body wsu:Id="Body">${parts.content}</soap:Body>`;

const targets: Readonly<Record<string, { readonly part: string; readonly spoof: (part: string) => string }>> = {
  Body: { part: body, spoof: part => part.replace('pay 1 to bob', 'pay 1000000 to eve') },
  TS: { part: parts.timestamp, spoof: part => part.replace('12:05', '12:09') },
  Action: { part: parts.action, spoof: part => part.replace('Echo', 'Other') },
  To: { part: parts.to, spoof: part => part.replace('8080', '6666') },
  ReplyTo: { part: parts.replyTo, spoof: part => part.replace('</wsa:ReplyTo>', ' </wsa:ReplyTo>') },
  MessageID: { part: parts.messageId, spoof: part => part.replace('0001', '0002') },
};

/** Where the signed original goes: before the text that is found, or after it. */
const places: Readonly<Record<string, RegExp>> = {
  envelope: /<soap:Envelope[^>]*>/,
  header: /<soap:Header>/,
  headerEnd: /<\/wsse:Security>/,
  security: /<wsse:Security [^>]*>/,
  timestamp: /<wsu:Timestamp[^>]*>/,
  token: /<wsc:Identifier>[^<]*<\/wsc:Identifier>/,
  identifier: /<wsc:Identifier>/,
  derivedKey: /<wsc:Offset>0<\/wsc:Offset>/,
  signature: /<ds:Signature [^>]*>/,
  signedInfo: /<ds:SignedInfo>/,
  reference: /<ds:Reference [^>]*>/,
  signatureValue: /<ds:SignatureValue>/,
  keyInfo: /<ds:KeyInfo>/,
  replyTo: /<wsa:ReplyTo[^>]*>/,
  body: /<soap:Body[^>]*>/,
  content: /<m:Echo>/,
  bodyEnd: /<\/m:Echo>/,
  afterBody: /<\/soap:Body>/,
};

const wrappers = [
  '',
  'm:wrapper',
  'ds:Object',
  'soap:Header',
  'soap:Body',
  'wsse:Security',
  'wsse:Embedded',
  'soap:Envelope',
];
const idKinds = ['wsu:Id', 'Id', 'ID', 'id', 'xml:id', 'AssertionID', 'm:Id'];

const move = fc.record({
  target: fc.constantFrom(...Object.keys(targets)),
  place: fc.constantFrom(...Object.keys(places)),
  wrapper: fc.constantFrom(...wrappers),
  spoofedId: fc.constantFrom('same', 'new', 'none'),
  idKind: fc.constantFrom(...idKinds),
  before: fc.boolean(),
});

type Move = typeof move extends fc.Arbitrary<infer M> ? M : never;

function wrap({ target, place, wrapper, spoofedId, idKind, before }: Move): string {
  const { part, spoof } = targets[target] as (typeof targets)[string];
  const id = spoofedId === 'none' ? '' : ` ${idKind}="${spoofedId === 'same' ? target : 'fresh'}"`;
  const spoofed = spoof(part).replace(` wsu:Id="${target}"`, id);
  const original = wrapper === '' ? part : `<${wrapper}>${part}</${wrapper}>`;
  const without = message.replace(part, () => '\u0001');
  const moved = without.replace(places[place] as RegExp, found => (before ? original + found : found + original));
  return moved.replace('\u0001', () => spoofed);
}

async function open(text: string) {
  return receive(
    readMessage(Buffer.from(text)),
    plan,
    { ...noKeys, findContext: () => found(contextId, new SecretKey(contextSecret)) },
    {
      nowMs,
      clockSkewMs: 60_000,
      timestampTtlMs: 300_000,
      random: systemRandom,
    },
  );
}

test('the message as it was signed is accepted', async () => {
  expect((await open(message)).content?.local).toBe('Echo');
});

test('no moved part is taken for the one that was signed', async () => {
  await fc.assert(
    fc.asyncProperty(move, async chosen => {
      const text = wrap(chosen);
      fc.pre(text !== message);
      await expect(open(text)).rejects.toBeInstanceOf(Refusal);
    }),
    { numRuns: 3000, seed: 20261126 },
  );
});

test('no part can be taken away, doubled or renamed', async () => {
  const tags = [...message.matchAll(/<[^/!][^>]*>/g)].map(match => match.index);
  const edit = fc.record({ at: fc.constantFrom(...tags), kind: fc.constantFrom('rename', 'attribute', 'text') });
  await fc.assert(
    fc.asyncProperty(edit, async ({ at, kind }) => {
      const [head, tail] = [message.slice(0, at), message.slice(at)];
      const changed = {
        rename: () => head + tail.replace(/^<([\w:]+)/, '<$1x'),
        attribute: () => head + tail.replace(/^<([\w:]+)/, '<$1 m:added="1"'),
        text: () => `${head}x${tail}`,
      }[kind]?.();
      const outcome = await open(changed ?? '').then(
        verified => verified,
        (error: unknown) => error,
      );
      // Where nothing is signed and nothing is structure (the Envelope's own tag, Header's) an attribute changes
      // nothing.
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Refusal);
      else expect(message.slice(at, at + 13)).toMatch(/^<soap:(Envelop|Header)/);
    }),
    { numRuns: 600, seed: 20261126 },
  );
});
