import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import type { BootstrapKeys } from '../../src/message/sending-key.ts';
import type { ConversationPlan, MessagePlan } from '../../src/policy/plan.ts';
import { plainSupportingTokens, provingToken } from '../../src/policy/tokens.ts';
import { supportingTokens, type TokenKind } from '../../src/security/supporting-tokens.ts';
import { own } from '../message/captures.ts';
import { noKeys } from '../message/found.ts';
import { echoVariant } from '../policy/echo-variant.ts';
import { planOf } from '../support/plans.ts';
import { ticketToken } from './ticket-token.ts';

/** All that it takes beside the token's own file. */
supportingTokens.set('ticket', ticketToken as TokenKind<unknown>);
plainSupportingTokens['sp:TicketToken'] = provingToken('ticket', {});

const bob = own('bob');
const nowMs = Date.UTC(2026, 10, 26);
const ticket = { holder: 'alice & bob' };
const user = { username: 'alice', password: 'ecila' };

/** The port's plan where its bootstrap asks for a ticket instead of a user name. */
function ticketPlan(port: 'EchoTls11' | 'EchoSymmetric'): ConversationPlan {
  const change = { within: `wsu:Id="${port}_policy"`, from: 'sp:UsernameToken ', to: 'sp:TicketToken ' };
  const properties = { ...change, from: '<sp:WssUsernameToken10/>', to: '' };
  return planOf(
    echoVariant({ ...change, from: '</sp:UsernameToken>', to: '</sp:TicketToken>' }, properties, change),
    port,
  );
}

const tls = ticketPlan('EchoTls11');
const symmetric = ticketPlan('EchoSymmetric');
const asked = symmetric.bootstrap.request;

function written(plan: MessagePlan, tokens: NonNullable<BootstrapKeys['tokens']>): string {
  const out = {
    action: 'urn:example:Ask',
    to: 'urn:example',
    body: { declarations: '', content: '<Ask xmlns="urn:a"/>' },
  };
  const versions = { soap: symmetric.soap, addressing: symmetric.addressing };
  const options = { nowMs, random: systemRandom, timestampTtlMs: 300_000 };
  return send(plan, versions, { recipient: bob, tokens }, out, options).text;
}

async function read(text: string, plan: MessagePlan) {
  const options = { nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000, random: systemRandom };
  const keys = { ...noKeys, ownCertificates: [bob] };
  return (await receive(readMessage(Buffer.from(text)), plan, keys, options)).tokens;
}

const refusal = (fault: string, reason: string) => expect.objectContaining({ fault, reason });
const inclusion = { kind: 'ticket', encrypted: false };

describe('a supporting token of one file and a row in each table', () => {
  test('is asked for by a policy', () => {
    expect(asked.supporting).toEqual([{ ...inclusion, signed: true }]);
    expect(tls.bootstrap.request.supporting).toEqual([{ ...inclusion, signed: false }]);
  });

  test('is written and verified: over TLS in clear, else signed and encrypted', async () => {
    const inClear = written(tls.bootstrap.request, { ticket });
    expect(inClear).toContain('alice &amp; bob</t:Ticket>');
    expect(await read(inClear, tls.bootstrap.request)).toMatchObject([{ kind: 'ticket', claims: ticket }]);
    const text = written(asked, { ticket });
    expect(text).not.toContain('Ticket');
    expect(await read(text, asked)).toMatchObject([{ kind: 'ticket', claims: ticket }]);
    expect(() => written(asked, { username: user })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test('is refused when it was changed on the way', async () => {
    const text = written(asked, { ticket });
    const from = text.indexOf('<e:CipherValue>', text.indexOf('<e:EncryptedData')) + 40;
    const other = text[from] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, from) + other + text.slice(from + 1);
    await expect(read(changed, asked)).rejects.toMatchObject({ fault: 'failedCheck' });
  });

  test('is refused where it is not signed, is another token, one too many, or none', async () => {
    const unsigned = written({ ...asked, supporting: [{ ...inclusion, signed: false }] }, { ticket });
    await expect(read(unsigned, asked)).rejects.toEqual(refusal('invalidSecurity', 'supporting-token-not-signed'));
    const username = { ...asked, supporting: [{ kind: 'username', signed: true, encrypted: false }] };
    const kind = refusal('invalidSecurity', 'supporting-token-kind');
    await expect(read(written(username, { username: user }), asked)).rejects.toEqual(kind);
    await expect(read(written(asked, { ticket }), username)).rejects.toEqual(kind);
    const inClear = written(tls.bootstrap.request, { ticket });
    const twice = inClear.replace(/<t:Ticket .*<\/t:Ticket>/, found => found + found.replace('u:Id="', 'u:Id="x'));
    await expect(read(twice, tls.bootstrap.request)).rejects.toEqual(refusal('invalidSecurity', 'security-count'));
    const none = inClear.replace(/<t:Ticket .*<\/t:Ticket>/, '');
    const count = refusal('invalidSecurity', 'supporting-token-count');
    await expect(read(none, tls.bootstrap.request)).rejects.toEqual(count);
  });

  test('is refused out of an EncryptedData, or signed, where its row does not allow that', async () => {
    const text = written(asked, { ticket });
    const as = async (change: Partial<TokenKind<unknown>>) => {
      supportingTokens.set('ticket', { ...ticketToken, ...change } as TokenKind<unknown>);
      try {
        return await read(text, asked);
      } finally {
        supportingTokens.set('ticket', ticketToken as TokenKind<unknown>);
      }
    };
    await expect(as({ mayBeEncrypted: false })).rejects.toMatchObject({ reason: 'supporting-token-encrypted' });
    await expect(as({ mayBeSigned: false })).rejects.toMatchObject({ reason: 'signed-element' });
  });
});
