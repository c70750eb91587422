import { expect, test } from 'vitest';
import { addressingVersions, soapVersions } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { checkOffered, checkServable } from '../../src/policy/offered.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';

const plan = planOf(readWsdl('wsdl/echo.wsdl'), 'EchoTls11');

test('SOAP 1.2 with WS-Addressing 1.0 is served and called', () => {
  expect(() => checkServable(plan)).not.toThrow();
  expect(() => checkOffered(plan)).not.toThrow();
});

test.each([
  ['SOAP 1.1', { soap: soapVersions['1.1'] }],
  ['WS-Addressing 2004/08', { addressing: addressingVersions['2004/08'] }],
])('a port that speaks %s is refused by name, though its messages can be read', (name, changed) => {
  for (const check of [checkServable, checkOffered]) {
    expect(() => check({ ...plan, ...changed })).toThrow(
      expect.objectContaining({
        code: 'POLICY_UNSUPPORTED',
        message: expect.stringContaining('port EchoTls11 speaks'),
      }),
    );
    expect(() => check({ ...plan, ...changed })).toThrow(name);
  }
});

test('a port with a one-way operation is served, and refused to the client by the names of both', () => {
  const operations = plan.operations.map(operation => ({ ...operation, output: undefined }));
  expect(() => checkServable({ ...plan, operations })).not.toThrow();
  expect(() => checkOffered({ ...plan, operations })).toThrow(
    expect.objectContaining({
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringMatching(
        /^operation Echo of port EchoTls11 has no output; .* the client does not call them$/,
      ),
    }),
  );
});
