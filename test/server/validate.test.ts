import { beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { expectRefused, loggedReasons } from '../support/faults.ts';
import {
  type Conversation,
  call,
  cancel,
  converseWith,
  readAnswer,
  renew,
  renewals,
  replaced,
  type ValidateChange,
  validateRequest,
} from '../support/initiator.ts';
import { type PortName, startNode, type TestNode, user } from '../support/node.ts';

const ring = createRing({ nowMs: Date.now(), random: systemRandom });
const clock = { nowMs: Date.now() };
const startMs = clock.nowMs;
const bob = { username: 'bob', password: 'hunter2 hunter2' };
const authenticate = async (username: string, password: string) =>
  [user, bob].some(known => known.username === username && known.password === password)
    ? { user: username, roles: [] }
    : undefined;

let node: TestNode;
let other: TestNode;
beforeEach(async () => {
  clock.nowMs = startMs;
  const options = { ring, clock, authenticate, life: { lifetimeMs: 3_600_000 } };
  [node, other] = await Promise.all([startNode(options), startNode(options)]);
});

const trust = {
  EchoTls11: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
  EchoTls13: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
  EchoSymmetric: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
} as const;
const answerAction = (port: PortName) => `${trust[port]}/RSTR/Validate${port === 'EchoTls13' ? 'Final' : ''}`;

/** The whole Body of an answer to a Validate, in every byte. */
const statusText = (port: PortName, status: 'valid' | 'invalid') =>
  `<t:RequestSecurityTokenResponse xmlns:t="${trust[port]}"><t:TokenType>${trust[port]}/RSTR/Status</t:TokenType>` +
  `<t:Status><t:Code>${trust[port]}/status/${status}</t:Code>` +
  `<t:Reason>The security context token is ${status === 'valid' ? '' : 'not '}valid.</t:Reason></t:Status>` +
  '</t:RequestSecurityTokenResponse>';

const of = (port: PortName, name: 'invalidRequest' | 'badContextToken') =>
  port === 'EchoTls13' ? (`${name}200512` as const) : name;

describe.each(renewals)('a Validate on %s, proved by the %s,', (port, proof) => {
  const request = (held: Conversation, change: ValidateChange = {}) =>
    validateRequest(held, proof, { nowMs: clock.nowMs, ...change });
  const begin = () => converseWith(node, port, clock.nowMs);

  async function expectStatus(status: 'valid' | 'invalid', held: Conversation, change: ValidateChange = {}, by = node) {
    const sent = request(held, change);
    const { status: http, body } = await by.post(port, sent.text);
    const { plan } = held;
    const [exchange, keys] =
      proof === 'key'
        ? [plan.cancel, { context: (change.signer ?? held).keys }]
        : [plan.bootstrap, { encryptedKey: sent.encryptedKey }];
    const verified = await readAnswer(body ?? '', exchange, keys, clock.nowMs);
    const { addressing } = verified;
    expect({ http, action: addressing?.action, relatesTo: addressing?.relatesTo }).toEqual({
      http: 200,
      action: answerAction(port),
      relatesTo: sent.messageId,
    });
    expect(verified.content && canonicalize(verified.content)).toBe(statusText(port, status));
  }

  async function expectFaulted(
    message: string,
    name: Parameters<typeof of>[1] | 'failedAuthentication',
    reason: string,
  ) {
    await expectRefused(node, port, message, name === 'failedAuthentication' ? name : of(port, name));
    expect(loggedReasons(node.lines).at(-1)).toBe(reason);
  }

  test('says valid of a conversation that can be called in, on every node, and leaves it as it is', async () => {
    const held = await begin();
    for (const by of [node, other]) await expectStatus('valid', held, {}, by);
    await expectStatus('valid', held, { tokenType: undefined });
    await expectStatus('valid', await renew(node, held, proof, { nowMs: clock.nowMs }));
    expect((await node.post(port, call(held, { nowMs: clock.nowMs }))).status).toBe(200);
  });

  test('says invalid of one whose Instance has expired, which can still be renewed', async () => {
    const held = await begin();
    clock.nowMs += 3_600_001;
    await expectStatus('invalid', held);
    await expectStatus('valid', await renew(node, held, proof, { nowMs: clock.nowMs }));
  });

  test('of a conversation that was cancelled gives no more away than of one that never was', async () => {
    const held = await begin();
    expect((await node.post(port, cancel(held, { nowMs: clock.nowMs }))).status).toBe(200);
    if (proof === 'user') await expectStatus('invalid', held);
    else await expectFaulted(request(held).text, 'badContextToken', 'context-unknown');
  });

  test('asks for nothing but the status: a token is not given for one that is shown', async () => {
    const held = await begin();
    const { sct } = held.plan.dialect;
    for (const tokenType of [sct, `${trust[port]}/RSTR/status`, ''])
      await expectFaulted(request(held, { tokenType }).text, 'invalidRequest', 'rst-token-type');
  });

  test.each<[string, ValidateChange, string]>([
    ['no target', { target: '' }, 'rst-target-missing'],
    ['two targets in one', { target: '<a/><b/>' }, 'rst-target-second'],
    ['a target that is no token', { target: '<a/>' }, 'rst-target'],
    ['a CancelTarget beside it', { more: '<t:CancelTarget></t:CancelTarget>' }, 'rst-target-unexpected'],
    ['a RenewTarget beside it', { more: '<t:RenewTarget></t:RenewTarget>' }, 'rst-target-unexpected'],
    [
      'a ValidateTarget of another WS-Trust beside it',
      { more: '<x:ValidateTarget xmlns:x="urn:x"></x:ValidateTarget>' },
      'rst-target-unexpected',
    ],
    ['a second ValidateTarget', { more: '<t:ValidateTarget></t:ValidateTarget>' }, 'rst-duplicate-child'],
    ['text between its children', { more: 'x' }, 'rst-text'],
    ['a KeySize that is none', { more: '<t:KeySize>-1</t:KeySize>' }, 'rst-key-size'],
  ])('with %s is InvalidRequest', async (_law, change, reason) => {
    await expectFaulted(request(await begin(), change).text, 'invalidRequest', reason);
  });

  test('whose Body is an Issue, a Renew or a Cancel is InvalidRequest', async () => {
    const held = await begin();
    const { requestType } = held.plan.dialect;
    for (const type of ['issue', 'renew', 'cancel'] as const) {
      const content =
        `<t:RequestSecurityToken xmlns:t="${trust[port]}"><t:RequestType>${requestType[type]}</t:RequestType>` +
        '</t:RequestSecurityToken>';
      await expectFaulted(request(held, { content }).text, 'invalidRequest', 'rst-request-type');
    }
  });

  test('is answered once: its copy is a replay', async () => {
    const message = request(await begin()).text;
    expect((await node.post(port, message)).status).toBe(200);
    await expectRefused(node, port, message, 'invalidSecurity');
    expect(loggedReasons(node.lines).at(-1)).toBe('replay');
  });

  if (proof === 'key') {
    test('says nothing of a conversation that did not sign it', async () => {
      const [held, another] = [await begin(), await begin()];
      for (const target of [another.token.unattachedReference, another.token.token])
        await expectFaulted(request(held, { target }).text, 'invalidRequest', 'validate-target');
    });

    test('says nothing of another Instance than the one that signed it', async () => {
      const first = await begin();
      const second = await renew(node, first, proof, { nowMs: clock.nowMs });
      const target = second.token.unattachedReference;
      await expectFaulted(request(first, { target }).text, 'invalidRequest', 'validate-target');
    });
  } else {
    test('says the same of another user’s conversation as of none', async () => {
      await expectStatus('invalid', await begin(), { credentials: bob });
    });

    test('says invalid of a token with another state, another name, or none', async () => {
      const [held, another] = [await begin(), await begin()];
      const { token } = held.token;
      for (const target of [
        replaced(token, held.state, another.state),
        replaced(token, held.state, ''),
        replaced(token, held.token.id, 'urn:x'),
        replaced(token, /<k:State.*<\/k:State>/, ''),
        held.token.unattachedReference,
      ])
        await expectStatus('invalid', held, { target });
    });

    test('says invalid of a token of another port', async () => {
      const elsewhere = port === 'EchoSymmetric' ? 'EchoTls11' : 'EchoSymmetric';
      const held = await begin();
      const { token } = (await converseWith(node, elsewhere, clock.nowMs)).token;
      if (port !== 'EchoTls13') await expectStatus('invalid', held, { target: token });
      else await expectFaulted(request(held, { target: token }).text, 'invalidRequest', 'rst-target');
    });

    test('opens no State for whoever is no user, and the log does not say whether it would have', async () => {
      const held = await begin();
      const credentials = { ...user, password: 'wrong' };
      for (const target of [held.token.token, replaced(held.token.token, held.state, '')])
        await expectFaulted(request(held, { credentials, target }).text, 'failedAuthentication', 'user-or-password');
    });
  }
});
