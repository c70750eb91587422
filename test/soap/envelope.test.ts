import { describe, expect, test } from 'vitest';
import { ns } from '../../src/names.ts';
import { readEnvelope, soapVersionOf } from '../../src/soap/envelope.ts';
import { scanText } from '../../src/xml/scan.ts';

const versions = { '1.1': ns.soap11, '1.2': ns.soap12 } as const;
type Version = keyof typeof versions;

function envelope(version: Version, header: string, body = '<m:x xmlns:m="urn:m"/>'): string {
  const headers = header === '' ? '' : `<s:Header>${header}</s:Header>`;
  return (
    `<s:Envelope xmlns:s="${versions[version]}" xmlns:o="${ns.wsse}" xmlns:m="urn:m">${headers}` +
    `<s:Body>${body}</s:Body></s:Envelope>`
  );
}

const readText = (text: string) => readEnvelope(scanText(text));
const refusal = (fault: string, reason?: string) =>
  expect.objectContaining(reason === undefined ? { fault } : { fault, reason });

describe.each(Object.keys(versions) as Version[])('a SOAP %s Envelope', version => {
  test('has a Body, and perhaps a Header with blocks in document order', () => {
    expect(readText(envelope(version, '')).header).toEqual([]);
    const read = readText(envelope(version, '<m:a/><!-- between --><o:Security/> <m:b/>'));
    expect(read.soap.name).toBe(version);
    expect(read.header.map(block => block.local)).toEqual(['a', 'Security', 'b']);
    expect(read.security?.local).toBe('Security');
    expect(read.body.children[0]?.local).toBe('x');
  });

  test('may hold a Fault of its own version, and nothing else of SOAP, in its Body', () => {
    expect(readText(envelope(version, '', '<s:Fault/>')).body.children[0]?.local).toBe('Fault');
    const other = version === '1.1' ? ns.soap12 : ns.soap11;
    for (const child of ['<s:Body/>', '<s:Header/>', '<s:Envelope/>', `<f:Fault xmlns:f="${other}"/>`]) {
      expect(() => readText(envelope(version, '', child)), child).toThrow(refusal('malformed', 'nested-envelope'));
    }
  });

  test('without a Body, with a Header after it or with text in it is malformed', () => {
    const good = envelope(version, '<m:a/>');
    for (const bad of [
      good.replace(/<s:Body>.*<\/s:Body>/, ''),
      good.replace('<s:Header><m:a/></s:Header>', '').replace('</s:Body>', '</s:Body><s:Header/>'),
      good.replace('<s:Header>', '<s:Header>x'),
      good.replace('<m:a/>', '<m:a/><![CDATA[ ]]>'),
      good.replace('<s:Body>', 'x<s:Body>'),
      good.replace('<s:Body>', '&#32;<s:Body>'),
    ]) {
      expect(() => readText(bad), bad).toThrow(refusal('malformed'));
    }
  });
});

describe('mustUnderstand', () => {
  const values: readonly [Version, string, 'malformed' | 'mustUnderstand' | undefined][] = [
    ['1.1', '1', 'mustUnderstand'],
    ['1.1', '0', undefined],
    ['1.1', 'true', 'malformed'],
    ['1.1', 'false', 'malformed'],
    ['1.2', '1', 'mustUnderstand'],
    ['1.2', 'true', 'mustUnderstand'],
    ['1.2', '0', undefined],
    ['1.2', 'false', undefined],
    ['1.2', 'TRUE', 'malformed'],
    ['1.2', '', 'malformed'],
  ];

  test.each(values)('in SOAP %s, %j on an unknown header is: %s', (version, value, fault) => {
    const text = envelope(version, `<m:a s:mustUnderstand="${value}"/>`);
    if (fault === undefined) expect(readText(text).header).toHaveLength(1);
    else expect(() => readText(text)).toThrow(refusal(fault));
  });

  test('of the other version is an attribute like any', () => {
    expect(readText(envelope('1.1', `<m:a xmlns:t="${ns.soap12}" t:mustUnderstand="1"/>`)).header).toHaveLength(1);
  });

  const roles: readonly [Version, string, boolean][] = [
    ['1.1', 's:actor="http://schemas.xmlsoap.org/soap/actor/next"', true],
    ['1.1', 's:actor="urn:other"', false],
    ['1.1', 's:actor=""', true],
    ['1.2', `s:role="${ns.soap12}/role/next"`, true],
    ['1.2', `s:role="${ns.soap12}/role/ultimateReceiver"`, true],
    ['1.2', `s:role="${ns.soap12}/role/none"`, false],
    ['1.2', 's:role="urn:other"', false],
  ];

  test.each(roles)('in SOAP %s, a header with %s is ours: %s', (version, role, ours) => {
    const text = envelope(version, `<m:a ${role} s:mustUnderstand="1"/>`);
    if (ours) expect(() => readText(text)).toThrow(refusal('mustUnderstand'));
    else expect(readText(text).header).toHaveLength(1);
  });
});

describe('the Security header', () => {
  test('addressed to the ultimate receiver is ours, one for another node is not', () => {
    const ultimate = `<o:Security s:role="${ns.soap12}/role/ultimateReceiver"/>`;
    expect(readText(envelope('1.2', ultimate)).security).toBeDefined();
    expect(readText(envelope('1.2', '<o:Security s:role="urn:other"/>')).security).toBeUndefined();
    expect(readText(envelope('1.2', `<o:Security s:role="urn:other"/>${ultimate}`)).security?.attributes).toHaveLength(
      1,
    );
  });

  test('is there once', () => {
    const twice = `<o:Security/><o:Security s:role="${ns.soap12}/role/ultimateReceiver"/>`;
    expect(() => readText(envelope('1.2', twice))).toThrow(refusal('invalidSecurity', 'second-security-header'));
  });
});

describe('the version', () => {
  test('of an Envelope in an unknown namespace is a mismatch, and another root is malformed', () => {
    expect(() => readText('<Envelope xmlns="urn:soap"><Body/></Envelope>')).toThrow(refusal('versionMismatch'));
    expect(() => readText(`<s:Message xmlns:s="${ns.soap12}"/>`)).toThrow(refusal('malformed', 'envelope'));
  });

  test('can be told from the root alone', () => {
    expect(soapVersionOf(scanText(`<s:Envelope xmlns:s="${ns.soap11}">x</s:Envelope>`).root)?.name).toBe('1.1');
    expect(soapVersionOf(scanText(`<s:Body xmlns:s="${ns.soap11}"/>`).root)).toBeUndefined();
  });
});
