import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { servablePlans } from '../../src/server/servable-plans.ts';
import { echoText, lineOf } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'skip-unsupported-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The example with a suite that is not implemented in the policies that have one of these ids. */
function wsdlWith(name: string, ...policies: readonly string[]): string {
  const file = join(folder, name);
  const text = echoText(
    ...policies.map(id => ({ within: `wsu:Id="${id}"`, from: /<sp:Basic\w+\/>/, to: '<sp:TripleDes/>' })),
  );
  writeFileSync(file, text);
  return file;
}

const partly = wsdlWith('partly.wsdl', 'EchoTls11_policy');
const wholly = wsdlWith('wholly.wsdl', 'EchoTls11_policy', 'EchoTls13_policy', 'EchoSymmetric_policy');
const all = { paths: 'wsdl', unprotectedPorts: [], skipUnsupported: false } as const;
const skipping = { ...all, skipUnsupported: true } as const;

let node: ListeningNode | undefined;
afterAll(() => node?.close());

test('a port that can not be served has all refused, with the option that leaves it out', async () => {
  await expect(listen({ wsdl: partly })).rejects.toMatchObject({
    code: 'POLICY_UNSUPPORTED',
    message: expect.stringContaining('TripleDes is not implemented (port EchoTls11)'),
    hint:
      'choose another suite, such as Basic256Sha256 or Basic256; or ' +
      "leave out what can't be served (EchoTls11): skipUnsupported, --skip-unsupported",
  });
});

test('where the user says so the others are served, and what was left out is told', async () => {
  node = await listen({ wsdl: partly, skipUnsupported: true });
  const { endpoint, lines } = node;
  expect(endpoint.plans.map(({ port }) => port)).toEqual(['EchoTls13', 'EchoSymmetric']);
  const line = lineOf(echoText(), 'wsu:Id="EchoTls11_policy"', /<sp:Basic\w+\/>/);
  expect(endpoint.leftOut).toMatchObject([
    {
      port: 'EchoTls11',
      problems: [{ file: partly, line, says: expect.stringMatching(/TripleDes is not implemented$/) }],
    },
  ]);
  expect(lines.map(text => JSON.parse(text))).toContainEqual(
    expect.objectContaining({
      msg: 'port not served',
      port: 'EchoTls11',
      problems: [expect.stringContaining(`${partly}:${line}: `)],
    }),
  );
  const published = await (await fetch(`http://localhost:${node.http}/?wsdl`)).text();
  expect([...published.matchAll(/<wsdl:port [^>]*name="(\w+)"/g)].map(([, name]) => name)).toEqual([
    'EchoTls13',
    'EchoSymmetric',
  ]);
});

test('of the ports that are named, too', () => {
  const wsdl = readWsdl(partly);
  const { plans, leftOut } = servablePlans(wsdl, { ...skipping, ports: { EchoTls11: {}, EchoTls13: {} } });
  expect([plans.map(({ port }) => port), leftOut.map(({ port }) => port)]).toEqual([['EchoTls13'], ['EchoTls11']]);
  expect(servablePlans(wsdl, { ...skipping, ports: { EchoTls13: {} } }).leftOut).toEqual([]);
});

test.each([
  ['none of the ports can be served', wholly, undefined, 'TripleDes is not implemented (port EchoTls11)'],
  ['the one that is named can not be served', partly, { EchoTls11: {} }, 'TripleDes is not implemented'],
  ['a name is that of no port', partly, { Echo: {} }, 'no port Echo'],
])('where %s all is refused, whatever is to be left out', (_, file, ports, message) => {
  const wsdl = readWsdl(file);
  for (const choice of [all, skipping]) {
    expect(() => servablePlans(wsdl, { ...choice, ports })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        hint: expect.not.stringContaining('skip'),
      }),
    );
  }
});
