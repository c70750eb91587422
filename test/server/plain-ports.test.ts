import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { send } from '../../src/message/send.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { hasConversation, type OperationPlan, type Plan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { timestampTtlMs } from '../../src/security/timestamp.ts';
import { type CurrentContext, currentContext } from '../../src/server/current-context.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import { createSts } from '../../src/server/sts.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, type FaultName, loggedReasons } from '../support/faults.ts';
import { echoContent } from '../support/initiator.ts';
import { keptLog, startNode, type TestNode, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

/** Ports that WCF publishes, with a session and without. */
const wsdl = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const plainPorts = [
  'WSHttpBinding_EchoPortType1',
  'WSHttpBinding_EchoPortType3',
  'WS2007HttpBinding_EchoPortType1',
  'WS2007HttpBinding_EchoPortType3',
] as const;
const [port, other] = plainPorts;
const withConversation = 'WSHttpBinding_EchoPortType';
const ports = [...plainPorts, withConversation];
const plans = compilePolicy(wsdl, { ports });
const content = echoContent('hello');
/** Default of the option. */
const clockSkewMs = 60_000;

function planOf(name: string): Plan {
  const plan = plans.find(candidate => candidate.port === name);
  if (plan === undefined) throw new TypeError(`no port ${name}`);
  return plan;
}

function operationOf({ operations }: Plan, name = 'Echo'): OperationPlan {
  const operation = operations.find(candidate => candidate.name === name);
  if (operation === undefined) throw new TypeError(`no operation ${name}`);
  return operation;
}

let seen: CurrentContext[] = [];
let answer: (text: string) => object = text => ({ text });
const operations = {
  Echo({ text }: { text: string }) {
    seen.push(currentContext());
    return answer(text);
  },
  Add: ({ a, b }: { a: number; b: number }) => ({ sum: Number(a) + Number(b) }),
};
const services = { EchoService: Object.fromEntries(ports.map(name => [name, operations])) };

beforeEach(() => {
  seen = [];
  answer = text => ({ text });
});

describe('a port without a conversation', () => {
  let node: ListeningNode;

  beforeAll(async () => {
    node = await listen({
      wsdl: resolve('test/vectors/wsdl/wcf/service.wsdl'),
      services,
      ports: Object.fromEntries(ports.map(name => [name, {}])),
      paths: 'port',
      loginLimits: { failuresPerUserAndAddress: 3 },
    });
  });
  afterAll(() => node.close());

  const open = (name: string, given = user, addressed = name) =>
    openSession({
      plan: planOf(name),
      ...given,
      ca: pem.ca.certificate,
      addresses: [`https://localhost:${node.https}/${addressed}`],
    });
  const say = (session: ReturnType<typeof open>, name: string) =>
    session.call({ operation: operationOf(planOf(name)), body: { declarations: '', content } });

  test.each(plainPorts)('is called as often as one likes, and nothing is opened: %s', async name => {
    const session = open(name);
    for (let n = 0; n < 2; n += 1) expect((await say(session, name)).envelope).toContain('>hello</');
    const context = { id: undefined, openedFrom: undefined, user: 'alice', roles: ['reader'] };
    expect(seen).toEqual([0, 1].map(() => expect.objectContaining({ ...context, authenticatedBy: 'usernameToken' })));
    expect(seen[0]?.requireUser()).toBe('alice');
    expect([session.bootstraps, session.renewals, session.contextId]).toEqual([0, 0, undefined]);
    expect(await session.close()).toBe(false);
  });

  test('counts its calls, and no conversation', async () => {
    const before = node.endpoint.statistics();
    await say(open(port), port);
    const { calls, issued, opened } = node.endpoint.statistics();
    const { issued: issuedBefore, opened: openedBefore } = before;
    expect({ calls, issued, opened }).toEqual({
      calls: before.calls + 1,
      issued: issuedBefore,
      opened: openedBefore,
    });
  });

  test('gives an operation a bearer token for its user', async () => {
    const tokens: string[] = [];
    answer = text => {
      for (const _ of [1, 2]) tokens.push(currentContext().bearerToken({ audience: 'https://orders.example' }));
      return { text };
    };
    await say(open(port), port);
    expect(new Set(tokens).size).toBe(2);
  });

  test('answers what its operation throws as a fault of the service', async () => {
    answer = () => {
      throw { Fault: { Code: { Value: 'Sender' }, Reason: { Text: 'no such order' } } };
    };
    const { envelope, status } = await say(open(port), port);
    expect(envelope).toContain('no such order');
    expect(status).toBe(500);
  });

  test('refuses a wrong password as a bootstrap does, and then the user for a while', async () => {
    const wrong = { ...user, username: 'mallory' };
    for (let n = 0; n < 3; n += 1)
      await expect(say(open(port, wrong), port)).rejects.toMatchObject({
        code: 'FAULT',
        faultSubcode: { local: 'FailedAuthentication' },
        hint: 'see whether user name and password are right',
      });
    await expect(
      openSession({ ...optionsOf(port), ...wrong, timeoutMs: 500 }).call({
        operation: operationOf(planOf(port)),
        body: { declarations: '', content },
      }),
    ).rejects.toMatchObject({ code: 'BUSY' });
    expect(seen).toEqual([]);
  });

  const optionsOf = (name: string) => ({
    plan: planOf(name),
    ca: pem.ca.certificate,
    addresses: [`https://localhost:${node.https}/${name}`],
  });

  test('is not reached without TLS', async () => {
    const address = `http://localhost:${node.http}/${port}`;
    expect(() => openSession({ ...optionsOf(port), ...user, addresses: [address] })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect((await fetch(address, { method: 'POST', body: content })).status).toBe(403);
  });
});

describe('a message at a port without a conversation', () => {
  let node: TestNode;
  const clock = { nowMs: Date.UTC(2026, 4, 1) };

  beforeAll(async () => {
    const ring = createRing({ nowMs: clock.nowMs, random: systemRandom });
    node = await startNode({ ring, clock, services, other: { wsdl, plans } });
  });
  beforeEach(() => {
    node.lines.length = 0;
  });

  interface Written {
    readonly name?: string;
    readonly operation?: string;
    readonly action?: string;
    readonly to?: string;
    readonly nowMs?: number;
    readonly content?: string;
    readonly password?: string;
  }

  /** A call, as our own client writes it. */
  function call({ name = port, operation = 'Echo', nowMs = clock.nowMs, ...change }: Written = {}): string {
    const plan = planOf(name);
    const { request, inputAction } = operationOf(plan, operation);
    const tokens = { username: { ...user, ...(change.password === undefined ? {} : { password: change.password }) } };
    const out = { action: change.action ?? inputAction, to: change.to ?? plan.address, replyToAnonymous: true };
    const body = { declarations: '', content: change.content ?? content };
    const options = { nowMs, random: systemRandom, timestampTtlMs };
    return send(request, { soap: plan.soap, addressing: plan.addressing }, { tokens }, { ...out, body }, options).text;
  }

  const taken = async (text: string, name: string = port) => {
    expect(await node.post(name, text)).toMatchObject({ status: 200 });
    expect(seen).toHaveLength(1);
  };
  const refused = async (text: string, fault: FaultName, reason: string, name: string = port) => {
    expectFault(await node.post(name, text), fault);
    expect(loggedReasons(node.lines)).toEqual([reason]);
    expect(seen).toEqual([]);
  };
  const replaced = (text: string, from: RegExp | string, to: string) => {
    const changed = text.replace(from, to);
    if (changed === text) throw new TypeError(`no ${from}`);
    return changed;
  };
  const timestamp = /<u:Timestamp .*<\/u:Timestamp>/;
  const token = /<o:UsernameToken .*<\/o:UsernameToken>/;
  const stamped = (nonce: string, createdMs = clock.nowMs) =>
    `<o:Nonce>${nonce}</o:Nonce><u:Created>${new Date(createdMs).toISOString()}</u:Created></o:UsernameToken>`;
  const withNonce = (nonce: string, createdMs?: number, change: Written = {}) =>
    replaced(call(change), '</o:UsernameToken>', stamped(nonce, createdMs));

  test('is taken once', async () => {
    const text = call();
    await taken(text);
    seen = [];
    await refused(text, 'invalidSecurity', 'replay');
  });

  test('is taken once by the Nonce of its UsernameToken, whatever else it says', async () => {
    const nonce = randomBytes(16).toString('base64');
    await taken(withNonce(nonce));
    seen = [];
    await refused(withNonce(nonce, undefined, { content: echoContent('again') }), 'invalidSecurity', 'replay');
  });

  test('does not spend a Nonce with a wrong password', async () => {
    const nonce = randomBytes(16).toString('base64');
    const wrong = withNonce(nonce, undefined, { password: 'guessed' });
    await refused(wrong, 'failedAuthentication', 'user-or-password');
    await taken(withNonce(nonce));
  });

  test.each([
    ['older than a Timestamp may be', -timestampTtlMs - clockSkewMs - 1, 'username-token-stale'],
    ['ahead of the clock', clockSkewMs + 1, 'username-token-in-future'],
  ])('whose UsernameToken is %s is refused', async (_law, byMs, reason) => {
    await refused(withNonce('bm9uY2U=', clock.nowMs + byMs), 'messageExpired', reason);
  });

  test.each([-timestampTtlMs - clockSkewMs, clockSkewMs])(
    'whose UsernameToken is just new enough is taken: %i',
    async byMs => {
      await taken(withNonce(randomBytes(16).toString('base64'), clock.nowMs + byMs));
    },
  );

  test('with a digest in the place of the password is refused before any password is checked', async () => {
    const digest = replaced(call(), /#PasswordText/, '#PasswordDigest');
    await refused(digest, 'invalidSecurity', 'password-type');
  });

  test.each<[string, (text: string) => string, FaultName, string]>([
    ['without a Timestamp', text => replaced(text, timestamp, ''), 'invalidSecurity', 'timestamp-count'],
    ['without a UsernameToken', text => replaced(text, token, ''), 'invalidSecurity', 'supporting-token-count'],
    [
      'with two UsernameTokens',
      text => replaced(text, token, `$&${(token.exec(text)?.[0] ?? '').replace(/u:Id="[^"]*"/, 'u:Id="second"')}`),
      'invalidSecurity',
      'security-count',
    ],
    [
      'with a SecurityContextToken beside',
      text =>
        replaced(
          text,
          timestamp,
          '$&<c:SecurityContextToken xmlns:c="http://schemas.xmlsoap.org/ws/2005/02/sc"><c:Identifier>urn:x' +
            '</c:Identifier></c:SecurityContextToken>',
        ),
      'invalidSecurity',
      'token-unexpected',
    ],
    ['with a wrong password', () => call({ password: 'guessed' }), 'failedAuthentication', 'user-or-password'],
    ['for another port', () => call({ to: planOf(other).address }), 'invalidAddressingHeader', 'to-unknown'],
    ['that is too old', () => call({ nowMs: clock.nowMs - 700_000 }), 'messageExpired', 'timestamp-stale'],
    ['of no operation', () => call({ action: 'urn:other' }), 'actionMismatch', 'action-unknown'],
    [
      'with the Action of another operation',
      () => call({ operation: 'Add', content }),
      'actionMismatch',
      'action-body-mismatch',
    ],
    [
      'that asks for a token',
      () => call({ action: planOf(port).dialect.requestAction.issue }),
      'actionMismatch',
      'action-unknown',
    ],
  ])('%s is refused', (_law, change, fault, reason) => refused(change(call()), fault, reason));

  test('that wants no answer has a MessageID or a Nonce, by which its copy is told', async () => {
    const oneWay = plans.map(plan => ({
      ...plan,
      operations: plan.operations.map(operation => ({ ...operation, output: undefined })),
    }));
    const ring = createRing({ nowMs: clock.nowMs, random: systemRandom });
    const other = await startNode({ ring, clock, services, other: { wsdl, plans: oneWay as never } });
    const unnamed = (text: string) => replaced(text, /<(\w+):MessageID.*?<\/\1:MessageID>/, '');
    expectFault(await other.post(port, unnamed(call())), 'addressingHeaderRequired');
    expect(loggedReasons(other.lines)).toEqual(['message-id-missing']);
    expect(seen).toEqual([]);
    const nonce = unnamed(withNonce(randomBytes(16).toString('base64')));
    for (const text of [call(), nonce]) {
      expect(await other.post(port, text)).toMatchObject({ status: 202 });
      expectFault(await other.post(port, text), 'invalidSecurity');
    }
    expect(seen).toHaveLength(2);
  });

  test('does nothing at a port with a conversation', async () => {
    const text = call({ to: planOf(withConversation).address });
    await refused(text, 'invalidSecurity', 'signature-count', withConversation);
  });

  test('says nothing of the password in the log', async () => {
    await node.post(port, call({ password: 'guessed by somebody' }));
    expect(node.lines.join('')).not.toContain('guessed by somebody');
  });
});

describe('with an issuer elsewhere', () => {
  const noConversation = expect.objectContaining({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`port ${port} has no conversation`),
  });
  const file = 'test/vectors/wsdl/wcf/service.wsdl';
  const ring = 'ring.json';

  test('a node refuses a port without a conversation, whose users it does not know', () => {
    const issuer = {
      address: 'https://sts.example',
      ca: pem.ca.certificate,
      certificate: pem.tls.certificate,
      key: pem.tls.key,
    };
    const rest = { ring, addresses: ['https://node.example'], log: keptLog().log };
    expect(() => createEndpoint({ wsdl: file, services, ports: { [port]: {} }, issuer, ...rest } as never)).toThrow(
      noConversation,
    );
  });

  test('an issuer refuses such a port where it is named', () => {
    const rest = { ring, authenticate: async () => undefined, log: keptLog().log };
    expect(() => createSts({ wsdls: [file], ports: { [port]: {} }, ...rest } as never)).toThrow(noConversation);
  });

  test('the plans tell which port has a conversation', () => {
    expect(plans.filter(hasConversation).map(plan => plan.port)).toEqual([withConversation]);
  });
});
