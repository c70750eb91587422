import { describe, expect, test } from 'vitest';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { readValue } from '../../src/schema/read-value.ts';
import { writeValue } from '../../src/schema/write-value.ts';
import { scanText } from '../../src/xml/scan.ts';
import { outlineOf, shapes } from './shapes.ts';
import { wsdlOf } from './wsdl-texts.ts';

const keys = { attributes: 'attributes', text: '$value', xml: '$xml' };

describe.each(Object.entries(shapes))('%s', (_name, { wsdl: parts, value, xml, read = value }) => {
  const wsdl = wsdlOf(parts);
  const response = operationBodies(wsdl, 'P').get('Call')?.response ?? expect.fail('no response');
  const text = () => writeValue(schemaOf(wsdl), value, response, keys);

  test('is written in its namespace and form', () => {
    expect(outlineOf(text())).toBe(xml);
  });

  test('is read again', () => {
    expect(readValue(schemaOf(wsdl), scanText(text()).root, response.type, keys)).toEqual(read);
  });
});
