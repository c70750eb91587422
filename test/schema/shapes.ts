/** A table of schema shapes: a value, and what it is as XML, each name in its namespace. */
import { scanText } from '../../src/xml/scan.ts';
import { type Element, leafText, namespaceOf } from '../../src/xml/tree.ts';
import type { WsdlParts } from './wsdl-texts.ts';

export interface Shape {
  readonly wsdl: WsdlParts;
  readonly value: unknown;
  readonly xml: string;
  /** What the XML is read as, where that is another value. */
  readonly read?: unknown;
}

const q = '<xsd:element name="Q" type="xsd:string"/>';
const sequence = (inside: string) => `<xsd:complexType><xsd:sequence>${inside}</xsd:sequence></xsd:complexType>`;
const r = (inside: string) => `${q}<xsd:element name="R">${sequence(inside)}</xsd:element>`;
const element = (name: string, more = 'type="xsd:string"') => `<xsd:element name="${name}" ${more}/>`;

const line = `<xsd:complexType name="Line"><xsd:sequence>${element('text')}</xsd:sequence>
  <xsd:attribute name="id" type="xsd:string"/></xsd:complexType>
  <xsd:complexType name="Longer"><xsd:complexContent><xsd:extension base="t:Line"><xsd:sequence>
  ${element('more', 'type="xsd:int"')}</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>`;

