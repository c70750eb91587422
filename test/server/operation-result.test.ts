import fc from 'fast-check';
import type { WSDL } from 'soap';
import { beforeAll, describe, expect, test } from 'vitest';
import { soapVersions } from '../../src/names.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { type ResultShape, resultShape, writeResult } from '../../src/server/operation-result.ts';
import { openServiceWsdl } from '../../src/server/service-wsdl.ts';

const file = 'wsdl/echo.wsdl';
let wsdl: WSDL;
let shape: ResultShape;

beforeAll(async () => {
  wsdl = await openServiceWsdl(readWsdl(file));
  shape = resultShape(wsdl, { service: 'EchoService', port: 'EchoTls11', soap: soapVersions['1.2'] }, 'Echo');
});

/** The prefixes that the body of a result declares. */
function declared(text: string): string[] {
  const { declarations } = writeResult(wsdl, shape, { text });
  return [...declarations.matchAll(/xmlns:([^=]+)=/g)].map(([, prefix = '']) => prefix);
}

describe('the body of a result', () => {
  test('declares the prefixes that stand before a colon in it, and no others', () => {
    const prefixes = shape.declarations.map(({ prefix }) => prefix);
    const pieces = fc.constantFrom(
      ...prefixes,
      ...prefixes.map(prefix => `${prefix}:`),
      ':',
      ' ',
      'x',
      'é',
      'soa',
      'p:',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), texts => {
        const text = texts.join('');
        const { content } = writeResult(wsdl, shape, { text });
        expect(declared(text)).toEqual(prefixes.filter(prefix => content.includes(`${prefix}:`)));
      }),
    );
  });

  test('needs no declaration for colons alone', () => {
    const colons = ':'.repeat(1 << 16);
    expect(declared(colons)).toEqual(declared(''));
    expect(writeResult(wsdl, shape, { text: colons }).content).toContain(colons);
  });
});
