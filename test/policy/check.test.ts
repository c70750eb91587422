import { describe, expect, it } from 'vitest';
import { checkPorts } from '../../src/policy/check.ts';
import { planOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { type Change, echoFile, echoText, echoVariant, lineOf } from './echo-variant.ts';
import { include, messageParts, sp11 } from './refusal.ts';

type Port = 'EchoTls11' | 'EchoTls13' | 'EchoSymmetric';

const within = (port: Port) => `wsu:Id="${port}_policy"`;

function checked(port: Port, ...changes: readonly Change[]) {
  const [found] = checkPorts(echoVariant(...changes)).filter(candidate => candidate.port === port);
  if (found === undefined) throw new Error(`no ${port}`);
  return found;
}

const said = (port: Port, ...changes: readonly Change[]) =>
  checked(port, ...changes).problems.map(({ line, says }) => `${line}: ${says.replaceAll(sp11, '')}`);

const besides = (assertion: string): Change => ({
  within: within('EchoTls11'),
  from: '<wsaw:UsingAddressing/>',
  to: `<wsaw:UsingAddressing/>${assertion}`,
});

const supporting = (name: string, token: string) =>
  `<sp:${name}><wsp:Policy><sp:${token} ${include}/AlwaysToRecipient"/></wsp:Policy></sp:${name}>`;

describe('everything that a port would be refused for is listed', () => {
  const rsa15 = { within: within('EchoSymmetric'), from: '<sp:Basic128/>', to: '<sp:Basic128Rsa15/>' };
  const many: readonly Change[] = [
    rsa15,
    { within: within('EchoSymmetric'), from: '<sp:OnlySignEntireHeadersAndBody/>', to: '<sp:SignatureToken/>' },
  ];

  it('of the binding, the bootstrap and the messages together, in the order of the file', () => {
    const changes: readonly Change[] = [
      ...many,
      { within: messageParts, from: '<sp:SignedParts>', to: '<sp:SignedElements/><sp:Mystery/><sp:SignedParts>' },
      { within: within('EchoSymmetric'), from: /(?<=<sp:SignedSupportingTokens>\s*<wsp:Policy>)/, to: samlToken },
    ];
    const text = echoText(...changes);
    const line = (marker: string, from: string = within('EchoSymmetric')) => lineOf(text, from, marker);
    expect(said('EchoSymmetric', ...changes)).toEqual(
      [
        [line('<sp:Basic128Rsa15/>'), 'Basic128Rsa15 is not implemented'],
        [line('<sp:SignatureToken/>'), 'SignatureToken is not implemented'],
        [line('<sp:SamlToken'), 'SamlToken is not implemented'],
        [line('<sp:SignedElements/>', messageParts), 'SignedElements is not implemented'],
        [line('<sp:Mystery/>', messageParts), 'Mystery is not implemented'],
      ]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([at, text]) => `${at}: ${text}`),
    );
  });

  it('each with name, file, line and what to change', () => {
    const [problem, ...others] = checked('EchoSymmetric', rsa15).problems;
    expect(problem).toEqual({
      code: 'POLICY_UNSUPPORTED',
      name: { namespace: sp11.slice(1, -1), local: 'Basic128Rsa15' },
      file: 'variant.wsdl',
      line: lineOf(echoText(rsa15), within('EchoSymmetric'), '<sp:Basic128Rsa15/>'),
      says: `${sp11}Basic128Rsa15 is not implemented`,
      todo: 'choose another suite, such as Basic256Sha256 or Basic256',
    });
    expect(others).toEqual([]);
  });

  it('in every operation, also what is wrong with the WSDL itself', () => {
    const binding = '<wsdl:binding name="EchoTls11"';
    const rpc = (operation: string): Change => ({
      within: binding,
      from: new RegExp(`(?<=<wsdl:operation name="${operation}">\\s*<soap12:operation[^>]*)style="document"`),
      to: 'style="rpc"',
    });
    expect(said('EchoTls11', rpc('Echo'), rpc('Add')).map(text => text.replace(/^\d+/, 'n'))).toEqual([
      'n: style rpc, but the part parameters of its message is not given by type',
      'n: style rpc, but the part parameters of its message is not given by type',
    ]);
  });

  it('what is missing as well as what is there', () => {
    const changes = [
      { within: within('EchoTls11'), from: '<sp:IncludeTimestamp/>', to: '' },
      { within: '<wsdl:port name="EchoTls11"', from: 'https://localhost:8443', to: 'http://localhost:8080' },
    ];
    expect(said('EchoTls11', ...changes).map(text => text.replace(/^\d+: /, ''))).toEqual([
      'TransportBinding without IncludeTimestamp is not implemented',
      'a TransportBinding at the plain address http://localhost:8080/EchoTls11',
    ]);
  });

  it('but nothing that only follows from something else', () => {
    const suite = { within: within('EchoTls11'), from: '<sp:Basic256/>', to: '<sp:Basic512/>' };
    expect(said('EchoTls11', suite)).toHaveLength(1);
    const token = { within: within('EchoTls11'), from: 'IncludeToken/AlwaysToRecipient', to: 'IncludeToken/Once' };
    expect(said('EchoTls11', token)).toEqual([expect.stringContaining('with IncludeToken once is not implemented')]);
    const binding = {
      within: within('EchoTls11'),
      from: /<sp:TransportBinding>.*?<\/sp:TransportBinding>/s,
      to: '<sp:AsymmetricBinding/>',
    };
    expect(said('EchoTls11', binding)).toEqual([expect.stringContaining('AsymmetricBinding has no InitiatorToken')]);
  });

  it('and a port that compiles has none', () => {
    for (const { port, problems, usable, notCalled } of checkPorts(readWsdl(echoFile))) {
      expect([port, problems, notCalled]).toEqual([port, [], undefined]);
      expect(usable?.plans[0]).toEqual(planOf(readWsdl(echoFile), port));
    }
  });

  it('what the compiler says is among them, in each WSDL of the tests', () => {
    let compared = 0;
    const files = ['test/interop/wsdl/ping.wsdl', 'test/vectors/wsdl/wcf/service.wsdl'].map(file => readWsdl(file));
    for (const wsdl of [...files, echoVariant(rsa15)]) {
      const refused = checkPorts(wsdl).filter(({ usable }) => usable === undefined);
      compared += refused.length;
      for (const { port, problems } of refused) {
        const said = problems.map(({ file: where, line, says }) => `${where}:${line}: ${says} (port ${port})`);
        let message = '';
        try {
          planOf(wsdl, port);
        } catch (error) {
          message = (error as Error).message;
        }
        expect(said).toContain(message);
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});

const samlToken = `<sp:SamlToken ${include}/Never"/>`;

describe('an assertion is refused for its place', () => {
  it.each([
    ['X509Token', 'SupportingTokens', 'ProtectionToken; InitiatorToken; RecipientToken; EndorsingSupportingTokens'],
    ['UsernameToken', 'EndorsingSupportingTokens', 'SupportingTokens'],
  ])('%s in %s', (token, place, understoodIn) => {
    const [problem] = checked('EchoTls11', besides(supporting(place, token))).problems;
    expect(problem?.says).toBe(`${sp11}${token} is not implemented in ${place}`);
    expect(problem?.todo).toContain(`it is understood in: ${understoodIn}`);
  });

  it('a binding in the policy of a message', () => {
    const change = { within: messageParts, from: '<sp:SignedParts>', to: '<sp:TransportBinding/><sp:SignedParts>' };
    const [problem] = checked('EchoSymmetric', change).problems;
    expect(problem?.says).toBe(`${sp11}TransportBinding is not implemented in the policy of an operation or message`);
    expect(problem?.todo).toBe('it is understood in: policies of ports');
  });

  it('and one that is understood nowhere is not implemented', () => {
    const [problem] = checked('EchoTls11', besides('<m:Mtom xmlns:m="urn:m"/>')).problems;
    expect(problem?.says).toBe('{urn:m}Mtom is not implemented');
    expect(problem?.todo).toContain('wsp:Ignorable');
  });

  it.each([
    ['OptimizedMimeSerialization', 'http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization'],
    ['MTOM', 'http://www.w3.org/2007/08/soap12-mtom-policy'],
  ])('of MTOM: %s, and what to do names MTOM', (name, namespace) => {
    const [problem] = checked('EchoTls11', besides(`<m:${name} xmlns:m="${namespace}"/>`)).problems;
    expect(problem?.says).toBe(`{${namespace}}${name} is not implemented`);
    expect(problem?.todo).toContain('MTOM is not spoken');
  });
});

describe('where a policy leaves a choice', () => {
  const choice = (...alternatives: readonly string[]): Change => ({
    within: messageParts,
    from: /<sp:SignedParts>.*?<\/sp:SignedParts>/s,
    to: `<wsp:ExactlyOne>${alternatives.map(each => `<wsp:All>${each}</wsp:All>`).join('')}</wsp:ExactlyOne>`,
  });

  it('of a message, one that is implemented is enough', () => {
    const parts = '<sp:SignedParts><sp:Body/></sp:SignedParts>';
    const suite = { within: within('EchoSymmetric'), from: '<sp:Basic128/>', to: '<sp:TripleDes/>' };
    expect(said('EchoSymmetric', choice('<sp:Mystery/>', parts), suite)).toEqual([
      expect.stringContaining('TripleDes is not implemented'),
    ]);
  });

  it('of a message, and none is implemented, the first one’s mistakes are said', () => {
    const says = said('EchoSymmetric', choice('<sp:Mystery/><sp:Other/>', '<sp:Third/>'));
    expect(says.map(text => text.replace(/^\d+: /, ''))).toEqual([
      'Mystery is not implemented',
      'Other is not implemented',
    ]);
  });

  it('of a port, the mistakes of each alternative are said', () => {
    const change = {
      within: within('EchoTls11'),
      from: '<sp:Basic256/>',
      to: '<wsp:ExactlyOne><sp:TripleDes/><sp:Basic512/></wsp:ExactlyOne>',
    };
    expect(said('EchoTls11', change).map(text => text.replace(/^\d+: /, ''))).toEqual([
      'TripleDes is not implemented',
      'Basic512 is not implemented',
    ]);
  });

  it('and leaves none, that is said', () => {
    const change = { within: within('EchoTls11'), from: '<wsaw:UsingAddressing/>', to: '<wsp:ExactlyOne/>' };
    expect(said('EchoTls11', change)).toEqual([expect.stringContaining('the policy leaves no alternative')]);
  });
});

it('a port that only our client does not call is served', () => {
  const oneWay = { within: '<wsdl:portType', from: /<wsdl:output[^>]*>/, to: '' };
  const { usable, problems, notCalled } = checked('EchoTls13', oneWay);
  expect(usable).toBeDefined();
  expect(problems).toEqual([]);
  expect(notCalled).toContain('operation Echo of port EchoTls13 has no output');
});