/** By what is peculiar to each. */
export const shapes: Readonly<Record<string, Shape>> = {
  'a qualified child': {
    wsdl: { a: r(element('text')) },
    value: { text: 'x' },
    xml: '{urn:a}R[{urn:a}text=x]',
  },
  'an unqualified child': {
    wsdl: { a: r(element('text')), form: '' },
    value: { text: 'x' },
    xml: '{urn:a}R[text=x]',
  },
  'a child whose form is another than the default': {
    wsdl: { a: r(element('text', 'type="xsd:string" form="unqualified"') + element('other')) },
    value: { text: 'x', other: 'y' },
    xml: '{urn:a}R[text=x,{urn:a}other=y]',
  },
  'a child that is an element of another namespace': {
    wsdl: { a: r('<xsd:element ref="b:There"/>'), b: element('There', 'type="xsd:int"') },
    value: { There: 5 },
    xml: '{urn:a}R[{urn:b}There=5]',
  },
  'a type of another namespace': {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line },
    value: { line: { text: 'x' } },
    xml: '{urn:a}R[{urn:a}line[{urn:b}text=x]]',
  },
  'a type of another namespace in an unqualified child': {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line, form: '' },
    value: { line: { text: 'x' } },
    xml: '{urn:a}R[line[{urn:b}text=x]]',
  },
  'a list': {
    wsdl: { a: r(element('item', 'type="xsd:int" maxOccurs="unbounded"')) },
    value: { item: [1, 2] },
    xml: '{urn:a}R[{urn:a}item=1,{urn:a}item=2]',
  },
  'a list of one': {
    wsdl: { a: r(element('item', 'type="xsd:int" maxOccurs="3"')) },
    value: { item: [1] },
    xml: '{urn:a}R[{urn:a}item=1]',
  },
  'a list of elements of another namespace': {
    wsdl: { a: r('<xsd:element ref="b:There" maxOccurs="2"/>'), b: element('There', 'type="xsd:int"') },
    value: { There: [5, 6] },
    xml: '{urn:a}R[{urn:b}There=5,{urn:b}There=6]',
  },
  'members in another order than the schema has': {
    wsdl: { a: r(element('one') + element('two') + element('three')) },
    value: { three: '3', one: '1', two: '2' },
    xml: '{urn:a}R[{urn:a}one=1,{urn:a}two=2,{urn:a}three=3]',
  },
  nil: {
    wsdl: { a: r(element('text', 'type="xsd:int" nillable="true"') + element('other')) },
    value: { text: null, other: 'y' },
    xml: '{urn:a}R[{urn:a}text{xsi:nil=true},{urn:a}other=y]',
    read: { other: 'y' },
  },
  'null of an optional text that can not be nil': {
    wsdl: { a: r(element('text', 'type="xsd:string" minOccurs="0"') + element('other')) },
    value: { text: null, other: 'y' },
    xml: '{urn:a}R[{urn:a}other=y]',
    read: { other: 'y' },
  },
  'null of a text that must be there': {
    wsdl: { a: r(element('text') + element('other')) },
    value: { text: null, other: 'y' },
    xml: '{urn:a}R[{urn:a}text{xsi:nil=true},{urn:a}other=y]',
    read: { other: 'y' },
  },
  'attributes beside children': {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line },
    value: { line: { attributes: { id: '"<7' }, text: 'x' } },
    xml: '{urn:a}R[{urn:a}line{id="<7}[{urn:b}text=x]]',
  },
  'a qualified attribute, and a text beside it': {
    wsdl: {
      a: r(
        '<xsd:element name="n"><xsd:complexType><xsd:simpleContent><xsd:extension base="xsd:int">' +
          '<xsd:attribute ref="b:unit"/></xsd:extension></xsd:simpleContent></xsd:complexType></xsd:element>',
      ),
      b: '<xsd:attribute name="unit" type="xsd:string"/>',
    },
    value: { n: { attributes: { 'b:unit': 'm' }, $value: 3 } },
    xml: '{urn:a}R[{urn:a}n{urn:b unit=m}=3]',
  },
  'a type that extends the declared one': {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line },
    value: { line: { attributes: { 'xsi:type': 'b:Longer' }, text: 'x', more: 5 } },
    xml: '{urn:a}R[{urn:a}line{xsi:type={urn:b}Longer}[{urn:b}text=x,{urn:b}more=5]]',
  },
  'a type named by a prefix of elsewhere': {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line },
    value: { line: { attributes: { 'xsi:type': 'ns4:Longer' }, text: 'x', more: 5 } },
    xml: '{urn:a}R[{urn:a}line{xsi:type={urn:b}Longer}[{urn:b}text=x,{urn:b}more=5]]',
    read: { line: { attributes: { 'xsi:type': 'b:Longer' }, text: 'x', more: 5 } },
  },
  "a type named in node-soap's form": {
    wsdl: { a: r(element('line', 'type="b:Line"')), b: line },
    value: { line: { attributes: { xsi_type: { type: 'Longer', prefix: 'x', xmlns: 'urn:b' } }, more: 5 } },
    xml: '{urn:a}R[{urn:a}line{xsi:type={urn:b}Longer}[{urn:b}more=5]]',
    read: { line: { attributes: { 'xsi:type': 'b:Longer' }, more: 5 } },
  },
  'children of the type that is extended, which come first': {
    wsdl: { a: r(element('line', 'type="b:Longer"')), b: line },
    value: { line: { more: 5, text: 'x' } },
    xml: '{urn:a}R[{urn:a}line[{urn:b}text=x,{urn:b}more=5]]',
  },
  'a type that holds itself': {
    wsdl: {
      a: `${r(element('tree', 'type="other:Tree"').replace('other', 't'))}<xsd:complexType name="Tree"><xsd:sequence>
        ${element('name')}${element('tree', 'type="t:Tree" minOccurs="0" maxOccurs="unbounded"')}
        </xsd:sequence></xsd:complexType>`,
    },
    value: { tree: { name: 'a', tree: [{ name: 'b' }, { name: 'c' }] } },
    xml: '{urn:a}R[{urn:a}tree[{urn:a}name=a,{urn:a}tree[{urn:a}name=b],{urn:a}tree[{urn:a}name=c]]]',
  },
  'a group and an attribute group': {
    wsdl: {
      a: `${r(`${element('one')}<xsd:group ref="b:G"/>${element('last')}`)}`,
      b: `<xsd:group name="G"><xsd:sequence>${element('in')}</xsd:sequence></xsd:group>`,
    },
    value: { last: 'z', in: 'y', one: 'x' },
    xml: '{urn:a}R[{urn:a}one=x,{urn:b}in=y,{urn:a}last=z]',
  },
  'an element in the place of another': {
    wsdl: {
      a: r('<xsd:element ref="b:Head"/>'),
      b: `${element('Head', 'type="b:Line" abstract="true"').replace('b:', 't:')}${line}
        ${element('Special', 'type="t:Longer" substitutionGroup="t:Head"')}`,
    },
    value: { Special: { text: 'x', more: 5 } },
    xml: '{urn:a}R[{urn:b}Special[{urn:b}text=x,{urn:b}more=5]]',
  },
  'a bare text': {
    wsdl: { a: `${q}${element('R')}` },
    value: 'x & y',
    xml: '{urn:a}R=x & y',
  },
  'white space at both ends of a string': {
    wsdl: { a: r(element('text')) },
    value: { text: ' \t x\r\n ' },
    xml: '{urn:a}R[{urn:a}text= \t x\r\n ]',
  },
  'what looks like a CDATA section': {
    wsdl: { a: r(element('text')) },
    value: { text: '<![CDATA[x]]>' },
    xml: '{urn:a}R[{urn:a}text=<![CDATA[x]]>]',
  },
  'values of other types than string': {
    wsdl: {
      a: r(
        element('whole', 'type="xsd:long"') +
          element('part', 'type="xsd:double"') +
          element('when', 'type="xsd:dateTime"') +
          element('day', 'type="xsd:date"') +
          element('is', 'type="xsd:boolean"'),
      ),
    },
    value: {
      whole: 5,
      part: Number.NEGATIVE_INFINITY,
      when: new Date('2026-01-02T03:04:05.006Z'),
      day: new Date('2026-01-02'),
      is: false,
    },
    xml:
      '{urn:a}R[{urn:a}whole=5,{urn:a}part=-INF,{urn:a}when=2026-01-02T03:04:05.006Z,{urn:a}day=2026-01-02,' +
      '{urn:a}is=false]',
  },
  'a qualified name': {
    wsdl: { a: r(element('name', 'type="xsd:QName"')) },
    value: { name: 'b:x' },
    xml: '{urn:a}R[{urn:a}name=b:x where b is urn:b]',
  },
  'XML as it stands': {
    wsdl: { a: r('<xsd:any/>'), b: '' },
    value: { $xml: '<b:x>1</b:x>' },
    xml: '{urn:a}R[{urn:b}x=1]',
    read: { x: '1' },
  },
  'a member that the schema does not have': {
    wsdl: { a: r(element('text')) },
    value: { other: { inner: '1' }, text: 'x' },
    xml: '{urn:a}R[{urn:a}text=x,{urn:a}other[{urn:a}inner=1]]',
  },
  'an element whose schema is not at hand': {
    wsdl: { a: q },
    value: { text: 'x' },
    xml: '{urn:a}R[{urn:a}text=x]',
  },
  'parts of style rpc': {
    wsdl: {
      a: line,
      style: 'rpc',
      body: 'namespace="urn:r"',
      request: '',
      response: '<wsdl:part name="count" type="xsd:int"/><wsdl:part name="line" type="t:Line"/>',
    },
    value: { line: { text: 'x' }, count: 5 },
    xml: '{urn:r}CallResponse[count=5,line[{urn:a}text=x]]',
  },
  'a part of style rpc without value': {
    wsdl: { a: '', style: 'rpc', request: '', response: '<wsdl:part name="text" type="xsd:string"/>' },
    value: { text: null },
    xml: 'CallResponse',
    read: null,
  },
};

/** An element by the names and values that it has, whatever its prefixes. */
export function outlineOf(text: string): string {
  return outline(scanText(text).root);
}

function outline(element: Element): string {
  const { namespace, local, attributes, children } = element;
  const name = namespace === '' ? local : `{${namespace}}${local}`;
  const said = attributes.map(({ name: written, namespace: of, local: own, value }) => {
    if (written === 'xsi:type')
      return `xsi:type={${namespaceOf(element, value.split(':')[0] ?? '')}}${value.split(':')[1]}`;
    return `${of === '' || written.startsWith('xsi:') ? written : `${of} ${own}`}=${value}`;
  });
  const tags = said.length === 0 ? '' : `{${said.join(' ')}}`;
  if (children.length > 0) return `${name}${tags}[${children.map(outline).join(',')}]`;
  const value = leafText(element);
  const prefix = /^([a-z]\w*):\w/.exec(value)?.[1];
  const bound = prefix === undefined ? undefined : namespaceOf(element, prefix);
  const meaning = bound === undefined ? '' : ` where ${prefix} is ${bound}`;
  return `${name}${tags}${value === '' ? '' : `=${value}${meaning}`}`;
}
