import fc from 'fast-check';
import type { WSDL } from 'soap';
import { beforeAll, describe, expect, test } from 'vitest';
import { writePlainEnvelope } from '../../src/message/plain-envelope.ts';
import { soapVersions } from '../../src/names.ts';
import { parseWsdl } from '../../src/policy/wsdl.ts';
import type { ElementDeclaration } from '../../src/schema/components.ts';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { readArguments } from '../../src/server/operation-arguments.ts';
import { openServiceWsdl } from '../../src/server/service-wsdl.ts';
import { scanText } from '../../src/xml/scan.ts';
import type { Element } from '../../src/xml/tree.ts';
import { escapeAttribute, escapeText } from '../../src/xml/write.ts';

const types = `<xsd:schema targetNamespace="urn:t" elementFormDefault="qualified">
  <xsd:complexType name="Line"><xsd:sequence>
    <xsd:element name="text" type="xsd:string"/><xsd:element name="count" type="xsd:int"/>
    <xsd:element name="price" type="xsd:decimal"/><xsd:element name="when" type="xsd:dateTime"/>
  </xsd:sequence><xsd:attribute name="id" type="xsd:string"/></xsd:complexType>
  <xsd:complexType name="Longer"><xsd:complexContent><xsd:extension base="t:Line"><xsd:sequence>
    <xsd:element name="more" type="xsd:boolean"/></xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>
  <xsd:element name="Order"><xsd:complexType><xsd:sequence>
    <xsd:element name="text" type="xsd:string"/><xsd:element name="paid" type="xsd:boolean"/>
    <xsd:element name="line" type="t:Line" maxOccurs="unbounded"/>
    <xsd:element name="item" type="xsd:string" maxOccurs="unbounded"/>
  </xsd:sequence></xsd:complexType></xsd:element>
  <xsd:element name="OrderResponse"><xsd:complexType><xsd:sequence/></xsd:complexType></xsd:element>
</xsd:schema>`;
const wsdlText = `<wsdl:definitions targetNamespace="urn:t" xmlns:t="urn:t"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>${types}</wsdl:types>
  <wsdl:message name="OrderIn"><wsdl:part name="p" element="t:Order"/></wsdl:message>
  <wsdl:message name="OrderOut"><wsdl:part name="p" element="t:OrderResponse"/></wsdl:message>
  <wsdl:portType name="PT"><wsdl:operation name="Order">
    <wsdl:input message="t:OrderIn"/><wsdl:output message="t:OrderOut"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="t:PT"><s12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Order">
    <s12:operation soapAction="urn:o"/><wsdl:input><s12:body use="literal"/></wsdl:input>
    <wsdl:output><s12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
  <wsdl:service name="S"><wsdl:port name="P" binding="t:B"><s12:address location="http://localhost/"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>`;

const source = parseWsdl({ name: 'memory', text: wsdlText });
const schema = schemaOf(source);
const { request } = operationBodies(source, 'P').get('Order') as { request: ElementDeclaration };
let wsdl: WSDL;
beforeAll(async () => {
  wsdl = await openServiceWsdl(source);
});

const contentOf = (inside: string, attributes = '') =>
  scanText(
    '<m xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:t">' +
      `<t:Order${attributes}>${inside}</t:Order></m>`,
  ).root.children[0] ?? expect.fail('no content');

const reading = (content: Element) => readArguments(schema, request, content);
const ofNodeSoap = (content: Element) =>
  wsdl.xmlToObject(writePlainEnvelope(soapVersions['1.2'], content)).Body[content.local];

