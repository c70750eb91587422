import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { soapVersions } from '../../src/names.ts';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { readMember } from '../../src/schema/read-value.ts';
import { usualKeys } from '../../src/schema/value-keys.ts';
import { serviceFault } from '../../src/server/service-fault.ts';
import { detailOf, readFault, writeFaultElement } from '../../src/soap/fault-shape.ts';
import { scanText } from '../../src/xml/scan.ts';
import { type Element, leafText } from '../../src/xml/tree.ts';
import { generated } from '../schema/generated.ts';
import { wsdlOf } from '../schema/wsdl-texts.ts';

const request = '<xsd:element name="Q" type="xsd:string"/><xsd:element name="R" type="xsd:string"/>';
const wsdl = wsdlOf({
  a: `${request}<xsd:element name="OutOfStock"><xsd:complexType><xsd:sequence>
    <xsd:element name="item" type="xsd:string"/><xsd:element name="left" type="xsd:int" form="unqualified"/>
    <xsd:element ref="b:Line" minOccurs="0"/><xsd:element name="note" type="xsd:string" minOccurs="0"/></xsd:sequence>
    </xsd:complexType></xsd:element>
    <xsd:element name="Closed"><xsd:complexType><xsd:sequence><xsd:element name="note" type="xsd:string"/>
    <xsd:element name="until" type="xsd:dateTime"/></xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="Open"><xsd:complexType><xsd:sequence><xsd:group ref="t:Anything"/></xsd:sequence>
    </xsd:complexType></xsd:element>
    <xsd:group name="Anything"><xsd:sequence><xsd:any processContents="lax"/></xsd:sequence></xsd:group>
    <xsd:element name="Number" type="xsd:double"/>`,
  b: `<xsd:element name="Line" type="t:Line"/><xsd:complexType name="Line"><xsd:sequence>
    <xsd:element name="text" type="xsd:string"/></xsd:sequence></xsd:complexType>
    <xsd:complexType name="Longer"><xsd:complexContent><xsd:extension base="t:Line"><xsd:sequence>
    <xsd:element name="more" type="xsd:int"/></xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>`,
  faults: ['t:OutOfStock', 't:Closed', 't:Open', 't:Number', 'b:Line'],
});
const schema = schemaOf(wsdl);
const { faults } = operationBodies(wsdl, 'P').get('Call') ?? expect.fail('no operation');

const made = (fault: object) => serviceFault({ Fault: fault }, { schema, faults });
const written = (fault: object, version: '1.1' | '1.2' = '1.2') =>
  scanText(writeFaultElement(soapVersions[version], made(fault))).root;
const entriesOf = (fault: Element) => detailOf(fault)?.children ?? [];
const detailValue = (fault: Element): object => {
  const read = {};
  for (const entry of entriesOf(fault)) readMember(schema, read, entry, usualKeys);
  return read;
};

const out = { item: ' a <b> ', left: 2 };

describe.each(['1.1', '1.2'] as const)('in SOAP %s', version => {
  test.each<[string, object, object]>([
    ['by its name', { OutOfStock: out }, { OutOfStock: out }],
    ['by its name with a prefix of the WSDL', { 'other:OutOfStock': out }, { OutOfStock: out }],
    ['by its members', out, { OutOfStock: out }],
    [
      'with a type that its element extends',
      { ...out, Line: { attributes: { 'xsi:type': 'b:Longer' }, text: 'x', more: 1 } },
      { OutOfStock: { ...out, Line: { attributes: { 'xsi:type': 'b:Longer' }, text: 'x', more: 1 } } },
    ],
    ['of a simple type', { Number: Number.NaN }, { Number: Number.NaN }],
    ['of another document', { Line: { text: 'x' } }, { Line: { text: 'x' } }],
    ['with what a wildcard allows', { Open: { Line: { text: 'x' } } }, { Open: { Line: { text: 'x' } } }],
    ['several times', { Number: [1, 2] }, { Number: [1, 2] }],
    ['and another beside it', { Number: 1, OutOfStock: out }, { Number: 1, OutOfStock: out }],
  ])('a declared fault that is given %s is written by its schema', (_, Detail, value) => {
    const fault = written({ Detail }, version);
    expect(detailValue(fault)).toEqual(value);
    expect(entriesOf(fault).every(({ namespace }) => namespace !== '')).toBe(true);
  });

  test('an element keeps the form that its schema gives it', () => {
    const [entry] = entriesOf(written({ detail: out }, version));
    expect(entry?.children.map(({ namespace, local }) => `{${namespace}}${local}`)).toEqual(['{urn:a}item', '{}left']);
  });

  test.each<[string, unknown, string]>([
    ['a text', 'row <17>', 'row <17>'],
    ['an object', { code: 17, words: '<x>' }, '{"code":17,"words":"<x>"}'],
    ['a list', [out], JSON.stringify([out])],
    ['an object without members', {}, '{}'],
    ['a number', 17, '17'],
  ])('%s that names no declared fault is a text', (_, Detail, text) => {
    const [entry, other] = entriesOf(written({ Detail }, version));
    expect([entry?.local, entry && leafText(entry), other]).toEqual(['detail', text, undefined]);
  });

  test('the text of a reason has the language that was said', () => {
    const Text = [
      { attributes: { 'xml:lang': 'de-CH' }, $value: 'ausverkauft <&>' },
      { attributes: { 'xml:lang': '"><evil/>' }, $value: 'sold out' },
      { attributes: { 'xml:lang': 'de-CH' }, $value: 'nochmals' },
      'sold out again',
    ];
    const fault = written({ Reason: { Text } }, version);
    expect(readFault(fault)?.reason).toBe('ausverkauft <&>');
    const texts = version === '1.1' ? fault.children : (fault.children[1]?.children ?? []);
    const said = texts.flatMap(text => text.attributes.map(({ name, value }) => [name, value, leafText(text)]));
    expect(said).toEqual([
      ['xml:lang', 'de-CH', 'ausverkauft <&>'],
      ...(version === '1.1' ? [] : [['xml:lang', 'en', 'sold out']]),
    ]);
  });
});

