import { describe, expect, test } from 'vitest';
import {
  type IssuedContext,
  type IssuedToken,
  parseIssueResponse,
  writeIssueResponse,
} from '../../src/conversation/token-response.ts';
import { computedKey } from '../../src/crypto/psha1.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { type Dialect, dialects, ns } from '../../src/names.ts';
import { scanText } from '../../src/xml/scan.ts';

/** The initiator's side of an Issue: what it takes for an answer, and what it makes of it. */
const clientShare = Buffer.alloc(32, 9);
const serverShare = Buffer.alloc(32, 8);
const token: IssuedToken & IssuedContext = {
  id: 'urn:uuid:00000000-0000-4000-8000-000000000001',
  instance: undefined,
  wsuId: 'sct-1',
  state: 'AAAA',
  keySizeBits: 256,
  proof: { entropy: serverShare },
  keyEffectiveMs: 0,
  tokenExpiresMs: 3_600_000,
};

type Change = (response: string) => string;

function read(change: Change = text => text, dialect: Dialect = dialects.feb2005, issued: Partial<typeof token> = {}) {
  const all = { ...token, ...issued };
  const { content } = writeIssueResponse(dialect, all, all);
  return parseIssueResponse(scanText(change(content)).root, dialect, clientShare, 128);
}

const change =
  (from: string | RegExp, to: string): Change =>
  text => {
    const changed = text.replace(from, () => to);
    if (changed === text) throw new TypeError(`nothing to replace: ${from}`);
    return changed;
  };
const twice =
  (part: RegExp): Change =>
  text =>
    change(part, `${part.exec(text)}${part.exec(text)}`)(text);
const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
const response = /<t:RequestSecurityTokenResponse[ >].*<\/t:RequestSecurityTokenResponse>/;
const sct = /<c:SecurityContextToken.*<\/c:SecurityContextToken>/;
const share = /<t:BinarySecret.*<\/t:BinarySecret>/;

