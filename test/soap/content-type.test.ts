import { describe, expect, test } from 'vitest';
import { parseContentType } from '../../src/soap/content-type.ts';
import { costOfFourTimes } from '../support/cost.ts';

const soap = 'application/soap+xml';

describe('a Content-Type is read by the grammar of RFC 9110', () => {
  test.each<[string, string, Record<string, string>]>([
    [soap, soap, {}],
    ['Application/SOAP+XML', soap, {}],
    ['text/xml;charset=utf-8', 'text/xml', { charset: 'utf-8' }],
    ['text/xml ; Charset=UTF-8', 'text/xml', { charset: 'UTF-8' }],
    ['text/xml;\t charset="utf-8" ;action=a', 'text/xml', { charset: 'utf-8', action: 'a' }],
    [`${soap}; action="urn:a;b=c"`, soap, { action: 'urn:a;b=c' }],
    [`${soap}; action=""`, soap, { action: '' }],
    [`${soap};`, soap, {}],
    [`${soap}; ; charset=utf-8 ;`, soap, { charset: 'utf-8' }],
  ])('%s', (text, type, parameters) => {
    const parsed = parseContentType(text);
    expect(parsed?.type).toBe(type);
    expect(Object.fromEntries(parsed?.parameters ?? [])).toEqual(parameters);
  });
});

describe('none that two readers could take for two is read', () => {
  test.each([
    '',
    ';charset=utf-8',
    'soap',
    '/xml',
    'text/',
    'text /xml',
    'text/ xml',
    'text/xml charset=utf-8',
    'text/xml, text/plain',
    'text/xml; charset=utf-8, text/plain',
    'text/xml; charset',
    'text/xml; charset=',
    'text/xml; charset =utf-8',
    'text/xml; charset= utf-8',
    'text/xml; =utf-8',
    'text/xml; charset=utf-8 utf-16',
    "text/xml; charset='utf 8'",
    'text/xml; charset="utf-8',
    'text/xml; charset=utf-8"',
    'text/xml; charset="utf-8"x',
    'text/xml; charset="ut\\f-8"',
    'text/xml; charset=ut\\f-8',
    'text/xml; action=urn:a',
    'text/xml; action="a" "b"',
    'text/xml; charset=utf-8; charset=utf-8',
    'text/xml; charset=utf-8; CHARSET="utf-8"',
    'text/xml; action="a\u00e9"',
    "text/xml; charset*=utf-8''utf-16",
    "text/xml; charset=utf-8; charset*=utf-8''utf-16",
    'text/xml; action*0=a; action*1=b',
    'text/xml;\u00a0charset=utf-8',
    '\u00a0text/xml',
    'text/xml\u00a0',
    'text/xm\u00e9',
    'text/xml; a="\0"',
    'text/xml; a="\n"',
  ])('%j', text => {
    expect(parseContentType(text)).toBeUndefined();
    // What was read last is no answer for another.
    expect(parseContentType(soap)?.type).toBe(soap);
  });
});

test('it has 16 parameters and no more', () => {
  const written = (count: number) => `${soap}${Array.from({ length: count }, (_, index) => `;${index}=x`).join('')}`;
  expect(parseContentType(written(16))?.parameters.size).toBe(16);
  expect(parseContentType(written(17))).toBeUndefined();
});

test('it is read in time in proportion to its length', async () => {
  for (const unit of [';', '; ', ' ', '\t;', ';a', ';a="', '"', '; a=b ', 'a', '/'])
    expect(await costOfFourTimes(50_000, size => parseContentType(`text/xml${unit.repeat(size)}\u00e9`))).toBeLessThan(
      8,
    );
});
