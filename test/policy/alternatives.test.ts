import { describe, expect, it } from 'vitest';
import { firstUsable } from '../../src/client/alternatives.ts';
import { contextAudienceOf, servedAlternatives, whyNotServed } from '../../src/policy/alternatives.ts';
import { alternativesOf, planOf } from '../../src/policy/compile.ts';
import { explainAlternatives } from '../../src/policy/explain.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { onceMore } from '../support/alternatives.ts';
import { inConversation } from '../support/plans.ts';
import { type Change, echoText, echoVariant, lineOf } from './echo-variant.ts';
import { include, sp11 } from './refusal.ts';

const within = 'wsu:Id="EchoTls11_policy"';
const usernameToken = /<sp:SignedSupportingTokens>.*?<\/sp:SignedSupportingTokens>/s;
const [signedSupportingTokens = ''] = usernameToken.exec(echoText().slice(echoText().indexOf(within))) ?? [];
const certificate =
  `<sp:EndorsingSupportingTokens><wsp:Policy><sp:X509Token ${include}/AlwaysToRecipient"/></wsp:Policy>` +
  '</sp:EndorsingSupportingTokens>';
const saml =
  `<sp:SignedSupportingTokens><wsp:Policy><sp:SamlToken ${include}/Never"/></wsp:Policy>` +
  '</sp:SignedSupportingTokens>';

const [basic128 = ''] =
  /<wsp:All>.*?<\/wsp:All>/s.exec(echoText().slice(echoText().indexOf('wsu:Id="EchoSymmetric_policy"'))) ?? [];
const basic256 = basic128.replaceAll('Basic128', 'Basic256');

/** Changes the last of its kind: in the example it is that of the conversation. */
function lastly(from: string, to: string): (text: string) => string {
  return text => {
    const at = text.lastIndexOf(from);
    return text.slice(0, at) + to + text.slice(at + from.length);
  };
}

/** The bootstrap of EchoTls11 with a choice in the place of its UsernameToken. */
function choice(...alternatives: readonly string[]): Change {
  const each = alternatives.map(alternative => `\n<wsp:All>${alternative}</wsp:All>`);
  return { within, from: usernameToken, to: `<wsp:ExactlyOne>${each.join('')}</wsp:ExactlyOne>` };
}

const kindsOf = (...change: readonly Change[]) =>
  alternativesOf(echoVariant(...change), 'EchoTls11').plans.map(plan =>
    inConversation(plan)
      .bootstrap.request.supporting.map(({ kind }) => kind)
      .join(' '),
  );

describe('the alternatives of a port', () => {
  it('compile to plans in the order of the policy', () => {
    expect(kindsOf(choice(certificate, signedSupportingTokens, ''))).toEqual(['x509', 'username', '']);
    expect(kindsOf(choice(signedSupportingTokens, certificate))).toEqual(['username', 'x509']);
  });

  it('are two where an assertion is optional: with it, then without', () => {
    const from = '<sp:SignedSupportingTokens>';
    const to = '<sp:SignedSupportingTokens wsp:Optional="true">';
    expect(kindsOf({ within, from, to })).toEqual(['username', '']);
  });

  it('count once where they mean the same', () => {
    const from = '<sp:Wss11>';
    expect(kindsOf({ within, from, to: '<sp:Wss11 wsp:Optional="true">' })).toEqual(['username']);
  });

  it('that are not implemented are left out, with name, file and line, wherever they stand', () => {
    const change = choice(saml, certificate, saml);
    const lines = echoText(change).split('\n');
    const places = lines.flatMap((line, index) => (line.includes('SamlToken') ? [index + 1] : []));
    const { plans, leftOut } = alternativesOf(echoVariant(change), 'EchoTls11');
    expect(plans).toHaveLength(1);
    expect(leftOut).toEqual(
      places.map(line => expect.stringContaining(`variant.wsdl:${line}: ${sp11}SamlToken is not implemented`)),
    );
    expect(leftOut).toHaveLength(2);
    expect(planOf(echoVariant(change), 'EchoTls11')).toEqual(plans[0]);
  });

  it('refuse the port with the first one’s reason where none is implemented', () => {
    const change = choice(saml, `${saml}<sp:Other/>`);
    const line = lineOf(echoText(change), within, '<sp:SamlToken');
    expect(() => alternativesOf(echoVariant(change), 'EchoTls11')).toThrow(`variant.wsdl:${line}: ${sp11}SamlToken`);
  });

  it('refuse the port where one of them contradicts itself', () => {
    const twice = '<sp:Wss11/>';
    expect(() => alternativesOf(echoVariant(choice(signedSupportingTokens, twice)), 'EchoTls11')).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
  });

  it('are explained one after the other, and then what was left out', () => {
    const text = explainAlternatives(alternativesOf(echoVariant(choice(certificate, saml, '')), 'EchoTls11'));
    const uses = [...text.matchAll(/^ {2}here {7}(.*)$/gm)].map(([, use]) => use);
    expect(uses).toEqual(['served and called', 'served and called']);
    expect(text).toMatch(/^alternative 1 of 2: port EchoTls11 .*^alternative 2 of 2: port EchoTls11 .*^left out: /ms);
    expect(text.split('\n').at(-1)).toContain(`${sp11}SamlToken is not implemented`);
  });
});

