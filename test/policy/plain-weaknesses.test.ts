import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { weaknessesOf } from '../../src/policy/weaknesses.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';

const folder = mkdtempSync(join(tmpdir(), 'weaknesses-'));
afterAll(() => rmSync(folder, { recursive: true }));
const sp = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702';
function planWith(tokens: string, name: string) {
  const text = readFileSync('wsdl/plain.wsdl', 'utf8')
    .replace('sp:Basic256/', 'sp:Basic256Sha256/')
    .replace('location="echo.wsdl"', `location="${resolve('wsdl/echo.wsdl')}"`)
    .replace(/<sp:SignedEncrypted(.*?)<\/sp:SignedEncryptedSupportingTokens>/s, tokens);
  const file = join(folder, `${name}.wsdl`);
  writeFileSync(file, text);
  return planOf(readWsdl(file), 'PasswordTls');
}
const included = `sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"`;
const x509 = `<sp:X509Token ${included}><wsp:Policy><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>`;

test('an assertion of supporting tokens without a token proves nothing', () => {
  for (const kind of ['SignedSupportingTokens', 'SignedEncryptedSupportingTokens', 'EndorsingSupportingTokens'])
    expect(() => planWith(`<sp:${kind}><wsp:Policy/></sp:${kind}>`, kind), kind).toThrow('without a token');
});

test('a signature over the Timestamp alone is good for any message to any service: it is said', () => {
  const plan = planWith(
    `<sp:EndorsingSupportingTokens><wsp:Policy>${x509}</wsp:Policy></sp:EndorsingSupportingTokens>`,
    'x',
  );
  expect(plan.operations[0]?.request.signed).toEqual({ body: false, headers: [] });
  expect(weaknessesOf(plan)).toEqual([expect.stringContaining('signs no To')]);
});
