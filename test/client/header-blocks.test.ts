import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import type { SecureConversationOptions, WireExchange } from '../../src/client/session-options.ts';
import { ns } from '../../src/names.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { scanText } from '../../src/xml/scan.ts';
import { attributeValue, type Element, leafText, namespaceOf } from '../../src/xml/tree.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { echo, planOf, replaced } from '../support/initiator.ts';
import { notedService, type PortName, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { isCall, lost } from './farm.ts';
import { type Man, standBetween } from './man.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

interface EchoClient extends Client {
  EchoAsync(args: object, options?: object): Promise<[{ text: string }]>;
}

const app = 'urn:app';
const folder = mkdtempSync(join(tmpdir(), 'header-blocks-'));
const signedWsdl = join(folder, 'signed.wsdl');
const calls: string[] = [];
let men: Readonly<Record<'http' | 'https', Man>>;
/** One node whose policies say nothing of blocks, and one where all blocks of `app` are to be signed. */
let nodes: Readonly<Record<'plain' | 'signed', ListeningNode>>;
const open: SecureConversation[] = [];

beforeAll(async () => {
  men = { http: await standBetween('http'), https: await standBetween('https') };
  const wanted = `<sp:Header Namespace="${app}"/>`;
  const endorsed = (port: string) => ({
    within: `wsu:Id="${port}_policy"`,
    from: /(?<=<sp:EndorsingSupportingTokens>\s*<wsp:Policy>)/,
    to: `<sp:SignedParts>${wanted}</sp:SignedParts>`,
  });
  const symmetric = { within: 'wsu:Id="EchoSymmetric_message_policy"', from: '<sp:Body/>', to: `<sp:Body/>${wanted}` };
  writeFileSync(signedWsdl, echoText(endorsed('EchoTls11'), endorsed('EchoTls13'), symmetric));
  const options = { addresses: [men.http.base, men.https.base], services: notedService(calls) };
  nodes = { plain: await listen(options), signed: await listen({ ...options, wsdl: signedWsdl }) };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(each => each.close()));
  for (const man of Object.values(men)) man.meddle = undefined;
});
afterAll(async () => {
  await Promise.all([...Object.values(nodes), ...Object.values(men)].map(each => each.close()));
  rmSync(folder, { recursive: true });
});

interface Settings {
  readonly policy?: 'plain' | 'signed';
  readonly client?: object;
  readonly options?: Partial<SecureConversationOptions>;
}

/** node-soap's client of one port by way of the man in the middle, and what it sends. */
async function connect(port: PortName, { policy = 'plain', client: settings = {}, options = {} }: Settings = {}) {
  const document = policy === 'plain' ? wsdl : signedWsdl;
  const client = (await soap.createClientAsync(document, settings)) as EchoClient;
  const exchanges: WireExchange[] = [];
  const { transport } = planOf(port);
  men[transport].upstream = nodes[policy][transport];
  const security = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [`${men[transport].base}/${port}`],
    trace: exchange => exchanges.push(exchange),
    ...options,
  });
  client.setSecurity(security);
  open.push(security);
  return { client, exchanges, security, man: men[transport] };
}

/** The blocks of the last message that are not this package's. */
function blocksOf(exchanges: readonly WireExchange[]): readonly Element[] {
  const { header } = readEnvelope(scanText(exchanges.at(-1)?.request ?? ''));
  return header.filter(({ namespace }) => namespace !== ns.wsa10 && namespace !== ns.wsse);
}

const nameOf = ({ namespace, local }: Element) => `{${namespace}}${local}`;
const tenant = `<a:Tenant xmlns:a="${app}">blue</a:Tenant>`;