const refusals: readonly (readonly [law: string, reason: string, change: Change])[] = [
  ['an RST in the place of the RSTR', 'rstr-missing', text => text.replaceAll('TokenResponse', 'Token')],
  ['an RSTR of another namespace', 'rstr-missing', change(dialects.feb2005.wst, 'urn:example')],
  ['no RequestedSecurityToken', 'rstr-token', change(/<t:RequestedSecurityToken>.*<\/t:RequestedSecurityToken>/, '')],
  [
    'two RequestedSecurityTokens',
    'rstr-duplicate-child',
    twice(/<t:RequestedSecurityToken>.*<\/t:RequestedSecurityToken>/),
  ],
  ['a token with two Identifiers', 'rstr-token-duplicate-child', twice(/<c:Identifier>.*<\/c:Identifier>/)],
  ['text beside the token', 'rstr-token', change('<c:SecurityContextToken', 'x<c:SecurityContextToken')],
  ['text in the RSTR', 'rstr-text', change('<t:RequestedSecurityToken>', 'x<t:RequestedSecurityToken>')],
  ['a share with a foreign attribute', 'rstr-attribute', change('<t:BinarySecret ', '<t:BinarySecret Encoding="hex" ')],
  ['an empty RequestedSecurityToken', 'rstr-token', change(sct, '')],
  ['two tokens', 'rstr-token', twice(sct)],
  ['a token of another kind', 'rstr-token', text => text.replaceAll('c:SecurityContextToken', 'c:DerivedKeyToken')],
  ['a token of another namespace', 'rstr-token', change(`xmlns:c="${dialects.feb2005.wsc}"`, 'xmlns:c="urn:example"')],
  ['a token without content', 'rstr-identifier', change(/<c:Identifier>.*(?=<\/c:SecurityContextToken>)/, '')],
  [
    'a token whose Identifier is not its first child',
    'rstr-identifier',
    change('<c:Identifier>', '<c:x/><c:Identifier>'),
  ],
  [
    'two references in the place of one',
    'rstr-reference',
    twice(/<o:SecurityTokenReference.*?<\/o:SecurityTokenReference>/),
  ],
  ['an empty reference', 'rstr-reference', change(/(?<=AttachedReference>)<o:Sec.*?TokenReference>/, '')],
  ['a proof without content', 'rstr-proof', change(/<t:ComputedKey>.*<\/t:ComputedKey>/, '')],
  ['two proofs', 'rstr-proof', twice(/<t:ComputedKey>.*<\/t:ComputedKey>/)],
  ['a proof of another kind', 'rstr-proof', text => text.replaceAll('t:ComputedKey', 't:EncryptedKey')],
  ['a proof of another namespace', 'rstr-proof', change(/<t:ComputedKey>(.*)<\/t:ComputedKey>/, '<ComputedKey/>')],
  ['another algorithm for the key', 'rstr-proof', change(dialects.feb2005.computedKeyPsha1, 'urn:example:hash')],
  ['a computed key without Entropy', 'rstr-entropy', change(/<t:Entropy>.*<\/t:Entropy>/, '')],
  ['an Entropy without content', 'rstr-entropy', change(share, '')],
  ['an Entropy with two shares', 'rstr-entropy', twice(share)],
  ['an Entropy that holds no BinarySecret', 'rstr-entropy', text => text.replaceAll('t:BinarySecret', 't:Nonce')],
  ['a share of 15 bytes', 'base64', change(/(?<=nce">)[^<]*/i, base64(15))],
  ['a share of 65 bytes', 'base64', change(/(?<=nce">)[^<]*/i, base64(65))],
  ...['', '96', '120', '127', '129', '250', '520', '1024', '+256', '0x100', '2e2', '0256', '２５６'].map(
    size => [`KeySize "${size}"`, 'rstr-key-size', change('>256<', `>${size}<`)] as const,
  ),
];

describe('the answer to an Issue', () => {
  test.each(refusals)('with %s is refused: %s', (_law, reason, spoil) => {
    expect(() => read(spoil)).toThrow(expect.objectContaining({ fault: 'invalidRequest', reason }));
  });

  test('is not an empty Body', () => {
    const missing = expect.objectContaining({ fault: 'invalidRequest', reason: 'rstr-missing' });
    expect(() => parseIssueResponse(undefined, dialects.feb2005, clientShare, 256)).toThrow(missing);
  });

  test.each(['128', '384', '512'])('may name a KeySize of %s bits, and the key has it', bits => {
    expect(read(change('>256<', `>${bits}<`)).secret.length * 8).toBe(Number(bits));
  });

  test('without a KeySize gives a key of the size that was asked for', () => {
    expect(read(change('<t:KeySize>256</t:KeySize>', '')).secret.length * 8).toBe(128);
  });

  test('gives the key of both shares, the key that it holds, or the initiator’s own share as the key', () => {
    expect(secretBytes(read().secret)).toEqual(computedKey(clientShare, serverShare, 256));
    const key = Buffer.alloc(32, 5);
    expect(secretBytes(read(undefined, dialects.feb2005, { proof: { key } }).secret)).toEqual(key);
    const unproved = read(change(/<t:RequestedProofToken>.*<\/t:RequestedProofToken>/, ''));
    expect(secretBytes(unproved.secret)).toEqual(clientShare);
  });

  test('that holds a key of less than 16 or more than 64 bytes is refused', () => {
    for (const bytes of [0, 15, 65]) {
      const proof = { key: Buffer.alloc(bytes, 5) };
      expect(() => read(undefined, dialects.feb2005, { proof })).toThrow(
        expect.objectContaining({ fault: 'invalidRequest', reason: 'base64' }),
      );
    }
  });

  test('in 200512 is a collection of exactly one, or the one alone', () => {
    const dialect = dialects['200512'];
    const one = (text: string) =>
      text.replace(/^<t:RequestSecurityTokenResponseCollection xmlns:t="[^"]*">|<\/[^>]*Collection>$/g, '');
    const alone: Change = text => one(text).replace('Response>', `Response xmlns:t="${dialect.wst}">`);
    expect(read(undefined, dialect).id).toBe(token.id);
    expect(read(alone, dialect).id).toBe(token.id);
    const refused = expect.objectContaining({ fault: 'invalidRequest', reason: 'rstr-collection' });
    expect(() => read(twice(response), dialect)).toThrow(refused);
    expect(() => read(change(response, ''), dialect)).toThrow(refused);
  });

  test('without references is named by the token’s wsu:Id inside its message, and by its Identifier outside', () => {
    const withoutReferences = change(/<t:RequestedAtt.*<\/t:RequestedUnattachedReference>/, '');
    const bare = read(withoutReferences);
    expect([bare.attachedReference, bare.unattachedReference].map(text => /URI="([^"]*)"/.exec(text)?.[1])).toEqual([
      '#sct-1',
      token.id,
    ]);
    const unnamed = read(text => change(/ u:Id="[^"]*"/, '')(withoutReferences(text)));
    expect(unnamed.attachedReference).toContain(`URI="${token.id}"`);
  });

  test('keeps the token as it was issued, with what stands beside its Identifier', () => {
    const instance = 'urn:uuid:00000000-0000-4000-8000-000000000002';
    const kept = read(undefined, dialects.feb2005, { instance });
    expect(kept).toMatchObject({ instance, stateChars: 4, createdMs: 0, expiresMs: 3_600_000 });
    expect(scanText(kept.token).root.children.map(({ local }) => local)).toEqual(['Identifier', 'Instance', 'State']);
    expect(scanText(kept.token).root.children.at(-1)?.namespace).toBe(ns.state);
  });
});