describe('a server serves', () => {
  const second = (port: string, change: (policy: string) => string) => {
    const { plans } = alternativesOf(echoVariant(onceMore(port, change)), port);
    expect(plans).toHaveLength(2);
    return { plans, reasons: whyNotServed(plans) };
  };
  const confirmed = (text: string) =>
    text.replaceAll(/<sp:Wss11>\s*<wsp:Policy>/g, found => `${found}<sp:RequireSignatureConfirmation/>`);
  const alike = "its requests can't be told from those of alternative 1";

  it.each([
    ['another suite', 'EchoSymmetric', (text: string) => text.replaceAll('sp:Basic128', 'sp:Basic256')],
    ['another suite of the conversation', 'EchoSymmetric', lastly('sp:Basic128', 'sp:Basic128Sha256')],
    ['no WS-Addressing', 'EchoTls11', (text: string) => text.replace('<wsaw:UsingAddressing/>', '')],
  ])('the second of two that differ by %s', (_, port, change) => {
    expect(second(port, change).reasons).toEqual([undefined, undefined]);
  });

  it.each([
    ['what an answer confirms', 'EchoSymmetric', confirmed],
    [
      'a suite that nothing is protected by before the calls',
      'EchoTls11',
      (text: string) => text.replaceAll('Basic256', 'Basic128'),
    ],
    ['entropy', 'EchoTls13', (text: string) => text.replaceAll('<sp:RequireServerEntropy/>', '')],
  ])('the first alone of two that differ by %s', (_, port, change) => {
    const { plans, reasons } = second(port, change);
    expect(reasons).toEqual([undefined, alike]);
    expect(servedAlternatives(plans)).toEqual([plans[0]]);
    expect(explainAlternatives({ plans, leftOut: [] })).toContain(`  here       called; not served: ${alike}\n`);
  });

  it('the second too where the first asks TLS for a certificate, but not the other way round', () => {
    const withCertificate = (text: string) =>
      text.replaceAll('RequireClientCertificate="false"', 'RequireClientCertificate="true"');
    const { plans } = second('EchoTls11', withCertificate);
    expect(whyNotServed(plans)).toEqual([undefined, alike]);
    expect(whyNotServed([...plans].reverse())).toEqual([undefined, undefined]);
  });

  it('conversations that are bound to what they were begun by, in whatever order it stands', () => {
    const [first, other] = second('EchoSymmetric', text => text.replaceAll('Basic128', 'Basic256')).plans;
    const swapped = echoVariant({
      within: 'wsu:Id="EchoSymmetric_policy"',
      from: /<wsp:All>.*?<\/wsp:All>/s,
      to: basic256 + basic128,
    });
    const marks = (plans: readonly Plan[]) => plans.map(plan => inConversation(plan).alternative);
    expect(marks(alternativesOf(swapped, 'EchoSymmetric').plans)).toEqual(marks([other, first] as Plan[]));
    expect(new Set(marks([first, other] as Plan[])).size).toBe(2);
    expect(contextAudienceOf(inConversation(first))).toMatch(/^{.*}EchoService\/EchoSymmetric#[0-9a-f]{32}$/);
  });

  it('conversations of the port where they are begun alike and each message derives its keys, or there is one', () => {
    const { plans } = second('EchoSymmetric', lastly('sp:Basic128', 'sp:Basic128Sha256'));
    expect(plans.map(plan => inConversation(plan).alternative)).toEqual([undefined, undefined]);
    const plan = inConversation(planOf(echoVariant(), 'EchoSymmetric'));
    expect(contextAudienceOf(plan)).toBe(plan.audience);
  });

  it('no second use of a key that is not derived from', () => {
    const direct = (text: string) => text.replace('<sp:RequireDerivedKeys/>', '');
    const [first, other] = second('EchoSymmetric', direct).plans;
    expect(inConversation(first).alternative).not.toBe(inConversation(other as Plan).alternative);
  });
});

describe('a client takes', () => {
  const { plans } = alternativesOf(echoVariant(choice(certificate, signedSupportingTokens)), 'EchoTls11');
  const user = { username: 'alice', password: 'p' };

  it('the first alternative that it has the credentials for', () => {
    expect(firstUsable(plans, user)).toBe(plans[1]);
  });

  it('none without credentials, and is told of each why', () => {
    expect(() => firstUsable(plans, {})).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(
          /^none of the 2 alternatives of port EchoTls11 .*; 1: .* certificate .*; 2: .* user name/,
        ),
      }),
    );
  });

  it('no other than the first where what it was given for it can’t be used', () => {
    expect(() => firstUsable(plans, { ...user, certificate: 'none', key: 'none' })).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID' }),
    );
  });

  it('the only one that there is, whatever it was given', () => {
    expect(firstUsable([plans[0]], {})).toBe(plans[0]);
  });
});
