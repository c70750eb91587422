import { expect, test } from 'vitest';
import type { DialectName } from '../../src/names.ts';
import { parseDocument } from '../../src/policy/document.ts';
import type { ConversationPlan, MessagePlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { planOf } from '../support/plans.ts';
import { blocksOf } from './blocks.ts';

/* What docs/serve-wcf-clients.md tells WCF of our ports is what their policies say. */

const echo = readWsdl('wsdl/echo.wsdl');
const blockNamed = (file: string) =>
  blocksOf('docs/serve-wcf-clients.md').find(block => block.file === file)?.text ?? '';
const config = parseDocument({ name: 'app.config', text: blockNamed('app.config') });

const named = (name: string) => Array.from(config.getElementsByTagName(name));
const attributesOf = (element: { attributes: ArrayLike<{ name: string; value: string }> } | undefined) =>
  Object.fromEntries(Array.from(element?.attributes ?? [], ({ name, value }) => [name, value]));
const endpoints = named('endpoint').map(attributesOf);
/** The element of a binding: that of its kind in which the configuration has this name. */
const bindingOf = ({ binding = '', bindingConfiguration }: Record<string, string>) =>
  named(binding)
    .flatMap(kind => Array.from(kind.getElementsByTagName('binding')))
    .find(element => element.getAttribute('name') === bindingConfiguration);
const first = (element: ReturnType<typeof bindingOf>, name: string) =>
  attributesOf(element?.getElementsByTagName(name)[0]);

const portOf = (address = '') => new URL(address).pathname.slice(1);

const versions: Readonly<Partial<Record<DialectName, string>>> = {
  feb2005: 'WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11',
  '200512': 'WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10',
};

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const entropyMode = ({ entropy: { client, server } }: ConversationPlan) =>
  client && server ? 'CombinedEntropy' : client ? 'ClientEntropy' : 'ServerEntropy';

/** What both elements of a custom binding say of the messages that they protect. */
function wanted({ dialect }: ConversationPlan, { suite, layout, timestamp, protection }: MessagePlan) {
  const usual = {
    messageSecurityVersion: versions[dialect.name],
    defaultAlgorithmSuite: suite.name,
    securityHeaderLayout: capital(layout),
    includeTimestamp: String(timestamp),
  };
  if (protection.kind !== 'symmetric') return usual;
  return {
    ...usual,
    requireDerivedKeys: String(protection.derivedKeys),
    messageProtectionOrder: capital(protection.order).replace('Encrypting', 'Encrypt') + encryptedSignature(protection),
    requireSignatureConfirmation: 'false',
  };
}

const encryptedSignature = ({ encryptSignature }: { readonly encryptSignature: boolean }) =>
  encryptSignature ? 'AndEncryptSignature' : '';

test('each endpoint goes to an address of the port whose name it has', () => {
  expect(endpoints.map(({ name }) => name)).toEqual(['EchoTls11', 'EchoTls13', 'EchoTls13Custom', 'EchoSymmetric']);
  for (const { name = '', address } of endpoints) {
    expect(portOf(address)).toBe(name.replace('Custom', ''));
    expect(address).toBe(planOf(echo, portOf(address)).address);
  }
});

test.each(endpoints.filter(({ binding }) => binding !== 'customBinding'))('the stock binding of $name', endpoint => {
  const plan = planOf(echo, portOf(endpoint.address));
  const binding = bindingOf(endpoint);
  expect(endpoint.binding).toBe(plan.dialect.name === 'feb2005' ? 'wsHttpBinding' : 'ws2007HttpBinding');
  expect(first(binding, 'security')).toEqual({ mode: 'TransportWithMessageCredential' });
  expect(first(binding, 'transport')).toEqual({ clientCredentialType: 'None' });
  const message = { clientCredentialType: 'UserName', establishSecurityContext: 'true' };
  expect(first(binding, 'message')).toEqual({ ...message, algorithmSuite: plan.suite.name });
  expect(plan.bootstrap.request.supporting.map(({ kind }) => kind)).toEqual(['username']);
});

test.each(endpoints.filter(({ binding }) => binding === 'customBinding'))('the custom binding of $name', endpoint => {
  const plan = planOf(echo, portOf(endpoint.address));
  const binding = bindingOf(endpoint);
  const [operation] = plan.operations;
  const calls = wanted(plan, operation?.request as MessagePlan);
  expect(first(binding, 'security')).toEqual({
    authenticationMode: 'SecureConversation',
    requireDerivedKeys: 'false',
    ...calls,
    keyEntropyMode: entropyMode(plan),
    requireSecurityContextCancellation: String(plan.mayCancel),
  });
  const isOverTls = plan.transport === 'https';
  expect(first(binding, 'secureConversationBootstrap')).toEqual({
    authenticationMode: isOverTls ? 'UserNameOverTransport' : 'UserNameForCertificate',
    ...wanted(plan, plan.bootstrap.request),
  });
  const versionsOf = `Soap${plan.soap.name.replace('.', '')}WSAddressing${plan.addressing?.name.replace('.', '')}`;
  expect(first(binding, 'textMessageEncoding')).toEqual({ messageVersion: versionsOf });
  expect(first(binding, isOverTls ? 'httpsTransport' : 'httpTransport')).toHaveProperty('maxReceivedMessageSize');
});

/** What C# says behind a name: `SecurityAlgorithmSuite.Basic256`. */
const saidOf = (text: string, type: string) =>
  [...text.matchAll(new RegExp(`\\b${type}\\.(\\w+)`, 'g'))].map(([, value]) => value);

test('the code of the stock bindings says what the configuration says', () => {
  const code = blockNamed('Stock.cs');
  expect(saidOf(code, 'SecurityMode')).toEqual(Array(2).fill('TransportWithMessageCredential'));
  expect(saidOf(code, 'MessageCredentialType')).toEqual(['UserName', 'UserName']);
  expect(code.match(/EstablishSecurityContext = true/g)).toHaveLength(2);
  const suites = ['EchoTls11', 'EchoTls13'].map(port => planOf(echo, port).suite.name);
  expect(saidOf(code, 'SecurityAlgorithmSuite')).toEqual(suites);
  expect(code).toContain(`(ws2007, new EndpointAddress("${planOf(echo, 'EchoTls13').address}"))`);
});

test('the code of the custom binding says what the configuration says', () => {
  const code = blockNamed('Custom.cs');
  const plan = planOf(echo, 'EchoTls13');
  expect(saidOf(code, 'MessageSecurityVersion').filter(name => name !== undefined && /^WSS/.test(name))).toEqual([
    versions[plan.dialect.name],
  ]);
  expect(saidOf(code, 'SecurityAlgorithmSuite')).toEqual([plan.bootstrap.request.suite.name]);
  expect(saidOf(code, 'SecurityKeyEntropyMode')).toEqual([entropyMode(plan)]);
  expect(saidOf(code, 'MessageVersion')).toEqual(['Soap12WSAddressing10']);
  expect(code).toContain('CreateUserNameOverTransportBindingElement');
});