describe.each(portNames)('header blocks of the user on %s', port => {
  test.each([{}, { forceSoap12Headers: true }, { envelopeKey: 's' }, { envelopeKey: 'u' }])(
    'go with each call, with what their prefixes mean, before the Security header, with the settings %j',
    async settings => {
      const { client, exchanges } = await connect(port, { client: settings });
      client.addSoapHeader({ Tenant: { attributes: { 'xsi:type': 'tns:Colour' }, $value: 'blue' } }, '', 'a', app);
      client.addSoapHeader(`<tns:Raw  a='1'>&lt;\u{1d11e}</tns:Raw>`);
      client.addSoapHeader({ Bare: { id: 5 } });
      client.addSoapHeader(
        (_method: unknown, _location: unknown, _action: unknown, { text }: { text: string }) =>
          `<Said xmlns="${app}">${text}</Said>`,
      );
      for (const text of ['one', 'two']) {
        expect((await client.EchoAsync({ text }))[0]).toEqual({ text });
        const blocks = blocksOf(exchanges);
        expect(blocks.map(nameOf)).toEqual([`{${app}}Tenant`, `{${echo}}Raw`, '{}Bare', `{${app}}Said`]);
        const [typed, raw, bare, said] = blocks as [Element, Element, Element, Element];
        expect(attributeValue(typed, ns.xsi, 'type')).toBe('tns:Colour');
        expect(namespaceOf(typed, 'tns')).toBe(echo);
        expect([typed, raw, said].map(block => leafText(block))).toEqual(['blue', '<\u{1d11e}', text]);
        expect(bare.children.map(nameOf)).toEqual(['{}id']);
        expect(readEnvelope(scanText(exchanges.at(-1)?.request ?? '')).header.at(-1)?.local).toBe('Security');
        expect(exchanges.at(-1)?.request.match(/<\w+:Reference URI="#block/)).toBeNull();
      }
    },
  );

  test('go with no message but the calls, and with a call that is sent once more', async () => {
    const { client, exchanges, security, man } = await connect(port);
    client.addSoapHeader(tenant);
    await client.EchoAsync({ text: 'x' });
    const { wsc } = planOf(port).dialect;
    let refused = false;
    man.meddle = async (message, forward) => {
      if (refused || !isCall(message)) return forward(message);
      refused = true;
      return lost(wsc);
    };
    await client.EchoAsync({ text: 'x' });
    await security.close();
    const seen = exchanges.map(({ request }) => [isCall(request), request.includes('>blue</a:Tenant>')]);
    const [call, other] = [
      [true, true],
      [false, false],
    ];
    expect(seen).toEqual([other, call, call, other, call, other]);
  });

  test('are gone once node-soap is told to clear them', async () => {
    const { client, exchanges } = await connect(port);
    client.addSoapHeader(tenant);
    await client.EchoAsync({ text: 'x' });
    client.clearSoapHeaders();
    await client.EchoAsync({ text: 'x' });
    expect(blocksOf(exchanges)).toEqual([]);
  });

  test('that the service must understand, and does not, are answered with its fault', async () => {
    const { client } = await connect(port, { client: { forceSoap12Headers: true } });
    client.addSoapHeader(tenant.replace('>', ' soap:mustUnderstand="true">'));
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
      code: 'FAULT',
      faultCode: { local: 'MustUnderstand' },
    });
    client.clearSoapHeaders();
    client.addSoapHeader(tenant.replace('>', ' soap:mustUnderstand="true" soap:role="urn:somebody">'));
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
  });

  const security = `<w:Security xmlns:w="${ns.wsse}"/>`;
  const is = (what: string) => `the header block ${what}`;
  test.each<[string, string, string]>([
    [
      'a WS-Addressing header',
      `<w:To xmlns:w="${ns.wsa10}">urn:x</w:To>`,
      is(`{${ns.wsa10}}To is a WS-Addressing header`),
    ],
    [
      'a WS-Addressing header of 2004',
      `<MessageID xmlns="${ns.wsa200408}">urn:x</MessageID>`,
      is(`{${ns.wsa200408}}MessageID is a WS-Addressing header`),
    ],
    ['a Security header', security, is(`{${ns.wsse}}Security is a Security header`)],
    ['a Security header for somebody else', security.replace('/>', ' soap:actor="urn:x"/>'), 'is a Security header'],
    [
      'mustUnderstand of SOAP 1.1',
      tenant.replace('>', ' soap:mustUnderstand="1">'),
      is(`{${app}}Tenant has an attribute of SOAP 1.1, which means nothing in SOAP 1.2`),
    ],
    ['text', 'blue', 'the arguments or header blocks hold text where only a header block may stand'],
    ['a block that does not end', '<a>', "the arguments or header blocks can't be written as XML (xml-end-tag)"],
    [
      'a prefix without a meaning',
      '<q:a/>',
      "the arguments or header blocks can't be written as XML (xml-undeclared-prefix)",
    ],
    ['a control character', '<a>\u0001</a>', 'the arguments or header blocks hold a character that XML can not'],
  ])('are refused as a mistake of the caller, and nothing is sent: %s', async (_, block, message) => {
    const { client, exchanges } = await connect(port);
    client.addSoapHeader(`<ok/>${block}`);
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
    expect(exchanges).toEqual([]);
  });

  test('can be changed on the way where neither the policy names them nor TLS reaches to the service', async () => {
    const { client, man } = await connect(port);
    client.addSoapHeader(tenant);
    man.meddle = (message, forward) =>
      forward(isCall(message) ? replaced(message, '>blue</a:Tenant>', '>red</a:Tenant>') : message);
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
  });
});

