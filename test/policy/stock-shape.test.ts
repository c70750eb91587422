import { describe, expect, test } from 'vitest';
import { checkPorts } from '../../src/policy/check.ts';
import type { MessagePlan, Plan } from '../../src/policy/plan.ts';
import { stockShapeOf } from '../../src/policy/stock-shape.ts';
import { weaknessesOf } from '../../src/policy/weaknesses.ts';
import { parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';
import { planOf } from '../support/plans.ts';
import { echoText } from './echo-variant.ts';

const ping = readWsdl('test/interop/wsdl/ping.wsdl');
const wcf = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const echo = readWsdl('wsdl/echo.wsdl');

describe('each port is known for what it was made as:', () => {
  const compiled = checkPorts(ping).filter(({ usable }) => usable !== undefined);

  test.each(compiled.map(({ port }) => port))('%s of CXF', port => {
    const { name, except } = stockShapeOf(planOf(ping, port));
    expect(except).toEqual([]);
    // By its policy XDC is the row _XD: it may be cancelled.
    const row = port
      .replace(/_IPingService1?$/, '')
      .replace(/^SecureConversation_/, '')
      .replace(/^XDC/, '_XD');
    expect(name).toBe(`CXF's ${row}`);
  });

  test.each([
    ['WSHttpBinding_EchoPortType', 'WSHttpBinding', 'UserName'],
    ['WSHttpBinding_EchoPortType4', 'WSHttpBinding', 'Certificate'],
    ['WS2007HttpBinding_EchoPortType2', 'WS2007HttpBinding', 'UserName'],
  ])('%s of WCF', (port, binding, credential) => {
    const name = `WCF's ${binding}, TransportWithMessageCredential, ${credential}`;
    expect(stockShapeOf(planOf(wcf, port))).toEqual({ name, except: [] });
  });

  test('and others by what is different', () => {
    expect(stockShapeOf(planOf(echo, 'EchoSymmetric'))).toEqual({ name: "CXF's _UXD", except: ['WS-Addressing 1.0'] });
    const text = echoText().replaceAll(
      'http://schemas.xmlsoap.org/wsdl/soap12/',
      'http://schemas.xmlsoap.org/wsdl/soap/',
    );
    expect(stockShapeOf(planOf(parseWsdl({ name: 'soap11.wsdl', text }), 'EchoTls11')).except).toEqual(['SOAP 1.1']);
  });
});

describe('a plan is weak', () => {
  const strong = planOf(wcf, 'WSHttpBinding_EchoPortType2');
  const symmetric = planOf(echo, 'EchoSymmetric');
  const { suite } = strong;
  const sound: Plan = { ...symmetric, suite };
  const protectedBy = (change: object): Plan => {
    const changed = (plan: MessagePlan) => ({ ...plan, protection: { ...plan.protection, ...change } }) as MessagePlan;
    return { ...sound, operations: sound.operations.map(each => ({ ...each, request: changed(each.request) })) };
  };

  test('never by nothing', () => {
    expect(weaknessesOf(strong)).toEqual([]);
    expect(weaknessesOf(sound)).toEqual([]);
  });

  test.each<[string, Plan, string]>([
    ['without WS-Addressing over http', { ...sound, addressing: undefined }, 'nothing ties an answer to its request'],
    ['with SHA-1', symmetric, 'SHA-1'],
    ['without derived keys', protectedBy({ derivedKeys: false }), 'without derived keys'],
    [
      'where nobody has to say who they are',
      { ...sound, bootstrap: planOf(ping, 'AC_IPingService').bootstrap },
      'anonymous',
    ],
    [
      'between certificates in CBC',
      { ...sound, bootstrap: planOf(ping, '_X10_IPingService').bootstrap },
      'change and sign what others encrypted',
    ],
    ['with an encrypted signature in CBC over http', protectedBy({ encryptSignature: true }), 'AES-CBC'],
  ])('%s', (_what, plan, says) => {
    expect(weaknessesOf(plan)).toEqual([expect.stringContaining(says)]);
  });

  test('and not what TLS makes up for', () => {
    expect(weaknessesOf({ ...sound, addressing: undefined, transport: 'https' })).toEqual([]);
    expect(weaknessesOf({ ...protectedBy({ encryptSignature: true }), transport: 'https' })).toEqual([]);
  });
});