const secret = 'SELECT password';
const endless: Record<string, unknown> = {};
endless.item = endless;

describe('a Detail that is none of the declared elements', () => {
  test.each<[string, object, RegExp]>([
    ['lacks a member', { OutOfStock: { item: secret } }, /OutOfStock has no left/],
    ['has a member too many', { OutOfStock: { ...out, [secret.slice(0, 6)]: secret } }, /has no SELECT by its schema/],
    ['has a text for a number', { OutOfStock: { ...out, left: secret } }, /the text of left is none of its type/],
    ['has no number', { Number: '' }, /the text of Number/],
    ['has a date that is none', { Closed: { note: 'x', until: secret } }, /the text of until/],
    ['is null', { OutOfStock: null }, /OutOfStock can't be null/],
    ['is a text', { OutOfStock: secret }, /OutOfStock has no item/],
    ['holds itself', { OutOfStock: { ...out, item: endless } }, /nested too deep|no item/],
    ['has a type that there is not', { ...out, Line: { attributes: { 'xsi:type': 'b:No' } } }, /no schema .* b:No/],
    ['stands beside another that is none', { OutOfStock: out, other: secret }, /fit none of OutOfStock/],
    ['has members of several', { item: 'x', until: secret }, /fit none of OutOfStock, Closed/],
    ['fits several', { note: secret }, /fit several of OutOfStock, Closed/],
    [
      'can not be read',
      {
        get OutOfStock() {
          throw new Error('a getter');
        },
      },
      /a getter/,
    ],
  ])('and %s stays at home, and the log says why', (_, Detail, why) => {
    const thrown = { Code: { Value: 'soap:Sender' }, Reason: { Text: 'sold out' }, Detail, statusCode: 404 };
    const fault = made(thrown);
    expect(fault).toMatchObject({ code: 'Sender', reason: 'sold out', detail: undefined, status: 404 });
    expect(writeFaultElement(soapVersions['1.2'], fault)).not.toMatch(/Detail|SELECT/);
    const { message, cause } = fault.cause as { message: string; cause: { Fault: unknown } };
    expect(message).toMatch(why);
    expect(message).not.toContain(secret);
    expect(cause.Fault).toBe(thrown);
  });
});

describe('codes', () => {
  const namesIn = (fault: object) => {
    const { code, subcodes } = made(fault);
    return [code, ...subcodes.map(({ namespace, local }) => `{${namespace}}${local}`)];
  };
  const circle: { Value: string; Subcode?: unknown } = { Value: 't:A' };
  circle.Subcode = circle;
  test.each<[string, object, readonly string[]]>([
    [
      'subcodes of several levels, by prefixes of the WSDL or by namespaces',
      { Code: { Value: 'soap:Sender', Subcode: { Value: 'b:A', Subcode: { Value: '{urn:c}B' } } } },
      ['Sender', '{urn:b}A', '{urn:c}B'],
    ],
    ['a prefix that nothing declares', { Code: { Value: 'Sender', Subcode: { Value: 'no:A' } } }, ['Sender', '{}A']],
    ['a faultcode of the application', { faultcode: 'b:Sold' }, ['Receiver', '{urn:b}Sold']],
    ['one with the name of a code', { faultcode: '{urn:c}Client' }, ['Receiver', '{urn:c}Client']],
    ['a faultcode of SOAP', { faultcode: 'soap:Client' }, ['Sender']],
    ['one that is none', { faultcode: 'Sold' }, ['Receiver']],
    ['subcodes that are no names', { Code: { Value: 'Sender', Subcode: { Value: '<x>', Subcode: 1 } } }, ['Sender']],
  ])('%s', (_, fault, names) => expect(namesIn(fault)).toEqual(names));

  test('subcodes without end are cut', () => {
    expect(namesIn({ Code: { Value: 'Sender', Subcode: circle } })).toHaveLength(17);
  });
});

test('what is written as a Detail by any schema is read as the same value', () => {
  fc.assert(
    fc.property(generated, ({ wsdl: parts, value }) => {
      const one = wsdlOf({ ...parts, faults: ['t:R'] });
      const told = { schema: schemaOf(one), faults: operationBodies(one, 'P').get('Call')?.faults ?? [] };
      const fault = serviceFault({ Fault: { Detail: { R: value } } }, told);
      expect(fault.declared).toMatchObject({ namespace: 'urn:a', local: 'R' });
      const read = {};
      const [entry] = entriesOf(scanText(writeFaultElement(soapVersions['1.2'], fault)).root);
      readMember(told.schema, read, entry ?? expect.fail('no detail'), usualKeys);
      expect(read).toEqual({ R: value });
    }),
    { numRuns: 100 },
  );
});
