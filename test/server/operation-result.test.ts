import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { soapVersions } from '../../src/names.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { declarationsOf, neededBy, writeResult } from '../../src/server/operation-result.ts';

const declarations = declarationsOf(' xmlns:one="urn:1" xmlns:two="urn:2"', soapVersions['1.2']);

describe('the declarations of a text that node-soap writes', () => {
  test('are those of the prefixes that stand before a colon in it, and no others', () => {
    const prefixes = declarations.map(({ prefix }) => prefix);
    const pieces = fc.constantFrom(
      ...prefixes,
      ...prefixes.map(prefix => `${prefix}:`),
      ...[':', ' ', 'x', 'é', 'soa', 'p:'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), texts => {
        const text = texts.join('');
        const needed = [...neededBy(text, declarations).matchAll(/xmlns:([^=]+)=/g)].map(([, prefix = '']) => prefix);
        expect(needed).toEqual(prefixes.filter(prefix => text.includes(`${prefix}:`)));
      }),
    );
  });

  test('are none for colons alone', () => {
    expect(neededBy(':'.repeat(1 << 16), declarations)).toBe('');
  });
});

describe('the Body of a result', () => {
  const wsdl = readWsdl('wsdl/echo.wsdl');
  const response = operationBodies(wsdl, 'EchoTls11').get('Echo')?.response ?? expect.fail('no response');
  const written = (result: unknown) => writeResult(schemaOf(wsdl), response, result);

  test('declares inside of itself what it needs', () => {
    const { declarations: outer, content, element } = written({ text: 'a < b' });
    const tns = 'urn:soap-secure-conversation:echo';
    expect(outer).toBe('');
    expect(content).toBe(`<tns:EchoResponse xmlns:tns="${tns}"><tns:text>a &lt; b</tns:text></tns:EchoResponse>`);
    expect(element?.local).toBe('EchoResponse');
  });

  test('is the XML of a result that is written already, with the prefixes of the WSDL', () => {
    const { content, element } = written({ _xml: '<tns:EchoResponse>x</tns:EchoResponse>' });
    expect(element?.namespace).toBe('urn:soap-secure-conversation:echo');
    expect(content).toContain('>x</tns:EchoResponse>');
  });

  test('is an element without content for a result that is undefined', () => {
    expect(written(undefined).element).toMatchObject({ local: 'EchoResponse', children: [] });
  });
});
