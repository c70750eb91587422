import { describe, expect, test } from 'vitest';
import { ns } from '../../src/names.ts';
import { explain } from '../../src/policy/explain.ts';
import { planOf } from '../support/plans.ts';
import { echoVariant } from './echo-variant.ts';
import { changeOf, expectRefusal, type Row, sp11, sp12 } from './refusal.ts';

const address = 'https://sts.example:9446/EchoTls13';
const reference = (text: string, namespace: string = ns.wsa10) =>
  `<a:Address xmlns:a="${namespace}">${text}</a:Address>`;
const issuer = (content: string) => `<sp:Issuer>${content}</sp:Issuer>`;

/** The policy of a port whose SecureConversationToken begins with this. */
const beginningWith = (text: string, port: Row['port'] = 'EchoTls13') => ({
  port,
  from: /(?<=<sp:SecureConversationToken [^>]*>)/,
  to: text,
});
const issuerOf = (text: string, port: Row['port'] = 'EchoTls13') =>
  planOf(echoVariant(changeOf({ ...beginningWith(text, port), at: '', says: '' })), port).issuer;

describe('the Issuer of a SecureConversationToken', () => {
  test.each([
    ['EchoTls11', ns.wsa10],
    ['EchoTls13', ns.wsa10],
    ['EchoTls13', ns.wsa200408],
    ['EchoSymmetric', ns.wsa10],
  ] as const)('is the address that a plan of %s names (%s)', (port, namespace) => {
    expect(issuerOf(issuer(reference(` ${address}\n`, namespace)), port)).toBe(address);
  });

  test('may be at a plain address where the port is', () => {
    expect(issuerOf(issuer(reference('http://localhost:1/x')), 'EchoSymmetric')).toBe('http://localhost:1/x');
  });

  test('is none where the policy has none', () => {
    expect(issuerOf('<!-- none -->')).toBeUndefined();
  });

  test('is explained', () => {
    const change = changeOf({ ...beginningWith(issuer(reference(address))), at: '', says: '' });
    expect(explain(planOf(echoVariant(change), 'EchoTls13'))).toContain(`\n  issuer     ${address}\n`);
  });

  const wsa = `{${ns.wsa10}}`;
  test.each<[string, string, RegExp | string, string]>([
    [
      'is named otherwise',
      '<sp:IssuerName>x</sp:IssuerName>',
      '<sp:IssuerName>',
      `${sp12}IssuerName is not implemented`,
    ],
    [
      'stands twice',
      issuer(reference(address)) + issuer(reference(address)),
      '<sp:Issuer>',
      `${sp12}Issuer beside an Issuer is not implemented`,
    ],
    [
      'has parameters',
      issuer(`${reference(address)}<a:ReferenceParameters xmlns:a="${ns.wsa10}"/>`),
      '<a:ReferenceParameters',
      `${wsa}ReferenceParameters in an Issuer is not implemented`,
    ],
    [
      'has an address of another namespace',
      issuer('<Address xmlns="urn:x"/>'),
      '<Address',
      '{urn:x}Address in an Issuer is not implemented',
    ],
  ])('that %s is refused by its name', (_, text, at, says) => {
    expectRefusal('POLICY_UNSUPPORTED', { ...beginningWith(text), at, says });
  });

  test('of another SecurityPolicy than the token is refused by its name', () => {
    const text = `<o:Issuer xmlns:o="${ns.sp11}">${reference(address)}</o:Issuer>`;
    expectRefusal('POLICY_UNSUPPORTED', {
      ...beginningWith(text),
      at: '<o:Issuer',
      says: `${sp11}Issuer is not implemented`,
    });
  });

  test.each(['', 'urn:sts', 'ftp://sts.example/', 'https://', ns.wsa10.replace('addressing', 'addressing anonymous')])(
    'is refused where its address can not be called: "%s"',
    text => {
      expectRefusal('POLICY_INVALID', {
        ...beginningWith(issuer(reference(text))),
        at: '<a:Address',
        says: `${wsa}Address is no http or https address`,
      });
    },
  );

  test('is refused without an address', () => {
    expectRefusal('POLICY_INVALID', {
      ...beginningWith(issuer('')),
      at: '<sp:Issuer>',
      says: `${sp12}Issuer has no Address`,
    });
  });

  test('is refused at a plain address where the port has TLS', () => {
    expectRefusal('POLICY_INVALID', {
      ...beginningWith(issuer(reference('http://sts.example/'))),
      at: '<sp:SecureConversationToken',
      says: 'an Issuer at the plain address http://sts.example/',
    });
  });
});
