import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { type Suite, suiteNamed } from '../../src/crypto/suites.ts';
import { alternativesOf } from '../../src/policy/compile.ts';
import type { ConversationPlan, MessagePlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { type CurrentContext, currentContext } from '../../src/server/current-context.ts';
import { echoText } from '../policy/echo-variant.ts';
import { eitherSuite, eitherSuitePort, eitherToken, eitherTokenPort } from '../support/alternatives.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { echoContent } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { inConversation } from '../support/plans.ts';

const folder = mkdtempSync(join(tmpdir(), 'alternatives-'));
const wsdl = join(folder, 'either.wsdl');
writeFileSync(wsdl, echoText(eitherToken, eitherSuite));
const read = readWsdl(wsdl);
const ports = { [eitherTokenPort]: {}, [eitherSuitePort]: {} };

const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });

const plansOf = (port: string) => alternativesOf(read, port).plans.map(inConversation);
const [byCertificate, byName] = plansOf(eitherTokenPort) as [ConversationPlan, ConversationPlan];
const [short, long] = plansOf(eitherSuitePort) as [ConversationPlan, ConversationPlan];

let seen: CurrentContext[] = [];
const operations = {
  Echo({ text }: { text: string }) {
    seen.push(currentContext());
    return { text };
  },
  Add: () => ({ sum: 0 }),
};
const services = { EchoService: { [eitherTokenPort]: operations, [eitherSuitePort]: operations } };

let node: ListeningNode;
beforeAll(async () => {
  node = await listen({ wsdl, ports, services, trust: authority.pem });
});
beforeEach(() => {
  seen = [];
  node.lines.length = 0;
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

/** A client that speaks one alternative, or what a test makes of it. */
function open(plan: ConversationPlan, exchanges: WireExchange[] = [], at = node) {
  const session = openSession({
    plan,
    ...user,
    certificate: alice.pem,
    key: alice.key,
    serviceCertificate: pem.service.certificate,
    ca: pem.ca.certificate,
    addresses: [at.address(plan.port)],
    trace: exchange => void exchanges.push(exchange),
  });
  const echo = plan.operations.find(({ name }) => name === 'Echo');
  if (echo === undefined) throw new TypeError('no operation Echo');
  return {
    say: () => session.call({ operation: echo, body: { declarations: '', content: echoContent('hello') } }),
    close: () => session.close(),
  };
}

/** A plan whose bootstrap asks otherwise. */
function begunBy(plan: ConversationPlan, change: Partial<MessagePlan>): ConversationPlan {
  const { request, response } = plan.bootstrap;
  return { ...plan, bootstrap: { request: { ...request, ...change }, response } };
}

/** A plan whose calls are of another one. */
function calledBy(plan: ConversationPlan, { operations: of }: ConversationPlan): ConversationPlan {
  return { ...plan, operations: of };
}

describe('a port with several alternatives', () => {
  test.each([
    ['a certificate', byCertificate, 'x509', 'CN=alice'],
    ['a user name', byName, 'usernameToken', 'alice'],
    ['the first suite', short, 'usernameToken', 'alice'],
    ['the second suite', long, 'usernameToken', 'alice'],
  ] as const)('serves who takes %s, and ends what was begun', async (_, plan, authenticatedBy, who) => {
    const client = open(plan);
    for (let n = 0; n < 2; n += 1) expect((await client.say()).envelope).toContain('>hello</');
    await client.close();
    expect(seen.map(context => [context.authenticatedBy, context.user])).toEqual([
      [authenticatedBy, who],
      [authenticatedBy, who],
    ]);
    expect(loggedReasons(node.lines)).toEqual([]);
  });

  test('answers under the alternative of the request', async () => {
    for (const { plan, length } of [
      { plan: short, length: 128 },
      { plan: long, length: 256 },
    ]) {
      const exchanges: WireExchange[] = [];
      await open(plan, exchanges).say();
      expect(exchanges).toHaveLength(2);
      for (const { response } of exchanges) expect(response).toContain(`xmlenc#aes${length}-cbc"`);
    }
  });

  test('publishes all of them, and counts each operation once', async () => {
    const published = await (await fetch(`http://localhost:${node.http}/?wsdl`)).text();
    for (const token of ['X509Token', 'UsernameToken', 'Basic128', 'Basic256'])
      expect(published).toContain(`<sp:${token}`);
    const counted = node.endpoint.statistics().operations.map(({ port, operation }) => `${port} ${operation}`);
    expect(new Set(counted).size).toBe(counted.length);
    expect(node.endpoint.plans.map(({ port }) => port)).toEqual([eitherTokenPort, eitherSuitePort]);
  });
});

test('an alternative that the server was not given enough for is left out, and its log says which', async () => {
  const without = await listen({ wsdl, ports, services });
  try {
    const lines = without.lines.map(line => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'alternative of a policy not served',
        port: eitherTokenPort,
        problem: expect.stringContaining('asks for certificates of its clients; give trust'),
      }),
    );
    expect((await open(byName, [], without).say()).envelope).toContain('>hello</');
    await expect(open(byCertificate, [], without).say()).rejects.toThrow();
    expect(loggedReasons(without.lines)).toEqual(['signature-count']);
  } finally {
    await without.close();
  }
});

const { supporting } = byName.bootstrap.request;
const [basic192, basic256, basic256Sha256] = ['Basic192', 'Basic256', 'Basic256Sha256'].map(suiteNamed) as Suite[];
/** It has the digests of another suite. */
const mixedSuite = { ...basic256, digest: basic256Sha256?.digest } as Suite;

describe('a message that mixes alternatives is refused as any that is insecure', () => {
  test.each([
    [
      'both tokens',
      begunBy(byCertificate, { supporting: [...byCertificate.bootstrap.request.supporting, ...supporting] }),
    ],
    ['neither token', begunBy(byName, { supporting: [] })],
    ['a suite that none has', begunBy(long, { suite: basic192 as Suite })],
    ['digests that are of no suite with its ciphers', begunBy(long, { suite: mixedSuite })],
  ])('with %s', async (_, plan) => {
    await expect(open(plan).say()).rejects.toThrow();
    expect(loggedReasons(node.lines)).toEqual(['alternative-none']);
    expect(seen).toEqual([]);
  });

  test('where its form is of one, and it does not satisfy that one in whole', async () => {
    await expect(open(begunBy(short, { signed: { body: true, headers: [] } })).say()).rejects.toThrow();
    expect(loggedReasons(node.lines)).toEqual(['header-not-signed']);
  });
});

describe('a conversation is used under the alternative that it was begun under', () => {
  test.each([
    ['of the second suite under the first', calledBy(long, short)],
    ['of the first suite under the second', calledBy(short, long)],
  ])('one %s is unknown', async (_, plan) => {
    await expect(open(plan).say()).rejects.toThrow();
    expect(loggedReasons(node.lines)).toContain('context-unknown');
    expect(seen).toEqual([]);
  });
});
