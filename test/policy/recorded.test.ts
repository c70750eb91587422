import { describe, expect, it } from 'vitest';
import { addressingVersions, ns } from '../../src/names.ts';
import { planOf as anyPlanOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { compilePolicy, planOf } from '../support/plans.ts';

const wcf = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const ping = readWsdl('test/vectors/wsdl/ping/ping.wsdl');

describe('the WSDL that a WCF server publishes, its policies in an imported document', () => {
  it.each([
    ['WSHttpBinding_EchoPortType', 'Basic256', 'feb2005'],
    ['WSHttpBinding_EchoPortType2', 'Basic256Sha256', 'feb2005'],
    ['WS2007HttpBinding_EchoPortType', 'Basic256', '200512'],
    ['WS2007HttpBinding_EchoPortType2', 'Basic256Sha256', '200512'],
  ])('%s compiles with suite %s in dialect %s', (port, suite, dialect) => {
    const [plan] = compilePolicy(wcf, { ports: [port] });
    expect(plan).toMatchObject({ port, suite: { name: suite }, dialect: { name: dialect }, transport: 'https' });
    expect(plan?.operations.map(operation => operation.name)).toEqual(['Echo', 'Add', 'WhoAmI']);
    expect(plan?.bootstrap.request.supporting).toEqual([{ kind: 'username', signed: false, encrypted: false }]);
  });

  it.each([
    ['WSHttpBinding_EchoPortType4', 'feb2005'],
    ['WS2007HttpBinding_EchoPortType4', '200512'],
  ])('%s wants a certificate that endorses the bootstrap, in dialect %s', (port, dialect) => {
    const plan = planOf(wcf, port);
    expect(plan).toMatchObject({ suite: { name: 'Basic256' }, dialect: { name: dialect }, transport: 'https' });
    expect(plan.bootstrap.request.supporting).toMatchObject([{ kind: 'x509' }]);
  });

  it('BasicHttpBinding_EchoPortType leaves all to TLS: its messages have no Security header', () => {
    const plan = anyPlanOf(wcf, 'BasicHttpBinding_EchoPortType');
    expect(plan).toMatchObject({ soap: { name: '1.1' }, addressing: undefined, transport: 'https' });
    const message = { protection: { kind: 'transport', clientCertificate: false }, timestamp: false, supporting: [] };
    expect(plan.operations[0]).toMatchObject({ request: message, response: message });
  });

  it('BasicHttpBinding_EchoPortType1 is refused by name, with file, line and port', () => {
    const port = 'BasicHttpBinding_EchoPortType1';
    const name = 'no TransportBinding, SymmetricBinding or AsymmetricBinding';
    const refusal = expect.objectContaining({ code: 'POLICY_UNSUPPORTED', message: expect.stringContaining(name) });
    expect(() => planOf(wcf, port)).toThrow(refusal);
    expect(() => planOf(wcf, port)).toThrow(/^test\/vectors\/wsdl\/wcf\/wsdl0\.wsdl:1: /);
    expect(() => planOf(wcf, port)).toThrow(`(port ${port})`);
  });

  it('as a whole is refused for the ports that are not implemented', () => {
    expect(() => compilePolicy(wcf)).toThrow('(port BasicHttpBinding_EchoPortType1)');
  });
});

describe('bindings in the shapes of the CXF matrix, in an import whose prefixes mean other namespaces', () => {
  it.each([
    ['AC', false, []],
    ['ADC', true, []],
    ['UXC', false, [{ kind: 'username', signed: true, encrypted: false }]],
    ['UXDC', true, [{ kind: 'username', signed: true, encrypted: false }]],
  ])('%s: derived keys %s, bootstrap tokens %j', (port, derivedKeys, supporting) => {
    const plan = planOf(ping, port);
    expect(plan).toMatchObject({ addressing: addressingVersions['2004/08'], mayCancel: false, mayRenew: true });
    expect(plan.operations[0]?.request).toMatchObject({
      layout: 'lax',
      protection: { derivedKeys },
      suite: { name: 'Basic128' },
    });
    expect(plan.operations[0]?.response.signed.headers).toHaveLength(7);
    expect(plan.bootstrap.request).toMatchObject({ layout: 'strict', protection: { derivedKeys }, supporting });
    expect(plan.bootstrap.response).toMatchObject({ encrypted: { body: true }, supporting: [] });
  });

  it('UserNameOverTransport: the endorsing signature covers wsa:To, in requests only', () => {
    const plan = planOf(ping, 'UserNameOverTransport');
    const signed = { body: false, headers: [{ namespace: ns.wsa200408, local: 'To' }] };
    expect(plan.operations[0]?.request.signed).toEqual(signed);
    expect(plan.cancel.request.signed).toEqual(signed);
    expect(plan.operations[0]?.response.signed.headers).toEqual([]);
    expect(plan.bootstrap.request.signed.headers).toEqual([]);
    expect(plan.mayCancel).toBe(true);
  });

  it('takes names and actions from the importing document', () => {
    expect(planOf(ping, 'AC').operations).toMatchObject([
      {
        name: 'Ping',
        input: { namespace: 'urn:example:types', local: 'Ping' },
        output: { namespace: 'urn:example:types', local: 'PingResponse' },
        inputAction: 'urn:example:ping/Ping',
        outputAction: 'urn:example:ping/Pong',
      },
    ]);
  });
});
