import { describe, expect, test } from 'vitest';
import { applyShape } from '../../src/policy/apply-shape.ts';
import { wsdlFor } from '../../src/policy/publish.ts';
import { type Shape, shapes } from '../../src/policy/shapes.ts';
import { parseWsdl, readWsdl, type Wsdl } from '../../src/policy/wsdl.ts';
import { brokenRules, type Imported, importPort, importRules, stockRules } from './wcf-import.ts';

/** A port as a client gets it from `?wsdl`. */
function published(wsdl: Wsdl, port: string, change: (text: string) => string = text => text): Imported {
  return importPort(parseWsdl({ name: 'published.wsdl', text: change(wsdlFor(wsdl, { ports: [port] })) }), port);
}

/** What a WCF server publishes for its own bindings. */
const wcf = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const recorded = (name: string) => importPort(wcf, name);
/** The first two of a binding ask for a password, the fifth and sixth for a certificate; every other has no session. */
const recordedAs = (binding: string, credential: string, hasSession: boolean) =>
  recorded(`${binding}_EchoPortType${[...(credential === 'UserName' ? ['', 1] : [4, 5])][hasSession ? 0 : 1]}`);

const greeting = readWsdl('wsdl/greeting.wsdl');
function applied(shape: Shape): Imported {
  const port = shape.isOverTls ? 'GreetingTls' : 'GreetingMessage';
  return published(parseWsdl({ name: 'applied.wsdl', text: applyShape(greeting, shape, port).text }), port);
}

const examples = ['echo', 'certificates', 'plain'].flatMap(name => {
  const wsdl = readWsdl(`wsdl/${name}.wsdl`);
  return wsdl.ports.map(port => ({ name: port.name, wsdl }));
});

describe('the rules of the importer of WCF', () => {
  test.each(examples)('are held by what is published for $name', ({ wsdl, name }) => {
    expect(brokenRules(importRules, published(wsdl, name))).toEqual([]);
  });

  test.each(shapes.map(shape => ({ name: shape.name, shape })))('are held by the shape $name', ({ shape }) => {
    expect(brokenRules(importRules, applied(shape))).toEqual([]);
  });

  test.each(wcf.ports.map(({ name }) => name).filter(name => name.startsWith('WS')))('are held by %s of WCF', name => {
    const problems = brokenRules({ ...importRules, ...stockRules }, recorded(name));
    expect(problems).toEqual(/[2367]$/.test(name) ? ['the suite is Basic256'] : []);
  });
});

/** Assertions by their places; the importer takes MustNotSendAmend and nothing comes of it. */
const placesOf = ({ assertions }: Imported) =>
  [...assertions.keys()].filter(place => !place.endsWith('/sp:MustNotSendAmend')).sort();

const stockPorts = [
  ['EchoTls11', 'WSHttpBinding', 'UserName', true],
  ['EchoTls13', 'WS2007HttpBinding', 'UserName', true],
  ['CertificateTls', 'WSHttpBinding', 'Certificate', true],
  ['PasswordTls', 'WS2007HttpBinding', 'UserName', false],
] as const;

describe('one of the stock bindings of WCF is what the importer makes of', () => {
  const portNamed = (name: string) => {
    const { wsdl } = examples.find(each => each.name === name) ?? { wsdl: wcf };
    return published(wsdl, name);
  };

  test.each(stockPorts)('%s: %s, %s, session %s', (name, binding, credential, hasSession) => {
    const port = portNamed(name);
    expect(brokenRules(stockRules, port)).toEqual([]);
    expect(placesOf(port)).toEqual(placesOf(recordedAs(binding, credential, hasSession)));
  });

  const ofWcf = shapes.flatMap(shape => {
    const [, binding, credential, none] = /^(WS\w*Binding)-(\w+?)(-NoSession)?$/.exec(shape.name) ?? [];
    return binding === undefined
      ? []
      : [{ name: shape.name, shape, binding, credential, hasSession: none === undefined }];
  });

  test.each(ofWcf)('the shape $name', ({ shape, binding, credential = '', hasSession }) => {
    const port = applied(shape);
    expect(brokenRules(stockRules, port)).toEqual([]);
    expect(placesOf(port)).toEqual(placesOf(recordedAs(binding, credential, hasSession)));
  });

  test('all shapes named after a binding of WCF, and no other', () => {
    expect(ofWcf).toHaveLength(8);
    for (const shape of shapes.filter(({ name }) => !ofWcf.some(other => other.name === name)))
      expect(brokenRules(stockRules, applied(shape)), shape.name).not.toEqual([]);
  });
});

