import { describe, expect, test } from 'vitest';
import { checkSigned } from '../../src/message/plan-check.ts';
import { dialects, ns } from '../../src/names.ts';
import { type MessagePlan, type SupportingToken, signersOf } from '../../src/policy/plan.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { scanText } from '../../src/xml/scan.ts';
import type { Element } from '../../src/xml/tree.ts';
import { transportBootstrap } from './plans.ts';

const tree = scanText(
  `<s:Envelope xmlns:s="${ns.soap12}"><s:Header><o:Security xmlns:o="${ns.wsse}">` +
    '<o:BinarySecurityToken>AAAA</o:BinarySecurityToken></o:Security></s:Header><s:Body><x/></s:Body></s:Envelope>',
);
const envelope = readEnvelope(tree);
const [element] = envelope.security?.children ?? [];
if (element === undefined) throw new TypeError('no token');
const { request } = transportBootstrap(dialects['200512']);

function check(supporting: SupportingToken, signed: readonly Element[]): void {
  const plan: MessagePlan = { ...request, supporting: [supporting] };
  const tokens = [{ element: element as Element, id: undefined, kind: supporting.kind, claims: undefined }];
  checkSigned(plan, signersOf(plan), { envelope, signed: new Set(signed), tokens, confirmations: [] });
}

describe.each([
  ['a token that proves', { kind: 'username', signed: true, encrypted: false }, 'supporting-token-not-signed'],
  [
    'a certificate that endorses',
    { kind: 'x509', endorsing: true, signed: true, derivedKeys: false },
    'endorsing-token-not-signed',
  ],
] as const)('%s, and that the policy wants signed,', (_, token, reason) => {
  test('is refused where no signature covers it', () => {
    expect(() => check(token, [])).toThrow(expect.objectContaining({ fault: 'invalidSecurity', reason }));
    expect(() => check(token, [envelope.body])).toThrow(expect.objectContaining({ reason }));
  });

  test('is taken where one does, or where the policy wants none', () => {
    expect(() => check(token, [element])).not.toThrow();
    expect(() => check({ ...token, signed: false }, [])).not.toThrow();
  });
});
