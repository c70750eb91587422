import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SoapHeader } from '../../src/server/soap-headers.ts';
import { isCall } from '../client/farm.ts';
import { replaced } from '../support/initiator.ts';
import { portNames } from '../support/node.ts';
import { app, type EchoBlocks, startEchoBlocks } from './echo-blocks.ts';

interface EchoClient extends Client {
  EchoAsync(
    args: object,
  ): Promise<readonly [result: { text: string }, raw: string, header: Readonly<Record<string, unknown>>]>;
}

const tenant = `<a:Tenant xmlns:a="${app}">blue</a:Tenant>`;
let farm: EchoBlocks<EchoClient>;

const operations = {
  Echo(args: { text: string }, _callback: unknown, _headers: object, request: { tenant?: string }) {
    if (args.text === 'fault') throw { Fault: { Code: { Value: 'Sender' }, Reason: { Text: 'no' } } };
    request.tenant = `of ${args.text}`;
    return args;
  },
};

beforeAll(async () => {
  farm = await startEchoBlocks(operations);
});
afterEach(async () => {
  await farm.closeClients();
  for (const { endpoint } of Object.values(farm.nodes)) endpoint.clearSoapHeaders();
});
afterAll(() => farm.end());

const connect: typeof farm.connect = (port, policy) => farm.connect(port, policy);

/** A signed block has the id that it was signed by, which node-soap gives, too. */
function textIn(block: unknown): unknown {
  return typeof block === 'object' && block !== null && '$value' in block ? block.$value : block;
}

const textsIn = (blocks: unknown) => (blocks as readonly unknown[]).map(textIn);

describe.each(portNames)('the answers of %s', port => {
  test.each<readonly [what: string, header: SoapHeader, names: readonly string[]]>([
    ['XML', tenant, []],
    ['an object', { Tenant: 'blue' }, ['', 'a', app]],
    ['an object with its name', 'blue' as unknown as object, []],
    ['a function that gives XML', () => tenant, []],
    ['a function that gives an object', () => ({ Tenant: 'blue' }), ['', 'a', app]],
  ])('have the header block that was added as %s', async (what, header, [name, namespace, xmlns]) => {
    const { client, endpoint } = await connect(port, 'signed');
    const given = what === 'an object with its name' ? { Tenant: { $value: 'blue' } } : header;
    const names = what === 'an object with its name' ? (['', 'a', app] as const) : ([name, namespace, xmlns] as const);
    expect(endpoint.addSoapHeader(given, ...names)).toBe(0);
    const [result, , headers] = await client.EchoAsync({ text: 'x' });
    expect(result).toEqual({ text: 'x' });
    expect(textIn(headers.Tenant)).toBe('blue');
  });

  test('have what a function makes of the call, and of what the operation has left on the request', async () => {
    const { client, endpoint } = await connect(port, 'signed');
    endpoint.addSoapHeader((operation: string, args: unknown, headers: object, request: unknown) =>
      tenant.replace(
        'blue',
        `${operation} ${(args as { text: string }).text} ${'To' in headers} ${(request as { tenant: string }).tenant}`,
      ),
    );
    endpoint.addSoapHeader(() => undefined);
    const [, , headers] = await client.EchoAsync({ text: 'x' });
    expect(textIn(headers.Tenant)).toBe('Echo x true of x');
  });

  test('have several, can have others, and none again; a fault has none', async () => {
    const { client, endpoint } = await connect(port, 'signed');
    endpoint.addSoapHeader(tenant);
    expect(endpoint.addSoapHeader(tenant.replace('blue', 'red'))).toBe(1);
    expect(textsIn((await client.EchoAsync({ text: 'x' }))[2].Tenant)).toEqual(['blue', 'red']);
    endpoint.changeSoapHeader(0, tenant.replace('blue', 'green'));
    expect(textsIn((await client.EchoAsync({ text: 'x' }))[2].Tenant)).toEqual(['green', 'red']);
    expect(endpoint.getSoapHeaders()).toEqual([tenant.replace('blue', 'green'), tenant.replace('blue', 'red')]);
    const { body } = (await client.EchoAsync({ text: 'fault' }).catch((error: { body: string }) => error)) as {
      body: string;
    };
    expect(body).toContain('>no</');
    expect(body).not.toContain('Tenant');
    endpoint.clearSoapHeaders();
    expect((await client.EchoAsync({ text: 'x' }))[2]).not.toHaveProperty('Tenant');
  });

  test.each<readonly [why: string, header: SoapHeader, message: RegExp]>([
    ['is cut', '<a:Tenant xmlns:a="urn:app">', /a header block of addSoapHeader is no XML element/],
    ['is two halves', `</b>${tenant}<b>`, /a header block of addSoapHeader is no XML element/],
    ['is text', 'blue', /a header block of addSoapHeader is no XML element/],
    ['has a prefix that is nowhere', '<z:Tenant/>', /a header block of addSoapHeader is no XML element/],
    ['is a Security header', `<Security xmlns="${wsseOf()}"/>`, /Security is a Security header/],
    ['is of WS-Addressing', '<To xmlns="http://www.w3.org/2005/08/addressing">x</To>', /is a WS-Addressing header/],
    [
      'throws',
      () => {
        throw new Error('no tenant');
      },
      /no tenant/,
    ],
  ])('are faults while a block %s, and the log says why', async (_why, header, message) => {
    const { client, endpoint } = await connect(port, 'signed');
    endpoint.addSoapHeader(header);
    const { lines } = farm.nodes.signed;
    const before = lines.length;
    await expect(client.EchoAsync({ text: 'x' })).rejects.toThrow('The service could not process the request.');
    expect(lines.slice(before).filter(line => line.includes('operation failed'))).toEqual([
      expect.stringMatching(message),
    ]);
  });
});

