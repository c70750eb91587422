import { describe, expect, test } from 'vitest';
import { alternativesOf, planOf } from '../../src/policy/compile.ts';
import { explain } from '../../src/policy/explain.ts';
import { explainedAlternatives } from '../../src/policy/explain-data.ts';
import { withMixedDialects } from '../../src/policy/mixed-dialect.ts';
import { hasConversation, type Plan } from '../../src/policy/plan.ts';
import { stockShapeOf } from '../../src/policy/stock-shape.ts';
import { weaknessesOf } from '../../src/policy/weaknesses.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';

/** Ports that WCF publishes. */
const wcf = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const own = readWsdl('wsdl/plain.wsdl');
const noConversation = { entropy: null, mayCancel: null, mayRenew: null, trustAddressing: null };

describe('a policy without a SecureConversationToken', () => {
  const plan = planOf(wcf, 'WSHttpBinding_EchoPortType3');

  test('has each request prove who sends it, and no conversation', () => {
    expect(hasConversation(plan)).toBe(false);
    expect(plan.operations.map(({ request, response }) => [request.supporting, response.supporting])).toEqual(
      plan.operations.map(() => [[{ kind: 'username', signed: false, encrypted: false }], []]),
    );
    expect(plan.operations[0]?.request).toMatchObject({ protection: { kind: 'transport' }, timestamp: true });
    expect(plan).not.toHaveProperty('cancel');
  });

  test('is told in words and as data', () => {
    expect(explain(plan)).toContain('\n  session    none: each call stands by itself\n');
    expect(explain(plan)).not.toMatch(/bootstrap|cancel|entropy|client may/);
    const { alternatives } = explainedAlternatives(alternativesOf(wcf, plan.port));
    expect(alternatives).toEqual([
      expect.objectContaining({ ...noConversation, bootstrap: null, renew: null, cancel: null }),
    ]);
  });

  test('may be of messages of mixed dialects', () => {
    expect(withMixedDialects(plan)).toEqual({
      ...plan,
      operations: plan.operations.map(({ request, response, ...rest }) => ({
        ...rest,
        request: { ...request, mixedWith: expect.objectContaining({ name: '200512' }) },
        response: { ...response, mixedWith: expect.objectContaining({ name: '200512' }) },
      })),
    });
  });

  test.each<[string, Plan, string, readonly string[]]>([
    ['of WSHttpBinding', plan, "WCF's WSHttpBinding without a secure session", []],
    [
      'of WS2007HttpBinding',
      planOf(wcf, 'WS2007HttpBinding_EchoPortType1'),
      "WCF's WS2007HttpBinding without a secure session",
      [],
    ],
    ['in SOAP 1.1', { ...plan, soap: { ...plan.soap, name: '1.1' } }, "WCF's BasicHttpBinding", ['WS-Addressing 1.0']],
    [
      'without addressing',
      { ...planOf(own, 'PasswordTls'), addressing: undefined },
      "WCF's WS2007HttpBinding without a secure session",
      ['no WS-Addressing'],
    ],
  ])('is like one %s', (_what, like, name, except) => {
    expect(stockShapeOf(like)).toEqual({ name: `${name}, TransportWithMessageCredential, UserName`, except });
  });

  test('may have a certificate sign in the place of a password', () => {
    const signed = planOf(wcf, 'WS2007HttpBinding_EchoPortType7');
    const name = "WCF's WS2007HttpBinding without a secure session, TransportWithMessageCredential, Certificate";
    expect(stockShapeOf(signed)).toEqual({ name, except: [] });
    expect(signed.operations[0]?.request).toMatchObject({
      supporting: [{ kind: 'x509', endorsing: true }],
      signed: { headers: [{ local: 'To' }] },
    });
    expect(weaknessesOf(signed)).toEqual([]);
  });

  test('is weak where a copy of a call can’t be told from it, and where nobody says who they are', () => {
    expect(weaknessesOf(plan)).toEqual([]);
    expect(weaknessesOf({ ...plan, addressing: undefined })).toEqual([expect.stringContaining('a copy of a call')]);
    const anonymous = plan.operations.map(operation => ({
      ...operation,
      request: { ...operation.request, supporting: [] },
    }));
    expect(weaknessesOf({ ...plan, operations: anonymous })).toEqual([expect.stringContaining('anonymous')]);
  });
});
