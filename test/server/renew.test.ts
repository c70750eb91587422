import { beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { ns, sessionFaultAction } from '../../src/names.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { answerMessage } from '../../src/server/pipeline.ts';
import type { ServedPort } from '../../src/server/port.ts';
import { readFault } from '../../src/soap/fault-shape.ts';
import { expectFault, expectRefused, loggedReasons } from '../support/faults.ts';
import {
  type Change,
  type Conversation,
  call,
  cancel,
  converseWith,
  type RenewChange,
  readAnswer,
  renew,
  renewals,
  renewRequest,
} from '../support/initiator.ts';
import { type ModeOfFarm, modesOfFarms } from '../support/modes.ts';
import { caller, type NodeOptions, type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';

const ring = createRing({ nowMs: Date.now(), random: systemRandom });
const clock = { nowMs: Date.now() };
const startMs = clock.nowMs;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const life = { lifetimeMs: hourMs, absoluteLifetimeMs: 10 * hourMs, maxRenewals: 12 };
const bob = { username: 'bob', password: 'hunter2 hunter2' };
/** Roles grow with each login. */
let logins = 0;
const authenticate = async (username: string, password: string) => {
  if (![user, bob].some(known => known.username === username && known.password === password)) return undefined;
  logins += 1;
  return { user: username, roles: [`login ${logins}`] };
};

let node: TestNode;
/** Another node of the farm; where conversations stay at their node it is the same. */
let other: TestNode;
let nodeOptions: NodeOptions;

/** Nodes of their own for each test: their clocks are never set back. */
async function startNodes({ state, shared, isPinned }: ModeOfFarm): Promise<void> {
  clock.nowMs = startMs;
  nodeOptions = { ring, clock, authenticate, life, idleMs: 24 * hourMs, state, ...shared(() => clock.nowMs) };
  node = await startNode(nodeOptions);
  other = isPinned ? node : await startNode(nodeOptions);
}

const of = (port: PortName, name: 'unableToRenew' | 'badContextToken' | 'invalidRequest') =>
  port === 'EchoTls13' ? (`${name}200512` as const) : name;
function portOf(name: PortName): ServedPort {
  const port = node.ports.get(name);
  if (port === undefined) throw new TypeError(`no port ${name}`);
  return port;
}

const at = (change: Change = {}): Change & { nowMs: number } => ({ nowMs: clock.nowMs, ...change });

async function expectServed(by: TestNode, conversation: Conversation): Promise<void> {
  const { status } = await by.post(conversation.port, call(conversation, at()));
  expect({ status, reasons: loggedReasons(by.lines).slice(-1) }).toMatchObject({ status: 200 });
}

/** Asserts that a call is not done, and that the answer says so under the conversation's own protection. */
async function expectRenewNeeded(by: TestNode, conversation: Conversation): Promise<void> {
  const { plan, keys, port } = conversation;
  const calls = by.calls.length;
  const { status, body } = await by.post(port, call(conversation, at()));
  const [operation] = plan.operations;
  if (operation === undefined) throw new TypeError('no operation');
  const verified = await readAnswer(body ?? '', operation, { context: keys }, clock.nowMs);
  expect(status).toBe(500);
  expect(verified.addressing?.action).toBe(sessionFaultAction);
  expect(verified.content && readFault(verified.content)).toMatchObject({
    code: { local: 'Sender' },
    subcode: { namespace: plan.dialect.wsc, local: 'RenewNeeded' },
  });
  expect(by.calls.length).toBe(calls);
  expect(loggedReasons(by.lines).at(-1)).toBe('context-expired');
}

/** Asserts that a Renew is refused, in bytes that say no more than its class, and that the log knows why. */
async function expectNotRenewed(
  by: TestNode,
  message: string,
  port: PortName,
  reason: string,
  name: Parameters<typeof of>[1] = 'unableToRenew',
): Promise<void> {
  const before = by.statistics().renewed;
  await expectRefused(by, port, message, of(port, name));
  expect(loggedReasons(by.lines).at(-1)).toBe(reason);
  expect(by.statistics().renewed).toBe(before);
}

const renewalsInModes = modesOfFarms.flatMap(mode => renewals.map(([port, proof]) => ({ ...mode, port, proof })));

describe.each(renewalsInModes)(
  'with state $state, a conversation on $port, renewed by the $proof of its user,',
  ({ port, proof, ...mode }) => {
    beforeEach(() => startNodes(mode));
    const begin = (by = node) => converseWith(by, port, clock.nowMs);
    const renewed = (conversation: Conversation, change: RenewChange = {}, by = node) =>
      renew(by, conversation, proof, at(change));
    const request = (conversation: Conversation, change: RenewChange = {}) =>
      renewRequest(conversation, proof, at(change)).sent.text;

    test('has its Identifier, a new Instance, a new key and a new state, and goes on on every node', async () => {
      const first = await begin();
      const second = await renewed(first, {}, other);
      expect(second.token.id).toBe(first.token.id);
      expect(first.token.instance).toBeUndefined();
      expect(second.token.instance).toMatch(/^urn:uuid:/);
      expect(second.token.unattachedReference).toContain(`c:Instance="${second.token.instance}"`);
      expect(secretBytes(second.token.secret)).not.toEqual(secretBytes(first.token.secret));
      if (mode.state === 'cookie') expect(second.state).not.toBe(first.state);
      else expect([first.state, second.state]).toEqual(['', '']);
      for (const by of [node, other]) await expectServed(by, second);
    });

    test('is renewed ten times in a row, each at another node', async () => {
      let held = await begin();
      const seen = new Set([held.token.instance]);
      for (let turn = 0; turn < 10; turn += 1) {
        clock.nowMs += 50 * minuteMs;
        held = await renewed(held, {}, turn % 2 === 0 ? other : node);
        await expectServed(turn % 2 === 0 ? node : other, held);
        seen.add(held.token.instance);
      }
      expect(seen.size).toBe(11);
    });

    test('is renewed after its Instance has expired, and until then a call is told that it must be', async () => {
      const held = await begin(other);
      clock.nowMs += 3 * hourMs;
      for (const by of [node, other]) await expectRenewNeeded(by, held);
      await expectServed(node, await renewed(held));
    });

    test('ends for good where no renewal passes, and its last Instance ends with it', async () => {
      const first = await begin();
      clock.nowMs += 9.5 * hourMs;
      const last = await renewed(first);
      expect(last.token.expiresMs).toBe(startMs + 10 * hourMs);
      clock.nowMs = startMs + 10 * hourMs - 1;
      await expectServed(other, last);
      clock.nowMs += 1;
      for (const by of [node, other]) {
        await expectRefused(by, port, call(last, at()), of(port, 'badContextToken'));
        const reason = proof === 'key' ? 'context-unknown' : 'renew-unknown-context';
        await expectNotRenewed(by, request(last), port, reason, proof === 'key' ? 'badContextToken' : 'unableToRenew');
      }
    });

    test('is renewed as often as the port lets it, and no oftener', async () => {
      const few = await startNode({ ...nodeOptions, life: { ...life, maxRenewals: 2 } });
      const second = await renewed(await renewed(await begin(few), {}, few), {}, few);
      await expectNotRenewed(few, request(second), port, 'renew-count');
      await expectServed(few, second);
    });

    test('has the roles that its user has by then', async () => {
      const roles: (readonly string[])[] = [];
      const asking = await startNode({
        ...nodeOptions,
        services: {
          EchoService: Object.fromEntries(
            portNames.map(name => [
              name,
              {
                Echo: (args: { text: string }) => {
                  roles.push(currentContext().roles);
                  return args;
                },
              },
            ]),
          ),
        },
      });
      const first = await begin(asking);
      await expectServed(asking, first);
      await expectServed(asking, await renewed(first, {}, asking));
      const [before = [], after = []] = roles;
      expect([before, after]).toEqual([[`login ${logins - 1}`], [`login ${logins}`]]);
    });

    test('is granted the Lifetime that is asked for, within what the port grants', async () => {
      const first = await begin();
      const granted = async (expires: string) => {
        const times = `<u:Created>2020-01-01T00:00:00Z</u:Created><u:Expires>2020-01-01T${expires}Z</u:Expires>`;
        const more = `<t:Lifetime xmlns:u="${ns.wsu}">${times}</t:Lifetime>`;
        const { createdMs = 0, expiresMs = 0 } = (await renewed(first, { more })).token;
        return expiresMs - createdMs;
      };
      expect(await granted('00:05:00')).toBe(5 * minuteMs);
      expect(await granted('00:00:01')).toBe(minuteMs);
      expect(await granted('05:00:00')).toBe(hourMs);
    });

    test('is not renewed by another user, nor without the right password', async () => {
      const held = await begin();
      await expectNotRenewed(node, request(held, { credentials: bob }), port, 'renew-user');
      await expectRefused(
        node,
        port,
        request(held, { credentials: { ...user, password: 'wrong' } }),
        'failedAuthentication',
      );
      await expectServed(node, held);
    });

    test('is not renewed from an older Instance once the new one was used, but served in it for 5 min', async () => {
      const first = await begin();
      const [lost, second] = [await renewed(first), await renewed(first)];
      for (const instance of [lost, second, first]) await expectServed(node, instance);
      await expectNotRenewed(node, request(first), port, 'renew-older-instance');
      clock.nowMs += 5 * minuteMs;
      await expectRefused(node, port, call(first, at()), of(port, 'badContextToken'));
      await expectServed(node, second);
    });

    test('is not renewed after its Cancel, nor does a Renew that was under way bring it back', async () => {
      const held = await begin();
      expect((await node.post(port, cancel(held, at()))).status).toBe(200);
      const gone = proof === 'key' ? 'badContextToken' : 'unableToRenew';
      await expectNotRenewed(
        node,
        request(held),
        port,
        proof === 'key' ? 'context-unknown' : 'renew-unknown-context',
        gone,
      );

      const raced = await begin();
      const message = request(raced);
      const served = portOf(port);
      const slow: ServedPort = {
        ...served,
        state: {
          ...served.state,
          replace: async (previous, context, binding, nowMs) => {
            await node.post(port, cancel(raced, at()));
            return served.state.replace(previous, context, binding, nowMs);
          },
        },
      };
      const answered = await answerMessage(Buffer.from(message), undefined, slow, caller);
      expectFault(answered ?? { status: 0, body: undefined }, of(port, 'unableToRenew'));
      expect(loggedReasons(node.lines).at(-1)).toBe('renew-cancelled');
    });

    test('is not renewed where the policy says MustNotSendRenew', async () => {
      const held = await begin();
      const served = portOf(port);
      const forbidden = { ...served, plan: { ...served.plan, mayRenew: false } };
      const answered = await answerMessage(Buffer.from(request(held)), undefined, forbidden, caller);
      expectFault(answered ?? { status: 0, body: undefined }, of(port, 'unableToRenew'));
      expect(loggedReasons(node.lines).at(-1)).toBe('renew-not-offered');
    });

    test('is lost with its Instance where the policy says MustNotSendRenew, but can be cancelled', async () => {
      const held = await begin();
      const served = portOf(port);
      const forbidden = { ...served, plan: { ...served.plan, mayRenew: false } };
      clock.nowMs += 3 * hourMs;
      const message = call(held, at());
      const answered = await answerMessage(Buffer.from(message), undefined, forbidden, caller);
      expectFault(answered ?? { status: 0, body: undefined }, of(port, 'badContextToken'));
      expect(loggedReasons(node.lines).at(-1)).toBe('context-expired');
      expect((await node.post(port, cancel(held, at()))).status).toBe(200);
      await expectRefused(node, port, call(held, at()), of(port, 'badContextToken'));
    });

    test('is renewed once by one message: its copy is a replay', async () => {
      const message = request(await begin());
      expect((await node.post(port, message)).status).toBe(200);
      await expectRefused(node, port, message, 'invalidSecurity');
      expect(loggedReasons(node.lines).at(-1)).toBe('replay');
    });

    test('is not renewed for a caller who went away while the password was checked', async () => {
      const held = await begin();
      const served = portOf(port);
      const gone = new AbortController();
      const leaving: ServedPort = {
        ...served,
        parts: {
          ...served.parts,
          authenticate: async (...given) => {
            gone.abort();
            return served.parts.authenticate(...given);
          },
        },
      };
      const before = node.statistics().renewed;
      const answered = answerMessage(Buffer.from(request(held)), undefined, leaving, {
        ...caller,
        signal: gone.signal,
      });
      expect(await answered).toBeUndefined();
      expect(node.statistics().renewed).toBe(before);
    });

    test('is renewed no oftener than its user may begin conversations', async () => {
      const served = portOf(port);
      const busy: ServedPort = { ...served, parts: { ...served.parts, mayIssue: () => false } };
      const answered = await answerMessage(Buffer.from(request(await begin())), undefined, busy, caller);
      expectFault(answered ?? { status: 0, body: undefined }, 'busy');
    });
  },
);
