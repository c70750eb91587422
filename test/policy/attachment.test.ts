import { describe, expect, it } from 'vitest';
import { addressingVersions, ns } from '../../src/names.ts';
import { planOf } from '../support/plans.ts';
import { type Change, echoVariant } from './echo-variant.ts';

const reference = '<wsp:PolicyReference URI="#EchoTls11_policy"/>';
const bindingTls = '<wsdl:binding name="EchoTls11"';
const bindingSymmetric = '<wsdl:binding name="EchoSymmetric"';
const messageReference = '<wsp:PolicyReference URI="#EchoSymmetric_message_policy"/>';

const plain = echoVariant();
const unchanged = planOf(plain, 'EchoTls11');
const symmetric = planOf(plain, 'EchoSymmetric');

function moved(to: Change): ReturnType<typeof planOf> {
  return planOf(echoVariant({ within: bindingTls, from: reference, to: '' }, to), 'EchoTls11');
}

describe('a policy may be attached', () => {
  it('to the port', () => {
    const port = '<wsdl:port name="EchoTls11" binding="tns:EchoTls11">';
    expect(moved({ within: port, from: port, to: port + reference })).toEqual(unchanged);
  });

  it('by the attribute PolicyURIs of the portType', () => {
    const portType = '<wsdl:portType name="EchoPortType"';
    expect(moved({ within: portType, from: portType, to: `${portType} wsp:PolicyURIs="#EchoTls11_policy"` })).toEqual(
      unchanged,
    );
  });

  it('twice to one subject, and counts once', () => {
    const service = '<wsdl:service name="EchoService">';
    const twice = echoVariant({ within: service, from: service, to: service + reference });
    expect(planOf(twice, 'EchoTls11')).toEqual(unchanged);
  });

  it('inline', () => {
    const header = '<s:Header Namespace="urn:h"/>';
    const parts = `<wsp:Policy><s:SignedParts xmlns:s="${ns.sp11}">${header}</s:SignedParts></wsp:Policy>`;
    const plan = planOf(
      echoVariant({ within: bindingSymmetric, from: messageReference, to: messageReference + parts }),
      'EchoSymmetric',
    );
    const [echo, add] = plan.operations;
    expect(echo?.request.signed.headers.at(-1)).toEqual({ namespace: 'urn:h', local: '' });
    expect(echo?.response.signed).toEqual(symmetric.operations[0]?.response.signed);
    expect(add?.request.signed).toEqual(symmetric.operations[1]?.request.signed);
    expect(plan.cancel.request.signed.headers.at(-1)).toEqual({ namespace: 'urn:h', local: '' });
  });

  it('to an operation, for both of its messages', () => {
    const operation = '<wsdl:operation name="Add">';
    const inner = echoVariant(
      { within: bindingSymmetric, from: new RegExp(`(?<=${operation}.*)${messageReference}`, 's'), to: '' },
      {
        within: bindingSymmetric,
        from: new RegExp(`(?<=${operation}.*<wsdl:output>\\s*)${messageReference}`, 's'),
        to: '',
      },
      { within: bindingSymmetric, from: operation, to: operation + messageReference },
    );
    expect(planOf(inner, 'EchoSymmetric')).toEqual(symmetric);
  });

  it('to the one message of a one-way operation, whose faults are protected like it', () => {
    const message = '<wsdl:message name="EchoPortType_Add_InputMessage">';
    const extra =
      `<wsp:Policy><s:SignedParts xmlns:s="${ns.sp11}">` +
      '<s:Header Name="h" Namespace="urn:h"/></s:SignedParts></wsp:Policy>';
    const output = /<wsdl:output message="tns:EchoPortType_Add_OutputMessage"[^>]*>/;
    const plan = planOf(
      echoVariant(
        { within: message, from: message, to: message + extra },
        { within: '<wsdl:portType', from: output, to: '' },
      ),
      'EchoSymmetric',
    );
    const [echo, add] = plan.operations;
    expect(add?.request.signed.headers).toContainEqual({ namespace: 'urn:h', local: 'h' });
    expect(add?.response).toMatchObject({ signed: add?.request.signed, encrypted: add?.request.encrypted });
    expect(echo).toEqual(symmetric.operations[0]);
  });

  it('to a wsdl:message', () => {
    const message = '<wsdl:message name="EchoPortType_Add_OutputMessage">';
    const extra =
      `<wsp:Policy><s:SignedParts xmlns:s="${ns.sp11}">` +
      '<s:Header Name="h" Namespace="urn:h"/></s:SignedParts></wsp:Policy>';
    const plan = planOf(echoVariant({ within: message, from: message, to: message + extra }), 'EchoSymmetric');
    expect(plan.operations[1]?.response.signed.headers).toContainEqual({ namespace: 'urn:h', local: 'h' });
    expect(plan.operations[1]?.request.signed.headers).not.toContainEqual({ namespace: 'urn:h', local: 'h' });
  });
});

