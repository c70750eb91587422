import { expect, test } from 'vitest';
import { explain } from '../../src/policy/explain.ts';
import { hasConversation, type MessagePlan, type Plan } from '../../src/policy/plan.ts';
import { withDialect, withToldDialects } from '../../src/policy/told-dialect.ts';
import { plans } from '../support/node.ts';

const told = plans.map(plan => withDialect(plan, '2004-04'));

function messagesOf(plan: Plan): MessagePlan[] {
  const exchanges = hasConversation(plan)
    ? [...plan.operations, plan.bootstrap, plan.renew, plan.cancel]
    : plan.operations;
  return exchanges.flatMap(({ request, response }) => [request, response]);
}

test('a port that is told of a dialect speaks it in each message, with its WS-Addressing', () => {
  for (const plan of told) {
    expect([plan.dialect.name, plan.addressing?.name]).toEqual(['2004-04', '2004/03']);
    expect(plan).toMatchObject({ trustAddressing: { name: '2004/03' }, mayCancel: false, mayRenew: false });
    expect(new Set(messagesOf(plan).map(({ dialect }) => dialect.name))).toEqual(new Set(['2004-04']));
  }
});

test('what its policy has signed stays signed, under the names of that version, each once', () => {
  plans.forEach((plan, index) => {
    const before = messagesOf(plan);
    messagesOf(told[index] ?? plan).forEach((message, at) => {
      const locals = (of: MessagePlan | undefined) => new Set(of?.signed.headers.map(({ local }) => local));
      expect(locals(message)).toEqual(locals(before[at]));
      const names = message.signed.headers.map(({ namespace, local }) => `${namespace} ${local}`);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^http:\/\/schemas\.xmlsoap\.org\/ws\/2004\/03\/addressing /);
    });
  });
});

test('audience, keys, suite and what its policy asks of each message stay the same', () => {
  plans.forEach((plan, index) => {
    expect(told[index]).toMatchObject({ audience: plan.audience, suite: plan.suite, transport: plan.transport });
    const shapeOf = ({ protection, timestamp, layout }: MessagePlan) => ({ protection, timestamp, layout });
    expect(messagesOf(told[index] ?? plan).map(shapeOf)).toEqual(messagesOf(plan).map(shapeOf));
  });
});

test('it is explained', () => {
  expect(told.map(plan => explain(plan).match(/ {2}(?:versions|like|client may) .*/g))).toEqual(
    told.map(() => [
      '  versions   SOAP 1.2, WS-Addressing 2004/03, dialect 2004-04',
      '  like       none',
      '  client may neither cancel nor renew',
    ]),
  );
});

test('one that is told nothing keeps its plan', () => {
  for (const plan of plans) expect(withToldDialects(plan, {})).toBe(plan);
});

test('it is mixed with no other, and a port without a conversation speaks none', () => {
  const refused = (says: string) =>
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(says) });
  for (const { bootstrap, ...plan } of plans.filter(hasConversation)) {
    const both = { dialect: '2004-04', acceptMixedDialects: true } as const;
    expect(() => withToldDialects({ ...plan, bootstrap }, both)).toThrow(refused('is mixed with no other'));
    expect(() => withDialect(plan, '2004-04')).toThrow(refused('has no conversation'));
  }
});
