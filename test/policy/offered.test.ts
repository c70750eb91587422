import { expect, test } from 'vitest';
import { addressingVersions, soapVersions } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { checkOffered } from '../../src/policy/offered.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';

const plan = planOf(readWsdl('wsdl/echo.wsdl'), 'EchoTls11');

test('SOAP 1.2 with WS-Addressing 1.0 is offered', () => {
  expect(() => checkOffered(plan)).not.toThrow();
});

test.each([
  ['SOAP 1.1', { soap: soapVersions['1.1'] }],
  ['WS-Addressing 2004/08', { addressing: addressingVersions['2004/08'] }],
])('a port that speaks %s is refused by name, though its messages can be read', (name, changed) => {
  expect(() => checkOffered({ ...plan, ...changed })).toThrow(
    expect.objectContaining({ code: 'POLICY_UNSUPPORTED', message: expect.stringContaining(`port EchoTls11 speaks`) }),
  );
  expect(() => checkOffered({ ...plan, ...changed })).toThrow(name);
});

test('a port with a one-way operation is refused by the names of both', () => {
  const operations = plan.operations.map(operation => ({ ...operation, output: undefined }));
  expect(() => checkOffered({ ...plan, operations })).toThrow(
    expect.objectContaining({
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringMatching(/operation Echo of port EchoTls11/),
    }),
  );
});
