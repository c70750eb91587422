import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import soap from 'soap';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { clientPlans } from '../../src/client/client-plan.ts';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { planOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { user } from '../support/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'plans-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const echo = readFileSync('wsdl/echo.wsdl', 'utf8');

function fileOf(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('a policy in a file beside the WSDL is read', async () => {
  fileOf('echo.wsdl', echo);
  const apart = echo
    .replace('wsu:Id="EchoTls13_policy"', 'wsu:Id="unused"')
    .replace('URI="#EchoTls13_policy"', 'URI="echo.wsdl#EchoTls13_policy"');
  const client = await soap.createClientAsync(fileOf('apart.wsdl', apart));
  expect(clientPlans(client, 'EchoTls13')).toEqual([planOf(readWsdl('wsdl/echo.wsdl'), 'EchoTls13')]);
});

test('a client takes the alternative that it has the credentials for', async () => {
  const sp = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy';
  const certificate =
    `<sp:EndorsingSupportingTokens><wsp:Policy><sp:X509Token sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"/>` +
    '</wsp:Policy></sp:EndorsingSupportingTokens>';
  const start = echo.indexOf('wsu:Id="EchoTls11_policy"');
  const token = /<sp:SignedSupportingTokens>.*?<\/sp:SignedSupportingTokens>/s;
  const choice = echo.slice(start).replace(token, found => `<wsp:ExactlyOne>${certificate}${found}</wsp:ExactlyOne>`);
  const client = await soap.createClientAsync(fileOf('choice.wsdl', echo.slice(0, start) + choice));
  expect(clientPlans(client, 'EchoTls11')).toHaveLength(2);
  const conversation = secureConversation(client, { port: 'EchoTls11', ...user });
  await conversation.close();
  expect(() => secureConversation(client, { port: 'EchoTls11' })).toThrow('none of the 2 alternatives');
});

test.each([
  ['http://h/s?wsdl', 1],
  ['https://h/s?wsdl', 0],
  ['http://localhost:8080/s?wsdl', 0],
  ['wsdl/echo.wsdl', 0],
])('of a WSDL from %s is warned %i times', async (uri, times) => {
  const client = await soap.createClientAsync('wsdl/echo.wsdl');
  Object.assign((client as unknown as { wsdl: object }).wsdl, { uri });
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  clientPlans(client, 'EchoTls11');
  expect(warned.mock.calls.map(([, options]) => options)).toEqual(Array(times).fill({ code: 'WSSC_PLAIN_WSDL' }));
});
