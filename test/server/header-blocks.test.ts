import type { IncomingMessage } from 'node:http';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isCall } from '../client/farm.ts';
import { replaced } from '../support/initiator.ts';
import { portNames } from '../support/node.ts';
import { app, type EchoBlocks, startEchoBlocks } from './echo-blocks.ts';

interface EchoClient extends Client {
  EchoAsync(args: object, options?: object): Promise<readonly [result: { text: string }, raw: string, header: unknown]>;
}

interface Called {
  readonly args: unknown;
  readonly callback: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly request: IncomingMessage;
}

const tenant = `<a:Tenant xmlns:a="${app}">blue</a:Tenant>`;
const called: Called[] = [];
let farm: EchoBlocks<EchoClient>;

const operations = {
  Echo(...[args, callback, headers, request]: [{ text: string }, unknown, Called['headers'], IncomingMessage]) {
    called.push({ args, callback, headers, request });
    return args;
  },
};

beforeAll(async () => {
  farm = await startEchoBlocks(operations);
});
afterEach(async () => {
  await farm.closeClients();
  called.length = 0;
});
afterAll(() => farm.end());

const connect: typeof farm.connect = (port, policy) => farm.connect(port, policy);

/** What the last call was made with. */
const last = () => called.at(-1) ?? expect.fail('nothing was called');

/** The names of the header blocks that WS-Addressing has in a request of a port where all of it is protected. */
const addressing = ['Action', 'MessageID', 'ReplyTo', 'To'];

describe.each(portNames)('an operation of %s', port => {
  test('is called with arguments, callback, header blocks and request, as by node-soap', async () => {
    const { client } = await connect(port, 'signed');
    client.addSoapHeader(tenant);
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    const { args, callback, headers, request } = last();
    expect(args).toEqual({ text: 'x' });
    expect(callback).toBeTypeOf('function');
    expect(headers).toMatchObject({ Tenant: 'blue', ReplyTo: { Address: expect.stringMatching(/anonymous$/) } });
    expect(request).toMatchObject({ method: 'POST', url: `/${port}`, headers: { host: expect.any(String) } });
  });

  test('never gets the Security header', async () => {
    const { client } = await connect(port, 'plain');
    await client.EchoAsync({ text: 'x' });
    expect(Object.keys(last().headers).sort()).toEqual(addressing);
  });

  test('gets the block of a name that comes twice as a list, and none for another node', async () => {
    const { client } = await connect(port, 'signed');
    client.addSoapHeader(tenant);
    client.addSoapHeader(tenant.replace('blue', '<b c="1">2</b>'));
    client.addSoapHeader(tenant.replace('>', ' soap:role="urn:somebody">'));
    await client.EchoAsync({ text: 'x' });
    expect(last().headers.Tenant).toEqual(['blue', { b: { attributes: { c: '1' }, $value: '2' } }]);
  });

  test('is called without a block that node-soap can not read', async () => {
    const { client } = await connect(port, 'signed');
    client.addSoapHeader(tenant.replace('blue', 'blue<b/>'));
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    expect(Object.keys(last().headers).sort()).toEqual(addressing);
  });
});

test.each(['EchoTls11', 'EchoTls13'] as const)('all header blocks of %s are given: TLS protects them', async port => {
  const { client } = await connect(port, 'plain');
  client.addSoapHeader(tenant);
  await client.EchoAsync({ text: 'x' });
  expect(last().headers.Tenant).toBe('blue');
});

describe('an operation of a port that protects messages', () => {
  test('does not get what anybody on the way could have changed', async () => {
    const { client } = await connect('EchoSymmetric', 'plain');
    client.addSoapHeader(tenant);
    await client.EchoAsync({ text: 'x' });
    expect(Object.keys(last().headers).sort()).toEqual(addressing);
  });

  test('does not get what somebody on the way puts in', async () => {
    const { client, man } = await connect('EchoSymmetric', 'plain');
    man.meddle = (message, forward) =>
      forward(isCall(message) ? replaced(message, /(?=<o:Security )/, tenant) : message);
    await client.EchoAsync({ text: 'x' });
    expect(called).toHaveLength(1);
    expect(Object.keys(last().headers).sort()).toEqual(addressing);
  });
});

test.each(portNames)(
  'node-soap’s client is given the header blocks of an answer of %s, without Security',
  async port => {
    const { client } = await connect(port, 'plain');
    const [, , header] = await client.EchoAsync({ text: 'x' });
    expect(Object.keys(header as object).sort()).toEqual(['Action', 'RelatesTo']);
  },
);
