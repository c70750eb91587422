/** Schemas of any shape, with values that they allow. */
import fc from 'fast-check';
import type { WsdlParts } from './wsdl-texts.ts';

/** A schema's child, and the values that it may have. */
interface Generated {
  /** Its declaration. */
  readonly xsd: string;
  readonly value: fc.Arbitrary<unknown>;
}

// A text of nothing but white space between elements would be none; XML has no other control characters.
const anyText = fc.string({ maxLength: 12, unit: 'grapheme' }).map(value => value.replace(/[^\t\n\r -\uFFFD]/g, ''));
const spaced = fc.oneof(anyText, fc.constantFrom(' x ', '\n\ty\r\n', ' ', '<&>"\'', ']]>'));
const simple: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: spaced,
  int: fc.integer(),
  double: fc.double({ noNaN: true }).map(value => (Object.is(value, -0) ? 0 : value)),
  boolean: fc.boolean(),
  dateTime: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
};

const simpleType = fc.constantFrom(...Object.keys(simple));
const form = fc.constantFrom('', ' form="qualified"', ' form="unqualified"');
const occurs = fc.constantFrom('one', 'list', 'optional');

function occurring(xsd: string, value: fc.Arbitrary<unknown>, how: string): Generated {
  if (how === 'list')
    return { xsd: xsd.replace('/?', ' maxOccurs="unbounded"'), value: fc.array(value, { minLength: 1, maxLength: 3 }) };
  if (how === 'one') return { xsd: xsd.replace('/?', ''), value };
  return { xsd: xsd.replace('/?', ' minOccurs="0"'), value: fc.option(value, { nil: undefined }) };
}

/** Children of both namespaces, in any form, nested in types without a name. */
function children(depth: number): fc.Arbitrary<{ xsd: string; value: fc.Arbitrary<object> }> {
  const leaf = fc.tuple(simpleType, form, occurs).map(
    ([type, said, how]) =>
      (name: string) =>
        occurring(`<xsd:element name="${name}" type="xsd:${type}"${said}/?/>`, simple[type] ?? fc.constant(''), how),
  );
  const elsewhere = occurs.map(
    how => (_name: string) => occurring('<xsd:element ref="b:There"/?/>', fc.integer(), how),
  );
  const extended = fc.tuple(form, occurs).map(([said, how]) => (name: string) => {
    const longer = fc.record({ attributes: fc.constant({ 'xsi:type': 'b:Longer' }), text: spaced, more: fc.integer() });
    const line = fc.record({ attributes: fc.record({ id: anyText }), text: spaced });
    return occurring(`<xsd:element name="${name}" type="b:Line"${said}/?/>`, fc.oneof(longer, line), how);
  });
  const nested = fc.tuple(fc.constant(depth), form, occurs).chain(([left, said, how]) =>
    left === 0
      ? leaf
      : children(left - 1).map(
          inside => (name: string) =>
            occurring(
              `<xsd:element name="${name}"${said}/?><xsd:complexType><xsd:sequence>${inside.xsd}</xsd:sequence>` +
                '</xsd:complexType></xsd:element>',
              // An object without members is read as null.
              inside.value.filter(value => Object.values(value).some(member => member !== undefined)),
              how,
            ),
        ),
  );
  return fc.array(fc.oneof(leaf, elsewhere, extended, nested), { minLength: 1, maxLength: 4 }).map(made => {
    const named = made.map((make, index) => make(`e${depth}${index}`));
    const once = named.filter(
      ({ xsd }, index) => !xsd.includes('There') || named.findIndex(one => one.xsd.includes('There')) === index,
    );
    const names = once.map(({ xsd }) => /(?:name|ref)="(?:b:)?(\w+)"/.exec(xsd)?.[1] ?? '');
    const members = Object.fromEntries(once.map(({ value }, index) => [names[index], value]));
    return { xsd: once.map(({ xsd }) => xsd).join(''), value: fc.record(members) };
  });
}

const b = `<xsd:element name="There" type="xsd:int"/>
  <xsd:complexType name="Line"><xsd:sequence><xsd:element name="text" type="xsd:string"/></xsd:sequence>
  <xsd:attribute name="id" type="xsd:string"/></xsd:complexType>
  <xsd:complexType name="Longer"><xsd:complexContent><xsd:extension base="t:Line"><xsd:sequence>
  <xsd:element name="more" type="xsd:int"/></xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>`;

/** A WSDL whose element R has a type of any shape, and a value of it. */
export const generated = fc
  .tuple(children(2), fc.constantFrom('', 'elementFormDefault="qualified"'))
  .chain(([made, of]) => {
    const a = `<xsd:element name="Q" type="xsd:string"/><xsd:element name="R"><xsd:complexType><xsd:sequence>${made.xsd}
    </xsd:sequence></xsd:complexType></xsd:element>`;
    const wsdl: WsdlParts = { a, b, form: of };
    return made.value
      .filter(value => Object.values(value).some(member => member !== undefined))
      .map(value => ({ wsdl, value }));
  });
