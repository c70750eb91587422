import { expect, test } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { checkOffered } from '../../src/policy/offered.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';

const plan = planOf(readWsdl('wsdl/echo.wsdl'), 'EchoTls11');

test('a port whose operations have answers is called', () => {
  expect(() => checkOffered(plan)).not.toThrow();
});

test('a port with a one-way operation is refused to the client by the names of both', () => {
  const operations = plan.operations.map(operation => ({ ...operation, output: undefined }));
  expect(() => checkOffered({ ...plan, operations })).toThrow(
    expect.objectContaining({
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringMatching(
        /^operation Echo of port EchoTls11 has no output; .* the client does not call them$/,
      ),
    }),
  );
});