function wsseOf(): string {
  return 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
}

describe('a header block of an answer without TLS', () => {
  test('is signed where the policy says so: nobody on the way can change it, nor take it out', async () => {
    const { client, man, endpoint } = await connect('EchoSymmetric', 'signed');
    endpoint.addSoapHeader(tenant);
    await client.EchoAsync({ text: 'x' });
    for (const [from, to] of [
      [/>blue(?=<\/a:Tenant>)/, '>red'],
      [/<a:Tenant .*<\/a:Tenant>/, ''],
    ] as const) {
      man.meddle = async (message, forward) => {
        const { status, response } = await forward(message);
        return { status, response: isCall(message) ? replaced(response, from, to) : response };
      };
      await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    }
  });

  test('is not given to the caller where the policy leaves it unsigned', async () => {
    const { client, endpoint } = await connect('EchoSymmetric', 'plain');
    endpoint.addSoapHeader(tenant);
    const [result, raw, headers] = await client.EchoAsync({ text: 'x' });
    expect(result).toEqual({ text: 'x' });
    expect(headers).not.toHaveProperty('Tenant');
    expect(raw).not.toContain('Tenant');
  });

  test('brings no wsu:Id where it is signed', async () => {
    const { client, endpoint } = await connect('EchoSymmetric', 'signed');
    const wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
    endpoint.addSoapHeader(tenant.replace('>', ` xmlns:u="${wsu}" u:Id="mine">`));
    await expect(client.EchoAsync({ text: 'x' })).rejects.toThrow('The service could not process the request.');
  });
});

test('what is no header block at all, or none that was added, is refused at once', () => {
  const { endpoint } = farm.nodes.plain;
  for (const header of [undefined, null, 5, true])
    expect(() => endpoint.addSoapHeader(header as unknown as SoapHeader)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  expect(() => endpoint.changeSoapHeader(0, tenant)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: 'changeSoapHeader: there is no header block 0' }),
  );
});
