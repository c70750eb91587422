import { describe, expect, test } from 'vitest';
import { dialects, ns, soapVersions } from '../../src/names.ts';
import type { Layout } from '../../src/policy/plan.ts';
import { parseSecurityHeader, type SecurityHeader } from '../../src/security/header.ts';
import { writeTimestamp } from '../../src/security/timestamp.ts';
import { writeUsernameToken } from '../../src/security/username-token.ts';
import { scanText } from '../../src/xml/scan.ts';
import { contextId, derivedKeyToken, parts, reference, str } from '../message/builder.ts';
import { suite } from '../message/plans.ts';

const timestamp = writeTimestamp('TS', 0, 1000);
const token = writeUsernameToken('UT', { username: 'a', password: 'b' });
const refusal = (reason: string) => expect.objectContaining({ fault: 'invalidSecurity', reason });

function parse(children: string, layout: Layout = 'lax', attributes = ''): SecurityHeader {
  const { root } = scanText(
    `<o:Security xmlns:o="${ns.wsse}" xmlns:s="${ns.soap12}" ${attributes}>${children}</o:Security>`,
  );
  const dialect = dialects.feb2005;
  return parseSecurityHeader(root, { soap: soapVersions['1.2'], dialect, suite: suite('Basic128'), layout });
}

describe('the layout', () => {
  const orders: readonly [Layout, string, string | undefined][] = [
    ['laxTimestampFirst', timestamp + token, undefined],
    ['laxTimestampFirst', token + timestamp, 'timestamp-first'],
    ['laxTimestampLast', token + timestamp, undefined],
    ['laxTimestampLast', timestamp + token, 'timestamp-last'],
    ['lax', token + timestamp, undefined],
    ['strict', token + timestamp, undefined],
    ['laxTimestampFirst', token, undefined],
  ];

  test.each(orders)('%s decides where the Timestamp stands', (layout, children, reason) => {
    if (reason === undefined) expect(parse(children, layout).supportingTokens).toHaveLength(1);
    else expect(() => parse(children, layout)).toThrow(refusal(reason));
  });
});

describe('the layout strict', () => {
  const declarations = `xmlns:wsse="${ns.wsse}" xmlns:wsu="${ns.wsu}" xmlns:wsc="${dialects.feb2005.wsc}"`;
  const uses = (uri: string) => derivedKeyToken('DKs', str(reference(uri, dialects.feb2005.sct)));

  test.each(['#SCT', `#${contextId}`])('has a context before a key that refers to it by %s', uri => {
    expect(parse(parts.sct + uses(uri), 'strict', declarations).derivedKeys).toHaveLength(1);
    expect(() => parse(uses(uri) + parts.sct, 'strict', declarations)).toThrow(refusal('token-after-use'));
    expect(parse(uses(uri) + parts.sct, 'lax', declarations).derivedKeys).toHaveLength(1);
  });
});

test('the children come out by kind and in document order', () => {
  const header = parse(`${token}<!-- between --> ${timestamp}`);
  expect(header.order.map(element => element.local)).toEqual(['UsernameToken', 'Timestamp']);
  expect(header.timestamps).toHaveLength(1);
  expect(header.signatures).toHaveLength(0);
});

test('no header is one without content', () => {
  const options = {
    soap: soapVersions['1.2'],
    dialect: dialects.feb2005,
    suite: suite('Basic128'),
    layout: 'lax',
  } as const;
  expect(parseSecurityHeader(undefined, options)).toEqual(parse(''));
});

test('its attributes are those of SOAP', () => {
  expect(parse('', 'lax', 's:mustUnderstand="1" s:role="" s:relay="false"').order).toEqual([]);
  for (const attribute of ['Id="x"', 'mustUnderstand="1"', `xmlns:u="${ns.wsu}" u:Id="x"`, 's:encodingStyle="x"']) {
    expect(() => parse('', 'lax', attribute), attribute).toThrow(refusal('security-attribute'));
  }
});

test('a name counts with its namespace', () => {
  for (const child of [
    '<Timestamp/>',
    '<o:Timestamp/>',
    `<x:SecurityContextToken xmlns:x="${dialects['200512'].wsc}"/>`,
  ]) {
    expect(() => parse(child), child).toThrow(refusal('security-child'));
  }
});
