import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { ns } from '../../src/names.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { atPath } from '../../src/server/port-addresses.ts';
import { checkPaths, type Routed, reachable } from '../../src/server/routes.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { notedService, plans, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { raw, request } from '../support/raw.ts';
import { variantText } from '../support/variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'routes-'));
const file = join(folder, 'pair.wsdl');
const calls: string[] = [];
let node: ListeningNode;

/** The example with EchoSymmetric once more in SOAP 1.1, at the same address: as most WSDLs of WCF and CXF have it. */
function pairText(soap: '1.1' | '1.2' = '1.1'): string {
  const text = variantText({ soap: '1.2', addressing: '1.0' });
  const other = variantText({ soap, addressing: '1.0' }).replaceAll('name="EchoSymmetric"', 'name="EchoSymmetric11"');
  const binding = /<wsdl:binding name="EchoSymmetric11"[\s\S]*?<\/wsdl:binding>/.exec(other)?.[0] ?? '';
  const port = /<wsdl:port name="EchoSymmetric11"[\s\S]*?<\/wsdl:port>/.exec(other)?.[0] ?? '';
  const extension = soap === '1.1' ? ns.wsdlSoap11 : ns.wsdlSoap12;
  const declared = (element: string, name: string) =>
    element.replaceAll('soap12:', 'soap11:').replace(`<wsdl:${name}`, `<wsdl:${name} xmlns:soap11="${extension}"`);
  return text
    .replace('<wsdl:service', `${declared(binding, 'binding')}<wsdl:service`)
    .replace(
      '</wsdl:service>',
      `${declared(port, 'port').replace('tns:EchoSymmetric"', 'tns:EchoSymmetric11"')}</wsdl:service>`,
    );
}

const services = () => {
  const { EchoService } = notedService(calls);
  return { EchoService: { ...EchoService, EchoSymmetric11: EchoService.EchoSymmetric } };
};

