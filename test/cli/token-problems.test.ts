import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sealBearerToken } from '../../src/bearer/bearer-token.ts';
import { encodeTicket } from '../../src/bearer/katana-ticket.ts';
import { katanaPurposes, katanaTicket } from '../../src/bearer/katana-token.ts';
import { whyNotOpened } from '../../src/cli/token-problems.ts';
import { readToken, type TokenKeys } from '../../src/cli/token-schemes.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { seal } from '../../src/keyring/seal.ts';
import { machineKey } from '../../src/machine-key/machine-key.ts';
import { alice, nowMs, random, records, ring } from '../bearer/made.ts';
import { protectVector } from '../machine-key/vectors.ts';

const key = machineKey(protectVector('V2').config);
const keys: TokenKeys = { machineKeys: [key], ring, audience: alice.audience, cookies: ['Cookies'] };
const token = sealBearerToken(alice, ring, nowMs, random);
const ticket = encodeTicket(
  katanaTicket({ claims: [{ type: 'role', value: 'reader' }], issuedMs: nowMs, expiresMs: nowMs + 1_000 }),
);

function protectedTicket(compressed: Buffer): string {
  return key.protect(compressed, katanaPurposes.accessToken, random).toString('base64url');
}

/** A seal of the ring's with octets in it that are no token. */
function sealed(plaintext: string, purpose = 'bearer-token'): string {
  const ringKey = ring.current(nowMs);
  if (ringKey === undefined) throw new TypeError('a key issues');
  const binding = { purpose, names: [alice.audience] };
  return seal(Buffer.from(plaintext), binding, ring.farm, ringKey, random).toString('base64url');
}

const otherFarm = keyRing({ ...records, keys: [] });
const inRing = /^the token says that ring key [0-9a-f]{8} sealed it, which is in the ring, /;

type Row = readonly [what: string, text: string, says: RegExp, todo: RegExp, keys?: Partial<TokenKeys>];

const rows: readonly Row[] = [
  ['has Bearer before it', `Bearer ${token}`, /^the word Bearer stands before/, /^give the token alone$/],
  ['is a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.', /^the token is a JWT/, /^ask who issued it/],
  ['has white space in it', `${token.slice(0, 20)} ${token.slice(20)}`, /not base64url/, /^give it as it came/],
  ['was cut within an octet', token.slice(0, 4 * 40 + 1), /after 161 characters: it was cut/, /^give the whole of it/],
  ['was cut between octets', token.slice(0, 4 * 55), /it is for another one, was cut or changed/, /all \d+ characters/],
  [
    'was cut to its beginning',
    token.slice(0, 40),
    /has 40 characters, too few for one: it was cut$/,
    /^give the whole of it/,
  ],
  ['was changed', `${token.slice(0, -4)}AAAA`, inRing, /^see that all \d+ characters are as they were issued/],
  ['is for another audience', token, inRing, /and for which audience$/, { audience: 'urn:another' }],
  ['is given no audience', token, inRing, /^give the audience .* --audience$/, { audience: undefined }],
  ['is given no ring', token, /and no ring is given$/, /--ring/, { ring: undefined, audience: undefined }],
  [
    'is of another farm',
    token,
    /does not open in this ring: it is of another farm/,
    /who issued it/,
    { ring: otherFarm },
  ],
  [
    'opens, and is cut inside',
    sealed('x'.repeat(60)),
    /^the token opens .* what is in it can't be read$/,
    /^a later version/,
  ],
  ['is another seal', sealed('x'.repeat(60), 'sct-state'), /or is a conversation's state$/, /^see that all/],
  [
    'is a ticket that opens, and is cut inside',
    protectedTicket(gzipSync(ticket.subarray(0, -9))),
    /^machineKey [0-9a-f]{8} opens the token as a Katana access token, but the ticket in it is cut or can't be read$/,
    /TicketDataFormat/,
  ],
  [
    'is a ticket that opens, whose compressed octets are cut',
    protectedTicket(gzipSync(ticket).subarray(0, -12)),
    /^machineKey .* is cut or can't be read$/,
    /TicketDataFormat/,
  ],
  ['is none that is known', 'QUJD', /^no machineKey that stands here made the token/, /^give the machineKey/],
  ['has no machineKey', 'QUJD', /^the ring holds no machineKey$/, /wssc keys import/, { machineKeys: [] }],
];

const named = rows.map(row => [row[0], row] as const);

test.each(named)('of a token that %s, the reason is told, and what to do', (_what, [, text, says, todo, others]) => {
  const given = { ...keys, ...others };
  expect(readToken(text, given, nowMs)).toBeUndefined();
  const { says: said, todo: told } = whyNotOpened(text, given, nowMs);
  expect(said).toMatch(says);
  expect(told).toMatch(todo);
  expect(`${said}${told}`).not.toContain(text.slice(0, 16));
});
