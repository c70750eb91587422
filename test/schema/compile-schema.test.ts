import { describe, expect, test } from 'vitest';
import { parseWsdl } from '../../src/policy/wsdl.ts';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { usualKeys } from '../../src/schema/value-keys.ts';
import { writeValue } from '../../src/schema/write-value.ts';
import { outlineOf } from './shapes.ts';
import { type WsdlParts, wsdlOf, wsdlTexts } from './wsdl-texts.ts';

const q = '<xsd:element name="Q" type="xsd:string"/>';
const r = (inside: string) =>
  `${q}<xsd:element name="R"><xsd:complexType><xsd:sequence>${inside}</xsd:sequence></xsd:complexType></xsd:element>`;

test('a schema without a namespace has that of the one which includes it', () => {
  const parts = { a: `<xsd:include schemaLocation="b.xsd"/>${r('<xsd:element name="in" type="t:In"/>')}` };
  const b = `<xsd:complexType name="In"><xsd:sequence><xsd:element ref="Text"/></xsd:sequence></xsd:complexType>
    <xsd:element name="Text" type="xsd:string"/>`;
  const texts = wsdlTexts({ ...parts, b });
  const files: Readonly<Record<string, string>> = {
    'a.wsdl': texts.a.replace(/<xsd:import [^>]*>/, ''),
    'b.xsd': texts.b.replace('targetNamespace="urn:b"', ''),
  };
  const wsdl = parseWsdl({ name: 'main.wsdl', text: texts.main }, name => ({ name, text: files[name] ?? '' }));
  const response = operationBodies(wsdl, 'P').get('Call')?.response ?? expect.fail('no response');
  const text = writeValue(schemaOf(wsdl), { in: { Text: 'x' } }, response, usualKeys);
  expect(outlineOf(text)).toBe('{urn:a}R[{urn:a}in[{urn:a}Text=x]]');
});

const extending = (name: string, base: string) =>
  `<xsd:complexType name="${name}"><xsd:complexContent><xsd:extension base="t:${base}"/></xsd:complexContent>
  </xsd:complexType>`;
const group = (name: string, of: string) =>
  `<xsd:group name="${name}"><xsd:sequence><xsd:group ref="t:${of}"/></xsd:sequence></xsd:group>`;

describe('the Bodies of a port are refused at the start, with the place, for', () => {
  const refused: Readonly<Record<string, readonly [WsdlParts, string]>> = {
    'a type that is made of itself': [
      { a: r('<xsd:element name="x" type="t:One"/>') + extending('One', 'Two') + extending('Two', 'One') },
      'the type {urn:a}One is made of itself',
    ],
    'a group that is made of itself': [
      { a: r('<xsd:group ref="t:One"/>') + group('One', 'Two') + group('Two', 'One') },
      'the group {urn:a}One is made of itself',
    ],
    'a prefix that is not declared': [
      { a: r('<xsd:element name="x" type="z:One"/>') },
      'the prefix of type="z:One" is not declared',
    ],
    'a part that the message does not have': [{ a: r(''), body: 'parts="other"' }, 'the message has no part other'],
  };

  test.each(Object.entries(refused))('%s', (_name, [parts, says]) => {
    const wsdl = wsdlOf(parts);
    const place = expect.stringMatching(/^(?:a|main)\.wsdl:\d+: /);
    expect(() => operationBodies(wsdl, 'P')).toThrow(says);
    expect(() => operationBodies(wsdlOf(parts), 'P')).toThrow(expect.objectContaining({ message: place }));
  });
});

describe('a value is refused', () => {
  const wsdl = wsdlOf({ a: r('<xsd:element name="text" type="xsd:string"/>') });
  const response = operationBodies(wsdl, 'P').get('Call')?.response ?? expect.fail('no response');
  const circle: Record<string, unknown> = {};
  circle.text = circle;

  test.each([
    ['that is a part of itself', circle, 'text is nested too deep'],
    ['with a type that no schema has', { attributes: { 'xsi:type': 'b:None' } }, 'no schema of the WSDL has the type'],
    ['with a prefix that nothing declares', { attributes: { 'z:a': '1' } }, 'has a prefix that nothing declares'],
    ['with a Date without a time', { text: new Date(Number.NaN) }, 'a Date without a time'],
  ])('%s', (_name, value, says) => {
    expect(() => writeValue(schemaOf(wsdl), value, response, usualKeys)).toThrow(says);
  });
});
