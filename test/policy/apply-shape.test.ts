import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { ns } from '../../src/names.ts';
import { applyShape } from '../../src/policy/apply-shape.ts';
import { alternativesOf, compilePolicy } from '../../src/policy/compile.ts';
import { type Shape, shapes } from '../../src/policy/shapes.ts';
import { stockShapeOf } from '../../src/policy/stock-shape.ts';
import { parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';

/** The example without its policies, and with the addresses that a shape can have. */
function bareText(isOverTls = true): string {
  return readFileSync('wsdl/echo.wsdl', 'utf8')
    .replace(/ *<wsp:Policy [\s\S]*?<\/wsp:Policy>\n(?=\n| {2}<(?:!--|wsp:Policy wsu|wsdl))/g, '')
    .replace(/ *<wsp:PolicyReference[^>]*>\n?/g, '')
    .replaceAll('http://localhost:8080', isOverTls ? 'https://localhost:8443' : 'http://localhost:8080');
}

const bare = (change: (text: string) => string = text => text) =>
  parseWsdl({ name: 'bare.wsdl', text: change(bareText()) });
const named = (name: string) => shapes.find(shape => shape.name === name) as Shape;
const uxd = named('_UXD');
const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'];

test('the example without its policies has none', () => {
  expect(bareText()).not.toMatch(/PolicyReference|<wsp:Policy/);
});

describe.each(shapes.map(shape => ({ ...shape, shape })))('the shape $name', ({ shape, says }) => {
  const { text, ports: applied } = applyShape(bare(), shape, undefined);
  const plans = compilePolicy(parseWsdl({ name: 'applied.wsdl', text }));

  test('is what it is called', () => {
    expect([applied, plans.map(({ port }) => port)]).toEqual([ports, ports]);
    for (const plan of plans) {
      const { name: like, except } = stockShapeOf(plan);
      expect(except).toEqual([]);
      const own = says.replace(/:.*/, '');
      const stock = like.replace(/(WS\w+) without a secure session(.*)/, '$1$2, without a session');
      expect(stock).toBe(own);
      expect(plan.transport).toBe(shape.isOverTls ? 'https' : 'http');
    }
  });

  test('leaves no choice, and all else as it was', () => {
    const read = parseWsdl({ name: 'applied.wsdl', text });
    for (const port of ports) expect(alternativesOf(read, port)).toMatchObject({ plans: [{}], leftOut: [] });
    const without = text
      .replace(/\s*<wsp:Policy wsu:[\s\S]*?\n {2}<\/wsp:Policy>/g, '')
      .replace(/\s*<wsp:PolicyReference [^>]*>/g, '');
    expect(without).toBe(bareText());
  });
});

test('only one port gets it where one is named, and another may get another', () => {
  const once = applyShape(bare(), named('_UXD'), 'EchoSymmetric');
  expect(once.ports).toEqual(['EchoSymmetric']);
  const read = parseWsdl({ name: 'once.wsdl', text: once.text });
  expect(() => alternativesOf(read, 'EchoTls13')).toThrow('an unprotected port is not served');
  const twice = applyShape(read, named('WS2007HttpBinding-UserName'), 'EchoTls13');
  const [tls, symmetric] = compilePolicy(parseWsdl({ name: 'twice.wsdl', text: twice.text }), {
    ports: ['EchoTls13', 'EchoSymmetric'],
  });
  expect([tls?.transport, symmetric?.transport]).toEqual(['https', 'http']);
});

test('no id is given twice, whatever bindings are called and whatever ids are there', () => {
  const id = `xmlns:i="${ns.wsu}" i:Id`;
  const named = (text: string) =>
    text
      .replaceAll('"EchoTls13"', '"EchoTls11_message"')
      .replaceAll('tns:EchoTls13"', 'tns:EchoTls11_message"')
      .replace('<wsdl:types>', `<wsdl:types ${id}="EchoTls11_policy">`);
  const { text } = applyShape(bare(named), uxd, undefined);
  const ids = [...text.matchAll(/:Id="([^"]*)"/g)].map(([, found]) => found);
  expect(ids).toContain('EchoTls11_message_policy_2');
  expect(ids).toContain('EchoTls11_policy_2');
  expect(new Set(ids).size).toBe(ids.length);
  expect(compilePolicy(parseWsdl({ name: 'named.wsdl', text }))).toHaveLength(3);
});

test('line ends, indents and prefixes of the WSDL stay its own', () => {
  const strange = (text: string) =>
    text.replaceAll('wsp=', 'sp=').replaceAll('wsu=', 'x=').replaceAll('\n', '\r\n').replaceAll('  ', '\t');
  const { text } = applyShape(bare(strange), named('_XD-SEES'), undefined);
  expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  expect(compilePolicy(parseWsdl({ name: 'strange.wsdl', text }))).toHaveLength(3);
});

test('what the documentation of an element is stays first in it', () => {
  const documentation = '<wsdl:documentation>of it</wsdl:documentation>';
  const documented = (text: string) => text.replace(/(<wsdl:binding name="EchoTls11"[^>]*>)/, `$1${documentation}`);
  const { text } = applyShape(bare(documented), named('UserNameOverTransport'), 'EchoTls11');
  expect(text).toMatch(/of it<\/wsdl:documentation>\s*<wsp:PolicyReference/);
});

/** The service in one file, its bindings in another. */
function inTwoFiles() {
  const [definitions = ''] = /<wsdl:definitions[^>]*>/.exec(bareText()) ?? [];
  const service = /<wsdl:service[\s\S]*<\/wsdl:service>/;
  const imported = '<wsdl:import namespace="urn:soap-secure-conversation:echo" location="bindings.wsdl"/>';
  const text = `${definitions}${imported}${service.exec(bareText())?.[0]}</wsdl:definitions>`;
  return parseWsdl({ name: 'service.wsdl', text }, name => ({ name, text: bareText().replace(service, '') }));
}

describe('refused is', () => {
  const shape = named('WS2007HttpBinding-UserName');

  test.each([
    ['a policy that is there', readWsdl('wsdl/echo.wsdl'), undefined, /echo\.wsdl:\d+: there is a policy already/],
    ['one of the port', readWsdl('wsdl/echo.wsdl'), 'EchoTls13', /echo\.wsdl:\d+: there is a policy already/],
    ['a port that is not there', bare(), 'Echo', /no port Echo/],
    [
      'a WSDL without ports',
      bare(text => text.replace(/<wsdl:service[\s\S]*<\/wsdl:service>/, '')),
      undefined,
      /no port/,
    ],
    [
      'a plain address of a shape over TLS',
      parseWsdl({ name: 'plain.wsdl', text: bareText(false) }),
      'EchoSymmetric',
      /plain\.wsdl:\d+: WS2007HttpBinding-UserName wants TLS/,
    ],
    ['style rpc', bare(text => text.replaceAll('style="document"', 'style="rpc"')), undefined, /style rpc/],
    ['a binding in another file', inTwoFiles(), undefined, /is in another file/],
    [
      'a processing instruction',
      bare(text => text.replace('<wsdl:types>', '<?x y?><wsdl:types>')),
      undefined,
      /can't be written into/,
    ],
  ])('%s', (_, wsdl, port, message) => {
    expect(() => applyShape(wsdl, shape, port)).toThrow(message);
    expect(() => applyShape(wsdl, shape, port)).toThrow(ConfigurationError);
  });

  test('no shape without TLS for a plain address', () => {
    const plain = parseWsdl({ name: 'plain.wsdl', text: bareText(false) });
    expect(applyShape(plain, named('_UXD'), 'EchoSymmetric').ports).toEqual(['EchoSymmetric']);
  });
});
