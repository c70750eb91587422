import fc from 'fast-check';
import { expect, test } from 'vitest';
import { operationBodies, schemaOf } from '../../src/schema/operation-bodies.ts';
import { readValue } from '../../src/schema/read-value.ts';
import { usualKeys } from '../../src/schema/value-keys.ts';
import { writeValue } from '../../src/schema/write-value.ts';
import { scanText } from '../../src/xml/scan.ts';
import { generated } from './generated.ts';
import { wsdlOf } from './wsdl-texts.ts';

test('what is written by any schema is read as the same value', () => {
  fc.assert(
    fc.property(generated, ({ wsdl: parts, value }) => {
      const wsdl = wsdlOf(parts);
      const response = operationBodies(wsdl, 'P').get('Call')?.response ?? expect.fail('no response');
      const text = writeValue(schemaOf(wsdl), value, response, usualKeys);
      expect(readValue(schemaOf(wsdl), scanText(text).root, response.type, usualKeys)).toEqual(value);
    }),
    { numRuns: 200 },
  );
});
