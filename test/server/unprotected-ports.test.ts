import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import soapLibrary, { createClientAsync } from 'soap';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { ns, soapVersions } from '../../src/names.ts';
import { explainPolicy } from '../../src/policy/explain-policy.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { servablePlans } from '../../src/server/servable-plans.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { type Versions, variantText } from '../support/variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'unprotected-'));
afterAll(() => rmSync(folder, { recursive: true }));

const port = 'EchoSymmetric';
const bare = /<wsp:PolicyReference URI="#EchoSymmetric_(?:message_)?policy"\/>/g;

let files = 0;

/** The example, whose one port has no policy; that it has WS-Addressing its binding says. */
function bareFile(versions: Versions, change: (text: string) => string = text => text): string {
  const extension = versions.addressing === undefined ? '' : '<wsaw:UsingAddressing/>';
  const text = variantText(versions)
    .replace(bare, '')
    .replace(/<wsdl:binding name="EchoSymmetric"[^>]*>/, open => open + extension);
  files += 1;
  const file = join(folder, `${files}.wsdl`);
  writeFileSync(file, change(text));
  return file;
}

const seen: unknown[] = [];
beforeEach(() => {
  seen.length = 0;
});

const outOfStock = { Fault: { faultcode: 'soap:Client', faultstring: 'none left', Code: { Value: 'soap:Sender' } } };
const operations = {
  Echo({ text }: { text: string }) {
    const { user, authenticatedBy, id } = currentContext();
    seen.push({ user, authenticatedBy, id });
    if (text === 'none') throw { Fault: { ...outOfStock.Fault, Reason: { Text: 'none left' } } };
    return { text };
  },
  Add: ({ a, b }: { a: number; b: number }) => ({ sum: Number(a) + Number(b) }),
};
const services = { EchoService: { EchoTls11: operations, EchoTls13: operations, [port]: operations } };
const listed = { unprotectedPorts: [port], services };

const shapes = [
  { soap: '1.1', addressing: undefined },
  { soap: '1.2', addressing: undefined },
  { soap: '1.1', addressing: '1.0' },
  { soap: '1.2', addressing: '1.0' },
] as const satisfies readonly Versions[];