beforeAll(async () => {
  writeFileSync(file, pairText());
  node = await listen({ wsdl: file, services: services() });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

describe('two ports at one address', () => {
  async function connect(port: string) {
    const exchanges: WireExchange[] = [];
    const client = await createClientAsync(file);
    const conversation = secureConversation(client, {
      port,
      ...user,
      serviceCertificate: pem.service.certificate,
      addresses: [node.address('EchoSymmetric')],
      trace: exchange => void exchanges.push(exchange),
    });
    client.setSecurity(conversation);
    const call = () =>
      new Promise<unknown>((resolve, reject) => {
        client.EchoService[port].Echo({ text: port }, (error: unknown, answer: unknown) =>
          error ? reject(error) : resolve(answer),
        );
      });
    return { call, conversation, exchanges };
  }

  test.each([
    ['EchoSymmetric', ns.soap12],
    ['EchoSymmetric11', ns.soap11],
  ])('%s is called and answered in its own version', async (port, namespace) => {
    const { call, conversation, exchanges } = await connect(port);
    expect(await call()).toEqual({ text: port });
    for (const { request: sent, response } of exchanges)
      for (const text of [sent, response]) expect(text).toContain(`xmlns:s="${namespace}"`);
    expect(await conversation.close()).toBe(true);
  });

  test('a conversation of the one is none of the other', async () => {
    const { call, exchanges } = await connect('EchoSymmetric');
    await call();
    const message = (exchanges.at(-1)?.request ?? '').replaceAll(ns.soap12, ns.soap11);
    const { statuses, text } = await raw(
      node.http,
      request(
        'POST /EchoSymmetric',
        [
          'Host: localhost',
          'Content-Type: text/xml',
          'Connection: close',
          `Content-Length: ${Buffer.byteLength(message)}`,
        ],
        message,
      ),
    );
    expect(statuses).toEqual([500]);
    expect(text).toContain('BadContextToken');
  });

  test('a media type of neither is refused, in the names of both', async () => {
    node.lines.length = 0;
    const head = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 0', 'Connection: close'];
    expect((await raw(node.http, request('POST /EchoSymmetric', head))).statuses).toEqual([415]);
    expect(JSON.parse(node.lines.at(-1) ?? '{}')).toMatchObject({ port: 'EchoSymmetric, EchoSymmetric11' });
  });

  test('are both in the WSDL of their path', async () => {
    const wsdl = await (await fetch(`${node.address('EchoSymmetric')}?wsdl`)).text();
    expect([...wsdl.matchAll(/<wsdl:port [^>]*name="(\w+)"/g)].map(([, name]) => name)).toEqual([
      'EchoSymmetric',
      'EchoSymmetric11',
    ]);
  });

  test('of one SOAP version are refused before anything listens, by both names', async () => {
    writeFileSync(join(folder, 'twins.wsdl'), pairText('1.2'));
    await expect(listen({ wsdl: join(folder, 'twins.wsdl'), services: services() })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'ports EchoSymmetric and EchoSymmetric11 are both at the path /EchoSymmetric in SOAP 1.2 over http',
    });
  });
});

describe('of the ports of a path', () => {
  const plans = compilePolicy('wsdl/echo.wsdl');
  const routed = plans.map(plan => ({ path: '/x', plan }));
  const names = (isEncrypted: boolean) => reachable(routed, isEncrypted).map(({ plan }) => plan.port);

  test('those that want TLS are reached over it alone, and there before the others', () => {
    expect(names(false)).toEqual(['EchoSymmetric']);
    expect(names(true)).toEqual(['EchoTls11', 'EchoTls13', 'EchoSymmetric']);
  });

  test('one over TLS and one without are told apart by their listeners', () => {
    const [tls, , plain] = plans;
    const address = tls?.address.replace('https', 'http') ?? '';
    expect(() =>
      checkPaths([
        { ...tls, address },
        { ...plain, address },
      ] as never),
    ).not.toThrow();
  });
});

describe('ports at the paths of their own names', () => {
  const twice = [
    { within: '<wsdl:port name="EchoTls11"', from: '/EchoTls11"', to: '/svc"' },
    { within: '<wsdl:port name="EchoTls13"', from: /https:[^"]*/, to: 'REPLACE_WITH_ACTUAL_URL' },
    { within: '<wsdl:port name="EchoSymmetric"', from: '/EchoSymmetric"', to: '/svc"' },
  ];

  test('are served there whatever the WSDL says, and published so', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'paths-')), 'echo.wsdl');
    writeFileSync(file, echoText(...twice));
    await expect(listen({ wsdl: file })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('port EchoTls13 has the address "REPLACE_WITH_ACTUAL_URL" in the WSDL'),
      hint: expect.stringContaining("paths: 'port'"),
    });
    const node = await listen({ wsdl: file, paths: 'port' });
    const text = await (await fetch(`http://localhost:${node.http}/?wsdl`)).text();
    expect(text).toContain(`location="${node.address('EchoTls13')}"`);
    expect(text).toContain(`location="${node.address('EchoSymmetric')}"`);
    expect((await fetch(`http://localhost:${node.http}/svc`, { method: 'POST' })).status).toBe(404);
    await node.close();
    rmSync(dirname(file), { recursive: true });
  });

  test('keep what of a name is no part of a path written as one', () => {
    const [plan] = plans;
    if (plan === undefined) throw new TypeError('no plan');
    expect(atPath({ ...plan, port: 'Größe' }, 'port').address).toBe('https://localhost:8443/Gr%C3%B6%C3%9Fe');
    expect(atPath(plan, 'wsdl')).toBe(plan);
  });
});

describe('a port whose alternatives go with TLS and without', () => {
  const over = (transport: 'https' | 'http'): Routed => ({ plan: { ...plans[0], transport } as Plan });
  const [overTls, inClear] = [over('https'), over('http')];

  test('is reached without TLS for those that do without', () => {
    const port = { ...overTls, others: [inClear, { plan: { ...inClear.plan, port: 'third' } }] };
    const [reached, ...more] = reachable([port], false);
    expect([reached?.plan, reached?.others?.map(({ plan }) => plan.port), more]).toEqual([inClear.plan, ['third'], []]);
    expect(reachable([port], true)).toEqual([port]);
    expect(reachable([{ ...overTls, others: [overTls] }], false)).toEqual([]);
  });

  test('is at its path for both', () => {
    const named = (transport: 'https' | 'http', port: string) => ({
      ...(plans[0] as Plan),
      ...{ transport, port, audience: port },
    });
    const both = [named('https', 'one'), named('http', 'one')];
    expect(() => checkPaths(both)).not.toThrow();
    expect(() => checkPaths([...both, named('http', 'two')])).toThrow('ports one and two are both at the path');
  });
});
