import { describe, expect, test } from 'vitest';
import { soapVersions } from '../../src/names.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { mustUnderstand, postHeaders, soapDeclaration, writeEnvelope } from '../../src/soap/envelope-writer.ts';
import { scanText } from '../../src/xml/scan.ts';

const action = 'urn:echo:Echo';

describe.each(Object.values(soapVersions))('SOAP $name', soap => {
  const read = (header: string, declarations = '') =>
    readEnvelope(scanText(writeEnvelope(soap, header, '<s:Body><x/></s:Body>', declarations)));

  test('is read as the version that it was written in, without a Header where there are no blocks', () => {
    const text = writeEnvelope(soap, '', '<s:Body></s:Body>');
    expect(text).not.toContain('Header');
    expect(readEnvelope(scanText(text)).soap).toBe(soap);
  });

  test('has its header blocks, with the declarations that stand on the Header', () => {
    const { header } = read('<q:a/><q:b/>', ' xmlns:q="urn:q"');
    expect(header.map(({ namespace, local }) => `${namespace} ${local}`)).toEqual(['urn:q a', 'urn:q b']);
  });

  test('has blocks that must be understood, also where they declare the prefix themselves', () => {
    for (const declaration of ['', soapDeclaration(soap)])
      expect(() => read(`<q:a xmlns:q="urn:q"${declaration}${mustUnderstand}/>`)).toThrow(
        expect.objectContaining({ fault: 'mustUnderstand' }),
      );
  });
});

test('SOAP 1.2 has its action in the media type, SOAP 1.1 in a header of its own', () => {
  expect(postHeaders(soapVersions['1.2'], action)).toEqual({
    'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`,
  });
  expect(postHeaders(soapVersions['1.1'], action)).toEqual({
    'Content-Type': 'text/xml; charset=utf-8',
    SOAPAction: `"${action}"`,
  });
});