describe.each(portNames)('header blocks that the policy of %s wants signed', port => {
  const inside = '<c xmlns="" e="&quot;&#9;"><![CDATA[<]]><!-- - --></c>';
  test.each<[string, string]>([
    ['a prefix of its own', tenant],
    ['a default namespace', `<Tenant xmlns="${app}">${inside}</Tenant>`],
    ['no content', `<a:Tenant xmlns:a="${app}" />`],
    [
      'attributes in another order',
      `<a:Tenant z='1' b="2" a:y="3" xmlns:a="${app}" xsi:type="tns:T" >${inside}</a:Tenant>`,
    ],
    [
      'the prefixes of this package',
      `<s:Tenant xmlns:u="urn:u" u:a="1" xmlns:s="${app}"><u:b/><o:c xmlns:o="${app}"/></s:Tenant>`,
    ],
    ['the prefix u further in', `<a:Tenant xmlns:a="${app}"><u:b xmlns:u="urn:u"/></a:Tenant>`],
    ['prefixes of the Envelope', `<a:Tenant xmlns:a="${app}"><tns:b tns:c="&#13;"/>\r\n\u{1d11e}</a:Tenant>`],
    ['more than one of a name', `${tenant}${tenant}<Action xmlns="${app}"/><Body xmlns="${app}"/>`],
    ['ids of another kind', `<a:Tenant xmlns:a="${app}" ID="x" xml:id="y"/>`],
  ])('are signed: with %s', async (_, block) => {
    const { client, exchanges } = await connect(port, { policy: 'signed' });
    client.addSoapHeader(block);
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    for (const each of blocksOf(exchanges)) {
      const id = attributeValue(each, ns.wsu, 'Id');
      expect(id).toBeDefined();
      expect(exchanges.at(-1)?.request).toContain(`URI="#${id}"`);
    }
  });

  test.each<[string, RegExp, string]>([
    ['their text', />blue(?=<\/a:Tenant>)/, '>red'],
    ['that they are there', /<a:Tenant .*<\/a:Tenant>/, ''],
    ['their id', /<a:Tenant (.*)<\/a:Tenant>/, `<a:Tenant xmlns:a="${app}">blue</a:Tenant>`],
  ])('can not be changed on the way: %s', async (_, from, to) => {
    const { client, man } = await connect(port, { policy: 'signed' });
    client.addSoapHeader(tenant);
    man.meddle = (message, forward) => forward(isCall(message) ? replaced(message, from, to) : message);
    const before = calls.length;
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'FAULT' });
    expect(calls.length).toBe(before);
  });

  test('leave others unsigned, and bring no wsu:Id of their own', async () => {
    const { client, exchanges } = await connect(port, { policy: 'signed' });
    client.addSoapHeader('<tns:Raw wsu:Id="mine"/>');
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    expect(exchanges.at(-1)?.request).not.toContain('URI="#mine"');
    client.addSoapHeader(tenant.replace('>', ' wsu:Id="mine-too">'));
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `the header block {${app}}Tenant is to be signed and has a wsu:Id`,
      hint: 'leave the wsu:Id out: one is written for you',
    });
  });
});

test('a policy that wants a header block encrypted is refused before the first call, by name and line', async () => {
  const file = join(folder, 'encrypted.wsdl');
  const parts = '<sp:EncryptedParts><sp:Body/>';
  const within = 'wsu:Id="EchoSymmetric_message_policy"';
  writeFileSync(file, echoText({ within, from: parts, to: `${parts}<sp:Header Name="Tenant" Namespace="${app}"/>` }));
  const client = await soap.createClientAsync(file);
  expect(() => secureConversation(client, { port: 'EchoSymmetric', ...user })).toThrow(
    expect.objectContaining({
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringMatching(/Header in EncryptedParts of a SymmetricBinding is not implemented/),
    }),
  );
});

describe('what else node-soap can be told to send', () => {
  test('an attribute of the Body is refused by name, a declaration there is kept', async () => {
    const { client, exchanges } = await connect('EchoSymmetric');
    client.addBodyAttribute({ 'xmlns:z': 'urn:z' });
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    client.addBodyAttribute({ 'z:a': 'b' });
    const before = exchanges.length;
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the Body has an attribute z:a; none is carried',
    });
    expect(exchanges.length).toBe(before);
  });

  test.each<[string, object]>([
    ['attachments', { attachments: [{ mimetype: 'text/plain', contentId: 'a', name: 'a', body: 'a' }] }],
    ['forceMTOM', { forceMTOM: true }],
    ['forceGzip', { forceGzip: true }],
  ])('%s is refused by name', async (_, options) => {
    const { client, exchanges } = await connect('EchoSymmetric');
    await expect(client.EchoAsync({ text: 'x' }, options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'attachments, forceMTOM and forceGzip are not offered',
      hint: 'leave them out: binary content is an argument, as base64',
    });
    expect(exchanges).toEqual([]);
  });
});
