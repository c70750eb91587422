import { describe, expect, test } from 'vitest';
import type { SignedScope } from '../../src/message/signed-names.ts';
import { provenBlocks } from '../../src/message/verified.ts';
import { ns, soapVersions } from '../../src/names.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { scanText } from '../../src/xml/scan.ts';

const soap = soapVersions['1.2'];
const envelope = readEnvelope(
  scanText(
    `<s:Envelope xmlns:s="${soap.namespace}" xmlns:q="urn:q" xmlns:xsi="${ns.xsi}"><s:Header>` +
      '<a/><typed xsi:type="q:Amount"/><outer><inner xsi:type="q:Amount"/></outer>' +
      `<far s:role="urn:somebody"/><next s:role="${soap.next}"/><o:Security xmlns:o="${ns.wsse}"/>` +
      '</s:Header><s:Body/></s:Envelope>',
  ),
);
const named = (name: string) => envelope.header.find(({ local }) => local === name) ?? expect.fail(name);
const given = (scope: SignedScope | undefined) => provenBlocks(envelope, scope).map(({ local }) => local);
/** A scope in which the blocks of these names are signed, each with this PrefixList. */
const signing = (names: readonly string[], prefixes: readonly string[] = []): SignedScope => ({
  parts: new Map(names.map(name => [named(name), prefixes])),
  plaintext: 'canonical',
});
const all = envelope.header.map(({ local }) => local);

describe('the header blocks of a message that may be used', () => {
  test('are all that are for us where TLS protects it', () => {
    expect(given(undefined)).toEqual(['a', 'typed', 'outer', 'next']);
  });

  test('are those that are signed', () => {
    expect(given(signing([]))).toEqual([]);
    expect(given(signing(['a', 'next']))).toEqual(['a', 'next']);
  });

  test('are none of another node’s, nor the Security header, signed or not', () => {
    expect(given(signing(all, ['q']))).toEqual(['a', 'typed', 'outer', 'next']);
  });

  test('are none with a type, at any depth, whose prefix is not signed', () => {
    expect(given(signing(all))).toEqual(['a', 'next']);
  });
});