describe('alternatives', () => {
  const within = 'wsu:Id="EchoTls11_policy"';

  it('the first one that is implemented decides', () => {
    const choice = '<wsp:ExactlyOne><wsp:All><sp:IssuedToken/></wsp:All>';
    expect(planOf(echoVariant({ within, from: '<wsp:ExactlyOne>', to: choice }), 'EchoTls11')).toEqual(unchanged);
  });

  it('one that is invalid is not passed over', () => {
    const choice = '<wsp:ExactlyOne><wsp:All><sp:TransportBinding/></wsp:All>';
    const wsdl = echoVariant({ within, from: '<wsp:ExactlyOne>', to: choice });
    expect(() => planOf(wsdl, 'EchoTls11')).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  it('an optional assertion that is not implemented is left out', () => {
    const optional = '<wsaw:UsingAddressing/><sp:SignedElements wsp:Optional="true"/>';
    expect(planOf(echoVariant({ within, from: '<wsaw:UsingAddressing/>', to: optional }), 'EchoTls11')).toEqual(
      unchanged,
    );
  });

  it('an ignorable assertion that is not known is left out', () => {
    const ignorable = `<wsaw:UsingAddressing/><m:Log xmlns:m="urn:m" p:Ignorable="true" xmlns:p="${ns.wsp15}"/>`;
    expect(planOf(echoVariant({ within, from: '<wsaw:UsingAddressing/>', to: ignorable }), 'EchoTls11')).toEqual(
      unchanged,
    );
  });

  it('without any, the policy is invalid', () => {
    const never = echoVariant({ within, from: '<wsaw:UsingAddressing/>', to: '<wsp:ExactlyOne/>' });
    const refusal = { code: 'POLICY_INVALID', message: expect.stringContaining('the policy leaves no alternative') };
    expect(() => planOf(never, 'EchoTls11')).toThrow(expect.objectContaining(refusal));
  });
});

describe('assertions of other versions', () => {
  const within = 'wsu:Id="EchoTls11_policy"';
  const using = '<wsaw:UsingAddressing/>';

  it.each([
    [`<a:Addressing xmlns:a="${ns.wsam}"/>`, '1.0'],
    [`<a:Addressing xmlns:a="${ns.wsam}"><wsp:Policy><a:AnonymousResponses/></wsp:Policy></a:Addressing>`, '1.0'],
    [`<a:UsingAddressing xmlns:a="${ns.wsap200408}"/>`, '2004/08'],
  ] as const)('%s means WS-Addressing %s', (assertion, version) => {
    const plan = planOf(echoVariant({ within, from: using, to: assertion }), 'EchoTls11');
    expect(plan.addressing).toEqual(addressingVersions[version]);
  });

  it('wsaw:UsingAddressing may stand in the binding itself', () => {
    const wsdl = echoVariant(
      { within, from: using, to: '' },
      { within: bindingTls, from: reference, to: reference + using },
    );
    expect(planOf(wsdl, 'EchoTls11')).toEqual(unchanged);
  });

  it.each(['sp:SC10SecurityContextToken', 'mssp:MustNotSendCancel'])('%s is understood', name => {
    const to = `<${name} xmlns:mssp="${ns.mssp}"/><sp:BootstrapPolicy>`;
    const plan = planOf(echoVariant({ within, from: '<sp:BootstrapPolicy>', to }), 'EchoTls11');
    expect(plan).toEqual({ ...unchanged, mayCancel: name !== 'mssp:MustNotSendCancel' });
  });

  it.each([
    ['MustNotSendCancel', { mayCancel: false, mayRenew: true }],
    ['MustNotSendRenew', { mayCancel: true, mayRenew: false }],
    ['SC13SecurityContextToken', { mayCancel: true, mayRenew: true }],
  ])('SecurityPolicy 1.2: %s', (name, expected) => {
    const wsdl = echoVariant({
      within: 'wsu:Id="EchoTls13_policy"',
      from: '<sp:MustNotSendAmend/>',
      to: `<sp:${name}/>`,
    });
    expect(planOf(wsdl, 'EchoTls13')).toMatchObject(expected);
  });

  it.each([
    ['LaxTsFirst', 'laxTimestampFirst'],
    ['LaxTsLast', 'laxTimestampLast'],
    ['LaxTimestampFirst', 'laxTimestampFirst'],
  ])('layout %s', (name, layout) => {
    const plan = planOf(echoVariant({ within, from: '<sp:Strict/>', to: `<sp:${name}/>` }), 'EchoTls11');
    expect(plan.operations[0]?.request.layout).toBe(layout);
    expect(plan.bootstrap.request.layout).toBe('strict');
  });

  it('a binding without Layout is lax', () => {
    const plan = planOf(echoVariant({ within, from: /<sp:Layout>.*<\/sp:Layout>/, to: '' }), 'EchoTls11');
    expect(plan.operations[0]?.request.layout).toBe('lax');
  });

  it('a GCM suite stands in the namespace of CXF', () => {
    const to = '<c:Basic128GCM xmlns:c="http://cxf.apache.org/custom/security-policy"/>';
    const plan = planOf(echoVariant({ within, from: '<sp:Basic256/>', to }), 'EchoTls11');
    expect(plan.suite.name).toBe('Basic128GCM');
    expect(plan.bootstrap.request.suite.name).toBe('Basic256');
  });
});

describe('what a certificate is named by', () => {
  const within = 'wsu:Id="EchoSymmetric_policy"';
  const require = '<sp:RequireThumbprintReference/>';

  it.each([
    ['<sp:RequireKeyIdentifierReference/>', 'keyIdentifier'],
    ['<sp:RequireIssuerSerialReference/>', 'issuerSerial'],
    ['', 'thumbprint'],
  ])('%s', (to, reference) => {
    const plan = planOf(echoVariant({ within, from: require, to }), 'EchoSymmetric');
    expect(plan.bootstrap.request.protection).toMatchObject({ token: { kind: 'encryptedKey', reference } });
  });
});

describe('entropy', () => {
  it('is what the Trust assertion of the bootstrap requires', () => {
    const within = '<sp:BootstrapPolicy>';
    const plan = planOf(echoVariant({ within, from: '<sp:RequireServerEntropy/>', to: '' }), 'EchoTls11');
    expect(plan.entropy).toEqual({ client: true, server: false });
  });

  it('is that of the port where the bootstrap has no Trust assertion, and none without either', () => {
    const trust = /<sp:Trust10>.*?<\/sp:Trust10>/s;
    const inner: Change = { within: '<sp:BootstrapPolicy>', from: trust, to: '' };
    expect(planOf(echoVariant(inner), 'EchoTls11').entropy).toEqual({ client: true, server: true });
    const none = planOf(echoVariant(inner, { within: 'wsu:Id="EchoTls11_policy"', from: trust, to: '' }), 'EchoTls11');
    expect(none).toMatchObject({ entropy: { client: false, server: false }, dialect: { name: 'feb2005' } });
  });
});