const names = ['text', 'paid', 'line', 'item', 'count', 'price', 'when', 'more', 'other', 'Order'];
const attribute = fc.tuple(
  fc.constantFrom('id', 'xsi:nil', 'xsi:type', 'a', 'xml:lang'),
  fc.constantFrom('', '1', 'true', 'false', 't:Longer', 't:Line', 'x "<&'),
);
// node-soap's own parser cuts a text at 64 kB and takes each piece for a text of its own; and JavaScript's white space
// from both its ends, also of a string.
const text = fc.oneof(
  fc.constantFrom('', '7', '1.5', 'true', '2026-01-02T03:04:05Z', 'a  b'),
  fc.string({ maxLength: 20 }).map(value => value.replace(/[^\t\n -\uD7FF\uE000-\uFFFD]|(?![\t\n ])\s/g, '').trim()),
);
const { element } = fc.letrec<{ element: string }>(tie => ({
  element: fc
    .tuple(
      fc.constantFrom(...names),
      fc.uniqueArray(attribute, { selector: ([name]) => name, maxLength: 2 }),
      fc.array(fc.oneof({ depthSize: 'small' }, text.map(escapeText), tie('element')), { maxLength: 4 }),
    )
    .map(
      ([name, attributes, inside]) =>
        `<t:${name}${attributes.map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`).join('')}>` +
        `${inside.join('')}</t:${name}>`,
    ),
}));

/** Characters of all names and texts of arguments, but the names that node-soap gives attributes and texts. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + charsOf(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [name, item]) => sum + (name === 'attributes' || name === '$value' ? 0 : name.length) + charsOf(item),
    0,
  );
}

const outcome = (read: () => unknown) => {
  try {
    return { value: read() };
  } catch (error) {
    return { failed: (error as Error).constructor.name };
  }
};

test('arguments are what node-soap reads from the same element as text', () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 4 }), inside => {
      const content = contentOf(inside.join(''));
      expect(outcome(() => reading(content))).toEqual(outcome(() => ofNodeSoap(content)));
    }),
    { numRuns: 500 },
  );
});

describe('arguments of an order', () => {
  test('have the types of the schema', () => {
    const line = '<t:line id="7"><t:text> a &amp; b</t:text><t:count>3</t:count><t:price>1.50</t:price></t:line>';
    expect(reading(contentOf(`<t:text/><t:paid>true</t:paid>${line}<t:item>x</t:item><t:item>y</t:item>`))).toEqual({
      text: '',
      paid: true,
      line: [{ attributes: { id: '7' }, text: ' a & b', count: 3, price: 1.5 }],
      item: ['x', 'y'],
    });
  });

  test('have the type that xsi:type names, by a prefix which is declared outside', () => {
    const line = '<t:line xsi:type="t:Longer"><t:more>true</t:more></t:line>';
    expect(reading(contentOf(line))).toMatchObject({ line: [{ more: true }] });
  });

  test('take a text with comments and CDATA sections as one text, markup in it as text', () => {
    const inside = '<t:text>ad<!-- no -->min<![CDATA[<?xml version="1.0"?><t:paid>true</t:paid>]]></t:text>';
    expect(reading(contentOf(inside))).toEqual({ text: 'admin<?xml version="1.0"?><t:paid>true</t:paid>' });
  });

  test('keep what is white space to JavaScript and none to XML', () => {
    const spaces = '\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff';
    expect(reading(contentOf(`<t:line><t:when2>\r\n\t ${spaces}x${spaces} \t\r\n</t:when2></t:line>`))).toEqual({
      line: [{ when2: `${spaces}x${spaces}` }],
    });
  });

  test('keep white space at both ends of a string, and of nothing else', () => {
    expect(reading(contentOf('<t:text> \tx\n </t:text><t:paid> true </t:paid><t:item> </t:item>'))).toEqual({
      text: ' \tx\n ',
      paid: true,
      item: [' '],
    });
  });

  test.each(['\u00a0', '\u2028', '\ufeff'])('have no number in what stands beside %j', space => {
    const line = (count: string, price: string) =>
      reading(contentOf(`<t:line><t:count>${count}</t:count><t:price>${price}</t:price></t:line>`));
    for (const number of [`${space}3`, `3${space}`, ` ${space}3`]) {
      expect(line(number, '1.5')).toEqual({ line: [{ count: Number.NaN, price: 1.5 }] });
      expect(line('3', number)).toEqual({ line: [{ count: 3, price: Number.NaN }] });
    }
    expect(line(' \t3\n', '\r\n1.5 ')).toEqual({ line: [{ count: 3, price: 1.5 }] });
  });

  test('know only the names that the WSDL has, whatever a type is called', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'Line:Line', '', ':'])
      expect(reading(contentOf(`<t:text xsi:type="t:${name}">5</t:text>`))).toMatchObject({ text: { $value: '5' } });
  });

  test('have no more names and values than the message says them', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), inside => {
        const content = contentOf(inside.join(''));
        const { value } = outcome(() => reading(content));
        const text = content.source.slice(content.start, content.end);
        expect(charsOf(value)).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test('cost a type no more each time that it is named', () => {
    expect(schema.type('urn:t', 'Longer')).toBe(schema.type('urn:t', 'Longer'));
  });

  test('take a long text whole', () => {
    const long = `${'x'.repeat(65_530)} ${'y'.repeat(65_530)}`;
    expect(reading(contentOf(`<t:text>${long}</t:text>`))).toEqual({ text: long });
  });

  test('do not change the prototype of anything', () => {
    const inside = '<t:__proto__><t:polluted>1</t:polluted></t:__proto__><t:constructor><t:prototype/></t:constructor>';
    outcome(() => reading(contentOf(inside, ' __proto__="x"')));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