describe.each(shapes)('a port without a policy, of SOAP $soap and WS-Addressing $addressing', versions => {
  let node: ListeningNode;
  let wsdl: string;
  const { namespace, contentType } = { ...soapVersions[versions.soap], contentType: contentTypeOf(versions.soap) };

  beforeAll(async () => {
    wsdl = bareFile(versions);
    node = await listen({ wsdl, ...listed });
  });
  afterAll(() => node.close());

  async function connect() {
    const exchanges: WireExchange[] = [];
    const client = await createClientAsync(wsdl);
    const trace = (exchange: WireExchange) => void exchanges.push(exchange);
    const addresses = [node.address(port)];
    const conversation = secureConversation(client, { port, unprotectedPorts: [port], addresses, trace });
    client.setSecurity(conversation);
    const call = (args: object) =>
      new Promise<unknown>((resolve, reject) => {
        client.EchoService[port].Echo(args, (error: unknown, answer: unknown) =>
          error ? reject(error) : resolve(answer),
        );
      });
    return { call, exchanges };
  }

  const post = async (
    header: string,
    body = '<Echo xmlns="urn:soap-secure-conversation:echo"><text>a</text></Echo>',
  ) => {
    const addressed =
      versions.addressing === undefined
        ? ''
        : `<a:Action xmlns:a="${ns.wsa10}">urn:soap-secure-conversation:echo/EchoPortType/Echo</a:Action>` +
          `<a:MessageID xmlns:a="${ns.wsa10}">urn:uuid:1</a:MessageID>` +
          `<a:To xmlns:a="${ns.wsa10}">${node.address(port)}</a:To>`;
    const text =
      `<s:Envelope xmlns:s="${namespace}"><s:Header>${addressed}${header}</s:Header>` +
      `<s:Body>${body}</s:Body></s:Envelope>`;
    const SOAPAction = '"urn:soap-secure-conversation:echo/EchoPortType/Echo"';
    const headers = { 'Content-Type': contentType, ...(versions.soap === '1.1' ? { SOAPAction } : {}) };
    const answer = await fetch(node.address(port), { method: 'POST', body: text, headers });
    return { status: answer.status, text: await answer.text() };
  };

  test('is called as plain SOAP, and the operation sees nobody', async () => {
    const { call, exchanges } = await connect();
    expect(await call({ text: 'héllo <&>' })).toEqual({ text: 'héllo <&>' });
    expect(seen).toEqual([{ user: undefined, authenticatedBy: 'anonymous', id: undefined }]);
    expect(exchanges).toHaveLength(1);
    for (const { request, response } of exchanges)
      for (const said of [request, response]) {
        expect(said).not.toContain('Security');
        expect(said.includes(ns.wsa10)).toBe(versions.addressing !== undefined);
      }
  });

  test('gives a fault of the service as it was thrown', async () => {
    const { call } = await connect();
    const error = await call({ text: 'none' }).catch((thrown: unknown) => thrown);
    expect(JSON.stringify((error as { root?: unknown }).root)).toContain('none left');
  });

  test('takes the same message twice: nothing tells that it is no other', async () => {
    for (const _ of [1, 2]) expect((await post('')).status).toBe(200);
  });

  test('refuses a Security header that must be understood, as any block of that kind', async () => {
    const { status, text } = await post(`<o:Security xmlns:o="${ns.wsse}" s:mustUnderstand="1"/>`);
    expect(status).toBe(500);
    expect(text).toContain('MustUnderstand');
    if (versions.soap === '1.2') expect(text).toMatch(/NotUnderstood[^>]*Security/);
    expect(loggedReasons(node.lines).at(-1)).toBe('security-not-understood');
    expect(seen).toEqual([]);
  });

  test('passes over one that need not be, whatever is in it', async () => {
    const { status } = await post(`<o:Security xmlns:o="${ns.wsse}"><o:UsernameToken/><x/></o:Security>`);
    expect([status, seen.length]).toEqual([200, 1]);
  });

  test('decrypts nothing, and has nobody behind it do so', async () => {
    const { text } = await post('', `<e:EncryptedData xmlns:e="${ns.xenc}"/>`);
    expect([text.includes('Fault'), seen.length]).toEqual([true, 0]);
  });

  test('is published without a policy of its own, for other clients', async () => {
    const text = await (await fetch(`${node.address(port)}?wsdl`)).text();
    const file = join(folder, 'published.wsdl');
    writeFileSync(file, text);
    expect(() => explainPolicy(file, { ports: [port] })).toThrow('an unprotected port is not served');
    expect(explainPolicy(file, { ports: [port], unprotectedPorts: [port] })).toMatchObject([{ isUnprotected: true }]);
  });

  test('lets no message into the ports beside it', async () => {
    const text = readFileSync(wsdl, 'utf8');
    expect(text).toContain('EchoTls13_policy');
    const [, tls] = servablePlans(readWsdl(wsdl), choice).plans;
    expect([tls?.port, tls?.isUnprotected ?? false, tls?.operations[0]?.request.protection.kind]).toEqual([
      'EchoTls13',
      false,
      'transport',
    ]);
  });
});

const choice = { paths: 'wsdl', unprotectedPorts: [port], skipUnsupported: false } as const;
const plain = { soap: '1.2', addressing: undefined } as const;

