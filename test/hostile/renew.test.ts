import { beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { spoken } from '../../src/names.ts';
import { expectNoSecrets, expectRefused, type FaultName, loggedReasons } from '../support/faults.ts';
import {
  type Conversation,
  call,
  cancel,
  converseWith,
  issueRequest,
  type RenewChange,
  renewals,
  renewRequest,
  replaced,
} from '../support/initiator.ts';
import { modesOfFarms } from '../support/modes.ts';
import { type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';

const clock = { nowMs: Date.now() };
const bob = { username: 'bob', password: 'hunter2 hunter2' };
const authenticate = async (username: string, password: string) =>
  [user, bob].some(known => known.username === username && known.password === password)
    ? { user: username, roles: [] }
    : undefined;
let node: TestNode;

const is200512 = (port: PortName) => port === 'EchoTls13';
const unableOn = (port: PortName) => (is200512(port) ? 'unableToRenew200512' : 'unableToRenew');
const invalidOn = (port: PortName) => (is200512(port) ? 'invalidRequest200512' : 'invalidRequest');

/** Asserts that a Renew is refused with a fault whose bytes are those of its class, and what the log calls it. */
async function expectNotRenewed(port: PortName, message: string, name: FaultName, reason: string): Promise<void> {
  const before = node.statistics().renewed;
  await expectRefused(node, port, message, name);
  expect(loggedReasons(node.lines).at(-1)).toBe(reason);
  expect(node.statistics().renewed).toBe(before);
}

function lifetime(created: string, ...expires: readonly string[]): string {
  const utility = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
  const ends = expires.map(day => `<u:Expires>${day}T00:00:00Z</u:Expires>`).join('');
  return `<t:Lifetime xmlns:u="${utility}"><u:Created>${created}T00:00:00Z</u:Created>${ends}</t:Lifetime>`;
}

/** A RequestSecurityToken with a RenewTarget, whatever it asks for. */
function requestOf({ plan: { dialect } }: Conversation, asked: 'issue' | 'renew', target: string): string {
  return (
    `<t:RequestSecurityToken xmlns:t="${dialect.wst}"><t:RequestType>${dialect.requestType[asked]}</t:RequestType>` +
    `<t:RenewTarget>${target}</t:RenewTarget></t:RequestSecurityToken>`
  );
}

const unknownId = 'urn:uuid:11112233-4455-4677-8899-aabbccddeeff';

/** A Renew by the user alone of a conversation that nobody knows. */
function unknownTo(held: Conversation): string {
  return renewRequest(held, 'user', { target: replaced(held.token.token, held.token.id, unknownId) }).sent.text;
}

describe.each(modesOfFarms)('with state $state,', ({ state, shared }) => {
  beforeAll(async () => {
    const ring = createRing({ nowMs: clock.nowMs, random: systemRandom });
    node = await startNode({ ring, clock, authenticate, state, ...shared(() => clock.nowMs) });
  });

  describe.each(renewals)('a Renew on %s, proved by the %s,', (port, proof) => {
    const begin = () => converseWith(node, port);
    const request = (conversation: Conversation, change: RenewChange = {}) =>
      renewRequest(conversation, proof, change).sent.text;
    const withTarget = async (from: string | RegExp, to: string) => {
      const held = await begin();
      const target = proof === 'key' ? held.token.unattachedReference : held.token.token;
      return request(held, { target: replaced(target, from, to) });
    };

    test('whose target is another conversation renews neither of them', async () => {
      const [own, another] = [await begin(), await begin()];
      const target = another.token.unattachedReference;
      // Where a token carries no State its name is enough to find it: then it must be the sender's own.
      const byUser = state === 'cookie' ? 'renew-unknown-context' : 'renew-user';
      const credentials = proof === 'user' && state !== 'cookie' ? bob : user;
      const reason = proof === 'key' ? 'renew-target' : byUser;
      await expectNotRenewed(port, request(own, { target, credentials }), unableOn(port), reason);
      for (const held of [own, another]) expect((await node.post(port, call(held))).status).toBe(200);
    });

    test('whose target is an Instance that is not the one of the token is refused', async () => {
      const instance = 'urn:uuid:11112233-4455-4677-8899-aabbccddeeff';
      const change =
        proof === 'key'
          ? withTarget(
              '<o:Reference ',
              `<o:Reference xmlns:c="${(await begin()).plan.dialect.wsc}" c:Instance="${instance}" `,
            )
          : withTarget('</c:Identifier>', `</c:Identifier><c:Instance>${instance}</c:Instance>`);
      const reason = proof === 'key' ? 'renew-target' : 'renew-unknown-context';
      await expectNotRenewed(port, await change, unableOn(port), reason);
    });

    test('whose target names nothing that is known is refused', async () => {
      const uuid = /urn:uuid:[0-9a-f-]{36}/;
      const reason = proof === 'key' ? 'renew-target' : 'renew-unknown-context';
      for (const id of ['urn:uuid:00000000-0000-4000-8000-000000000000', 'urn:x', ''])
        await expectNotRenewed(port, await withTarget(uuid, id), unableOn(port), reason);
    });

    test.each<[string, RenewChange, string]>([
      ['no target', { target: '' }, 'rst-target-missing'],
      ['two targets in one', { target: '<a/><b/>' }, 'rst-target-second'],
      ['a target that is no token', { target: '<a/>' }, 'rst-target'],
      ['a CancelTarget beside it', { more: '<t:CancelTarget></t:CancelTarget>' }, 'rst-target-unexpected'],
      ['a second KeySize', { more: '<t:KeySize>256</t:KeySize>' }, 'rst-duplicate-child'],
      ['a Lifetime that ends before it begins', { more: lifetime('2020-01-02', '2020-01-01') }, 'rst-lifetime-order'],
      ['a Lifetime without a length', { more: lifetime('2020-01-01', '2020-01-01') }, 'rst-lifetime-order'],
      ['a Lifetime on a day that is none', { more: lifetime('2020-01-01', '2020-02-30') }, 'rst-lifetime-value'],
      ['a Lifetime with an attribute', { more: '<t:Lifetime a="1"></t:Lifetime>' }, 'rst-attribute'],
      ['two Expires', { more: lifetime('2020-01-01', '2020-01-02', '2020-01-03') }, 'rst-lifetime-duplicate-child'],
    ])('with %s is InvalidRequest', async (_law, change, reason) => {
      await expectNotRenewed(port, request(await begin(), change), invalidOn(port), reason);
    });

    test('whose RequestType is another one is InvalidRequest: the Action picked the plan', async () => {
      const held = await begin();
      const content = requestOf(held, 'issue', held.token.unattachedReference);
      await expectNotRenewed(port, request(held, { content }), invalidOn(port), 'rst-request-type');
    });
  });

  describe.each(renewals.filter(([port]) => !is200512(port)))('a Renew on %s, proved by the %s,', (port, proof) => {
    test('of a conversation of another port of the same dialect is refused', async () => {
      const foreign = await converseWith(node, port === 'EchoTls11' ? 'EchoSymmetric' : 'EchoTls11');
      const held = await converseWith(node, port);
      const target = proof === 'key' ? foreign.token.unattachedReference : foreign.token.token;
      const { sent } = renewRequest(held, proof, { target, signer: { ...held, keys: foreign.keys } });
      if (proof === 'key') await expectNotRenewed(port, sent.text, 'badContextToken', 'context-unknown');
      else await expectNotRenewed(port, sent.text, 'unableToRenew', 'renew-unknown-context');
    });
  });

  describe.each(portNames)('a Renew on %s that an SCT endorses', port => {
    test('is refused without the signature’s key: who has the token alone renews nothing', async () => {
      const [victim, thief] = [await converseWith(node, port), await converseWith(node, port)];
      const { id, token, reference } = victim.keys;
      const signer = { ...thief, keys: { ...thief.keys, id, token, reference } };
      const { sent } = renewRequest(victim, 'key', { signer });
      await expectNotRenewed(port, sent.text, 'failedCheck', 'signature-value');
      expect((await node.post(port, call(victim))).status).toBe(200);
    });

    test('is refused under the conversation alone, as a Cancel is protected', async () => {
      const held = await converseWith(node, port);
      const content = requestOf(held, 'renew', held.token.unattachedReference);
      const message = cancel(held, { action: spoken(held.plan.dialect.requestAction.renew), content });
      // Over TLS the UsernameToken is missing, else the signature by the EncryptedKey.
      const reason = port === 'EchoSymmetric' ? 'signature-count' : 'supporting-token-count';
      await expectNotRenewed(port, message, 'invalidSecurity', reason);
    });
  });

  describe.each(['EchoTls11', 'EchoTls13'] as const)('a Renew on %s that an SCT endorses', port => {
    test('is refused without a UsernameToken, and with two', async () => {
      const { sent } = renewRequest(await converseWith(node, port), 'key');
      const token = /<o:UsernameToken .*<\/o:UsernameToken>/;
      await expectNotRenewed(port, replaced(sent.text, token, ''), 'invalidSecurity', 'supporting-token-count');
      const [found = ''] = token.exec(sent.text) ?? [];
      const second = replaced(found, /u:Id="[^"]+"/, 'u:Id="second"');
      await expectNotRenewed(port, replaced(sent.text, token, found + second), 'invalidSecurity', 'security-count');
    });

    test('is refused without its signature, and with a Timestamp that the signature does not cover', async () => {
      const held = await converseWith(node, port);
      const unsigned = replaced(renewRequest(held, 'key').sent.text, /<ds:Signature .*<\/ds:Signature>/, '');
      await expectNotRenewed(port, unsigned, 'invalidSecurity', 'signature-count');
      const later = new Date(clock.nowMs + 1_000).toISOString();
      const moved = replaced(renewRequest(held, 'key').sent.text, /<u:Created>[^<]+/, `<u:Created>${later}`);
      await expectNotRenewed(port, moved, 'failedCheck', 'digest');
    });

    test('is refused where its token is in the header, and nothing is signed', async () => {
      const held = await converseWith(node, port);
      const bare = renewRequest(held, 'user', { target: held.token.unattachedReference }).sent.text;
      const message = replaced(bare, '</o:UsernameToken>', `</o:UsernameToken>${held.token.token}`);
      await expectNotRenewed(port, message, 'invalidSecurity', 'signature-count');
    });
  });

  describe('a Renew on EchoSymmetric that an SCT endorses', () => {
    const port = 'EchoSymmetric';

    test('is refused where its token is in the header, and does not sign', async () => {
      const held = await converseWith(node, port);
      const bare = renewRequest(held, 'user', { target: held.token.unattachedReference }).sent.text;
      const message = replaced(bare, '<ds:Signature ', `${held.token.token}<ds:Signature `);
      await expectNotRenewed(port, message, 'invalidSecurity', 'signature-count');
    });

    test('is refused without either of its signatures', async () => {
      const held = await converseWith(node, port);
      const { text } = renewRequest(held, 'key').sent;
      const signatures = text.match(/<ds:Signature .*?<\/ds:Signature>/g) ?? [];
      expect(signatures).toHaveLength(2);
      for (const signature of signatures)
        await expectNotRenewed(port, replaced(text, signature, ''), 'invalidSecurity', 'signature-count');
    });
  });

  describe.each(portNames)('by the user alone on %s', port => {
    test('a token with any changed byte renews nothing, in the same bytes as that of another user', async () => {
      const held = await converseWith(node, port);
      const { sent } = renewRequest(held, 'user', { credentials: bob });
      await expectNotRenewed(port, sent.text, unableOn(port), 'renew-user');
      if (state !== 'cookie') return expectNotRenewed(port, unknownTo(held), unableOn(port), 'renew-unknown-context');
      const sealed = Buffer.from(held.state, 'base64');
      for (const at of [0, 2, 10, 34, 66, sealed.length - 1]) {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const target = replaced(held.token.token, held.state, changed.toString('base64'));
        const { sent } = renewRequest(held, 'user', { target });
        await expectNotRenewed(port, sent.text, unableOn(port), 'renew-unknown-context');
      }
    });

    test('nothing is said of a conversation to somebody who is no user', async () => {
      const held = await converseWith(node, port);
      const wrong = { ...bob, password: 'wrong' };
      for (const target of [held.token.token, replaced(held.token.token, held.token.id, unknownId)])
        await expectNotRenewed(
          port,
          renewRequest(held, 'user', { credentials: wrong, target }).sent.text,
          'failedAuthentication',
          'user-or-password',
        );
    });

    test('an Issue that names a target is refused', async () => {
      const held = await converseWith(node, port);
      const { sent } = issueRequest(port, { content: requestOf(held, 'issue', held.token.token) });
      await expectNotRenewed(port, sent.text, invalidOn(port), 'rst-target-unexpected');
    });
  });

  test('no password came into the log', () => {
    expectNoSecrets(node.lines, [user.password, bob.password]);
  });
});
