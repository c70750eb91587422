import { describe, expect, test } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { checkToldApart, mayAnswerBeRequest } from '../../src/policy/dispatch.ts';
import { parseDocument } from '../../src/policy/document.ts';
import { parseWsdl } from '../../src/policy/wsdl.ts';
import type { PortName } from '../support/node.ts';
import { type Versions, variantText } from '../support/variants.ts';

const binding = parseDocument({ name: 'test.wsdl', text: '<binding/>' });
const plain: Versions = { soap: '1.1', addressing: undefined };
const addressed: Versions = { soap: '1.1', addressing: '1.0' };

function planFor(versions: Versions, port: PortName, change: (text: string) => string = text => text) {
  return planOf(parseWsdl({ name: 'variant.wsdl', text: change(variantText(versions)) }), port);
}

/** Echo and WhoAmI with the Body of Add. */
const oneBody = (text: string) => text.replaceAll(/element="tns:(?:Echo|WhoAmI)"/g, 'element="tns:Add"');
const noSoapActions = (text: string) => text.replaceAll(/soapAction="[^"]*"/g, 'soapAction=""');
const noEchoAction = (text: string) => text.replaceAll(/soapAction="[^"]*\/Echo"/g, 'soapAction=""');
/** Add alone has a policy of its own. */
const signedAlone = (text: string) => {
  const at = text.indexOf('<wsdl:operation name="Add">', text.indexOf('<wsdl:binding name="EchoSymmetric"'));
  const header = '<sp:Header Namespace="urn:h" Name="h"/>';
  const own =
    '<wsp:Policy xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy">' +
    `<sp:SignedParts>${header}</sp:SignedParts></wsp:Policy>`;
  const name = '<wsdl:operation name="Add">';
  return text.slice(0, at) + text.slice(at).replace(name, name + own);
};
/** The Bodies of calls are in clear, that of the bootstrap is not. */
const unencrypted = (text: string) => {
  const at = text.indexOf('wsu:Id="EchoSymmetric_message_policy"');
  return text.slice(0, at) + text.slice(at).replace('<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>', '');
};

describe('operations that have one Body', () => {
  test.each([
    ['by their SOAPActions over TLS', plain, 'EchoTls11', oneBody],
    ['by their Actions over TLS', addressed, 'EchoTls11', oneBody],
    ['by their signed Actions', addressed, 'EchoSymmetric', oneBody],
  ] as const)('are told apart %s', (_, versions, port, change) => {
    expect(planFor(versions, port, change).operations.map(({ input }) => input.local)).toEqual(['Add', 'Add', 'Add']);
  });

  const unsignedAction = (text: string) =>
    oneBody(text).replaceAll(/<sp:Header Name="Action" Namespace="[^"]*"\/>/g, '');
  test.each([
    ['without WS-Addressing or TLS', plain, 'EchoSymmetric', oneBody],
    ['over TLS without SOAPActions', plain, 'EchoTls11', (text: string) => noSoapActions(oneBody(text))],
    ['over TLS where one has no SOAPAction', plain, 'EchoTls11', (text: string) => noEchoAction(oneBody(text))],
    ['by Actions that are not signed', addressed, 'EchoSymmetric', unsignedAction],
  ] as const)('are refused by both names %s', (_, versions, port, change) => {
    expect(() => planFor(versions, port, change)).toThrow(
      expect.objectContaining({
        code: 'POLICY_UNSUPPORTED',
        message: expect.stringMatching(
          /^variant\.wsdl:\d+: operations Echo and Add have the same Body, and no action .* \(port Echo\w+\)$/,
        ),
      }),
    );
  });
});

describe('operations that are protected differently', () => {
  test.each([
    ['by their SOAPActions', plain, signedAlone],
    ['by their Actions', addressed, (text: string) => noSoapActions(signedAlone(text))],
    ['by their Bodies in clear', plain, (text: string) => unencrypted(noSoapActions(signedAlone(text)))],
  ] as const)('are known %s', (_, versions, change) => {
    const [echo, add] = planFor(versions, 'EchoSymmetric', change).operations;
    expect(add?.request.signed.headers).toHaveLength((echo?.request.signed.headers.length ?? 0) + 1);
  });

  test('are refused by both names where nothing tells them apart before the Body is decrypted', () => {
    expect(() => planFor(plain, 'EchoSymmetric', text => noSoapActions(signedAlone(text)))).toThrow(
      expect.objectContaining({
        code: 'POLICY_UNSUPPORTED',
        message: expect.stringContaining('operations Echo and Add are protected differently'),
      }),
    );
  });
});

test('operations with different Bodies that are protected alike need no action', () => {
  const plan = planFor(plain, 'EchoSymmetric', noSoapActions);
  expect(plan.operations.map(({ soapAction }) => soapAction)).toEqual(['', '', '']);
  expect(() => checkToldApart(plan, binding)).not.toThrow();
});

describe('an answer that comes back could be a request', () => {
  const same = (text: string) => text.replace('element="tns:EchoResponse"', 'element="tns:Echo"');
  const signed = (only?: string) => (text: string) =>
    same(text).replaceAll(/<sp:Header Name="(\w+)"[^>]*>/g, (header, name) => (name === only ? header : ''));
  const oneAction = (text: string) =>
    signed('Action')(text).replace(/Echo" message="tns:EchoIn|(?<=wsaw:Action="[^"]*)EchoResponse(?=")/g, 'Echo');
  test.each([
    ['with one Body and no WS-Addressing', true, plain, 'EchoSymmetric', same],
    ['with one Body and headers that nobody signs', true, addressed, 'EchoSymmetric', signed()],
    ['with one Body and one signed Action', true, addressed, 'EchoSymmetric', oneAction],
    ['not with Bodies of its own', false, plain, 'EchoSymmetric', (text: string) => text],
    ['not over TLS', false, plain, 'EchoTls11', same],
    ['not with a signed To', false, addressed, 'EchoSymmetric', signed('To')],
    ['not with a signed Action of its own', false, addressed, 'EchoSymmetric', signed('Action')],
  ] as const)('%s', (_, may, versions, port, change) => {
    expect(mayAnswerBeRequest(planFor(versions, port, change))).toBe(may);
  });
});