test('of a service of node-soap without this package, is called too', async () => {
  const file = bareFile({ soap: '1.1', addressing: undefined });
  const { createServer } = await import('node:http');
  const server = createServer();
  soapLibrary.listen(
    server,
    '/EchoSymmetric',
    { EchoService: { [port]: { Add: operations.Add } } },
    readFileSync(file, 'utf8'),
  );
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  const { port: tcpPort } = server.address() as { port: number };
  const client = await createClientAsync(file);
  const addresses = [`http://localhost:${tcpPort}/EchoSymmetric`];
  client.setSecurity(secureConversation(client, { port, unprotectedPorts: [port], addresses }));
  const answer = await new Promise((resolve, reject) => {
    client.EchoService[port].Add({ a: 2, b: 40 }, (error: unknown, sum: unknown) =>
      error ? reject(error) : resolve(sum),
    );
  });
  expect(answer).toEqual({ sum: 42 });
  await new Promise(resolve => server.close(resolve));
});

const withMessagePolicy = (text: string) =>
  text.replace(
    /<wsdl:binding name="EchoSymmetric"[\s\S]*?<wsdl:input>/,
    open => `${open}<wsp:PolicyReference URI="#EchoSymmetric_message_policy"/>`,
  );

describe('is refused', () => {
  test('where nobody has named it, with what names it', async () => {
    const file = bareFile(plain);
    const refused = {
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringContaining('an unprotected port is not served (port EchoSymmetric)'),
      hint: expect.stringContaining('unprotectedPorts (--unprotected-ports)'),
    };
    await expect(listen({ wsdl: file, services })).rejects.toMatchObject(refused);
    const client = await createClientAsync(file);
    expect(() => secureConversation(client, { port })).toThrow(expect.objectContaining(refused));
    expect(() => secureConversation(client, { port, unprotectedPorts: ['Other'] })).toThrow(
      expect.objectContaining(refused),
    );
  });

  test.each([
    ['the port has a policy', 'wsdl/echo.wsdl', port],
    ['a message has one', bareFile(plain, withMessagePolicy), port],
  ])('by its name, where %s', async (_, file, name) => {
    const refused = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`port ${name} is named in unprotectedPorts`),
    };
    const unprotectedPorts = [name];
    await expect(listen({ wsdl: file, services, unprotectedPorts })).rejects.toMatchObject(refused);
    const client = await createClientAsync(file);
    expect(() => secureConversation(client, { port: name, unprotectedPorts })).toThrow(
      expect.objectContaining(refused),
    );
  });

  test('where one of the alternatives of its policy protects it', async () => {
    const optional = (text: string) =>
      text.replace(
        '<wsdl:binding name="EchoSymmetric" type="tns:EchoPortType">',
        match =>
          `${match}<wsp:Policy><wsp:ExactlyOne><wsp:All/>` +
          '<wsp:PolicyReference URI="#EchoTls11_policy"/></wsp:ExactlyOne></wsp:Policy>',
      );
    const file = bareFile(plain, optional);
    await expect(listen({ wsdl: file, ...listed })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('where there is no such port', async () => {
    await expect(listen({ wsdl: bareFile(plain), services, unprotectedPorts: ['Echo'] })).rejects.toMatchObject({
      code: 'WSDL_INVALID',
      message: expect.stringContaining('no port Echo'),
    });
  });
});

test('is called over TLS alone where its address says so', () => {
  const file = bareFile(plain, text => text.replace('http://localhost:8080/EchoSymmetric', 'https://localhost:8443/E'));
  const [, , plan] = servablePlans(readWsdl(file), choice).plans;
  expect(plan).toMatchObject({ port, transport: 'https', isUnprotected: true });
});

test('is explained as what it is', () => {
  const [explained] = explainPolicy(bareFile(plain), { ports: [port], unprotectedPorts: [port] });
  expect(explained?.text.split('\n').slice(3, 8)).toEqual([
    '  versions   SOAP 1.2, no WS-Addressing',
    '  like       none',
    '  here       served and called',
    '  weak       unprotected: who calls is not known, and anybody on the way reads and changes what is sent',
    '  session    none: each call stands by itself',
  ]);
});

function contentTypeOf(soap: Versions['soap']): string {
  return soap === '1.1' ? 'text/xml' : 'application/soap+xml';
}
