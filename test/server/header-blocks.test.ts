import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import { isCall } from '../client/farm.ts';
import { type Man, standBetween } from '../client/man.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf, replaced } from '../support/initiator.ts';
import { type PortName, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

interface EchoClient extends Client {
  EchoAsync(args: object, options?: object): Promise<readonly [result: { text: string }, raw: string, header: unknown]>;
}

interface Called {
  readonly args: unknown;
  readonly callback: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly request: IncomingMessage;
}

const app = 'urn:app';
const tenant = `<a:Tenant xmlns:a="${app}">blue</a:Tenant>`;
const folder = mkdtempSync(join(tmpdir(), 'service-blocks-'));
const signedWsdl = join(folder, 'signed.wsdl');
const called: Called[] = [];
let men: Readonly<Record<'http' | 'https', Man>>;
/** One node whose policies say nothing of blocks, and one where all blocks of `app` are to be signed. */
let nodes: Readonly<Record<'plain' | 'signed', ListeningNode>>;
const open: SecureConversation[] = [];

const operations = {
  Echo(...[args, callback, headers, request]: [{ text: string }, unknown, Called['headers'], IncomingMessage]) {
    called.push({ args, callback, headers, request });
    return args;
  },
};

beforeAll(async () => {
  men = { http: await standBetween('http'), https: await standBetween('https') };
  const wanted = `<sp:Header Namespace="${app}"/>`;
  writeFileSync(
    signedWsdl,
    echoText({ within: 'wsu:Id="EchoSymmetric_message_policy"', from: '<sp:Body/>', to: `<sp:Body/>${wanted}` }),
  );
  const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
  const options = { addresses: [men.http.base, men.https.base], services: { EchoService: ports } };
  nodes = { plain: await listen(options), signed: await listen({ ...options, wsdl: signedWsdl }) };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(each => each.close()));
  for (const man of Object.values(men)) man.meddle = undefined;
  called.length = 0;
});
afterAll(async () => {
  await Promise.all([...Object.values(nodes), ...Object.values(men)].map(each => each.close()));
  rmSync(folder, { recursive: true });
});

async function connect(port: PortName, policy: 'plain' | 'signed') {
  const client = (await soap.createClientAsync(policy === 'plain' ? wsdl : signedWsdl, {
    forceSoap12Headers: true,
  })) as EchoClient;
  const { transport } = planOf(port);
  const man = men[transport];
  man.upstream = nodes[policy][transport];
  const security = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [`${man.base}/${port}`],
  });
  client.setSecurity(security);
  open.push(security);
  return { client, man };
}

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