describe('a rule is broken, and none but it, by', () => {
  const echo = readWsdl('wsdl/echo.wsdl');
  const token = '<sp:BootstrapPolicy>';
  const all = { ...importRules, ...stockRules };

  test.each<[rule: string, from: string | RegExp, to: string, alsoBroken?: readonly string[]]>([
    ['the port is SOAP over HTTP, document/literal', 'use="literal"', 'use="encoded"'],
    ['the policy says that messages are addressed', '<wsaw:UsingAddressing/>', '', ['addressing is 1.0']],
    ['every assertion is of a namespace that is known', '<wsaw:Using', '<m:Extra xmlns:m="urn:m"/><wsaw:Using'],
    [
      'assertions are of one version of WS-SecurityPolicy',
      '<sp:Wss11>',
      '<sp:Wss11 xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702">',
    ],
    ['Trust10 goes with version 1.1, Trust13 with 1.2', /sp:Trust10\b/g, 'sp:Trust13', ['both sides give entropy']],
    [
      "Microsoft's MustNotSendCancel goes with version 1.1",
      token,
      `<m:MustNotSendCancel xmlns:m="http://schemas.microsoft.com/ws/2005/07/securitypolicy"/>${token}`,
      ['a conversation may be cancelled and renewed'],
    ],
    ['parts in a BootstrapPolicy have the Body among them', '<sp:EncryptedParts><sp:Body/>', '<sp:EncryptedParts>'],
    [
      'a SecureConversationToken has a BootstrapPolicy',
      /<sp:BootstrapPolicy>.*<\/sp:BootstrapPolicy>/s,
      '',
      [
        'TLS protects calls and bootstrap',
        'the suite is Basic256',
        'the layout is strict, and is said',
        'a Timestamp is asked for',
        'Wss11 is there, and no Wss10',
        'both sides give entropy',
        'the credential is a password or a certificate, as WCF asks for it',
      ],
    ],
    ['tokens say when they are sent', / sp:IncludeToken="[^"]*"/, '', ['tokens go in each request']],
    ['the address is one of TLS', 'https://localhost:8443', 'http://localhost:8443'],
    ['TLS protects calls and bootstrap', /<sp:HttpsToken [^>]*>/, ''],
    ['HttpsToken says in version 1.1 that no certificate is asked for, and nothing in 1.2', '="false"', '="true"'],
    ['the suite is Basic256', 'sp:Basic256', 'sp:Basic256Sha256'],
    ['the layout is strict, and is said', /<sp:Layout>.*?<\/sp:Layout>/, ''],
    ['a Timestamp is asked for', '<sp:IncludeTimestamp/>', ''],
    ['Wss11 is there, and no Wss10', '<sp:Wss11><wsp:Policy/></sp:Wss11>', '<sp:Wss10/>'],
    ['both sides give entropy', '<sp:RequireServerEntropy/>', ''],
    ['a conversation may be cancelled and renewed', token, `<sp:MustNotSendRenew/>${token}`],
    ['keys are not derived', token, `<sp:RequireDerivedKeys/>${token}`],
    ['tokens go in each request', '/AlwaysToRecipient"', '/Always"'],
    [
      'addressing is 1.0',
      '<wsaw:UsingAddressing/>',
      '<a:UsingAddressing xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing/policy"/>',
    ],
    [
      'the credential is a password or a certificate, as WCF asks for it',
      'sp:WssUsernameToken10',
      'sp:WssUsernameToken11',
    ],
  ])('%s', (rule, from, to, alsoBroken = []) => {
    // The rule of Microsoft's assertion is one of version 1.2.
    const port = rule.startsWith('Microsoft') ? 'EchoTls13' : 'EchoTls11';
    const broken = brokenRules(
      all,
      published(echo, port, text => text.replace(from, to)),
    );
    expect(new Set(broken)).toEqual(new Set([rule, ...alsoBroken]));
    expect(all).toHaveProperty([rule]);
  });

  test('a test each', () => {
    expect(Object.keys(all)).toHaveLength(22);
  });
});
