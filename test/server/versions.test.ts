import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import { dialects } from '../../src/names.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { notedService, type PortName, portNames, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { otherVersions, variantFile } from '../support/variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'versions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = 'ä <&> € ]]>\n\tline';
const outOfStock = {
  Fault: {
    Code: { Value: 'soap:Sender', Subcode: { Value: '{urn:shop}OutOfStock' } },
    Reason: { Text: 'none left' },
    Detail: 'of <this>',
  },
};

/** A client of a port that keeps what was on the wire. */
async function connect(node: ListeningNode, wsdl: string, port: PortName, password = user.password) {
  const exchanges: WireExchange[] = [];
  const client = await createClientAsync(wsdl);
  const conversation = secureConversation(client, {
    port,
    username: user.username,
    password,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    trace: exchange => void exchanges.push(exchange),
  });
  client.setSecurity(conversation);
  const call = (operation: string, args: object) =>
    new Promise<unknown>((resolve, reject) => {
      client.EchoService[port][operation](args, (error: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      );
    });
  return { call, conversation, exchanges };
}

describe.each(otherVersions)('a service of $name', versions => {
  let node: ListeningNode;
  let wsdl: string;

  beforeAll(async () => {
    wsdl = variantFile(folder, versions);
    const calls: string[] = [];
    const services = notedService(calls, ({ text: said }) => {
      if (said === 'none') throw outOfStock;
      return { text: said };
    });
    node = await listen({ wsdl, services });
  });
  afterAll(() => node.close());

  test.each(portNames)('on %s answers the calls of one conversation, and its Cancel', async port => {
    const { call, conversation, exchanges } = await connect(node, wsdl, port);
    expect(await call('Echo', { text })).toEqual({ text });
    expect(await Promise.all([1, 2, 3].map(a => call('Add', { a, b: 40 })))).toEqual(
      [41, 42, 43].map(sum => ({ sum })),
    );
    expect(conversation.session.bootstraps).toBe(1);
    expect(await conversation.close()).toBe(true);
    const namespace = versions.soap === '1.1' ? 'http://schemas.xmlsoap.org/soap/envelope/' : '2003/05/soap-envelope';
    for (const { request, response } of exchanges)
      for (const said of [request, response]) expect(said).toContain(namespace);
    const calls = exchanges.slice(1, -1);
    for (const { request, response } of calls)
      expect([request, response].map(said => said.includes('<a:Action'))).toEqual(
        [versions.addressing, versions.addressing].map(version => version !== undefined),
      );
  });

  test.each(portNames)('on %s gives a fault of the service as it was thrown', async port => {
    const { call, conversation } = await connect(node, wsdl, port);
    const error = (await call('Echo', { text: 'none' }).catch((thrown: unknown) => thrown)) as {
      root: { Envelope: { Body: { Fault: Record<string, unknown> } } };
    };
    const { Fault } = error.root.Envelope.Body;
    const said = JSON.stringify(Fault);
    for (const part of ['OutOfStock', 'none left', 'of <this>']) expect(said).toContain(part);
    expect(Object.keys(Fault)).toEqual(
      versions.soap === '1.1' ? ['faultcode', 'faultstring', 'detail'] : ['Code', 'Reason', 'Detail'],
    );
    await conversation.close();
  });

  test.each(portNames)('on %s refuses a wrong password with the fault that names it', async port => {
    const { call, conversation } = await connect(node, wsdl, port, 'wrong');
    const refused = await call('Echo', { text }).catch((error: unknown) => error);
    const name = { local: 'FailedAuthentication' };
    expect(refused).toMatchObject(versions.soap === '1.1' ? { faultCode: name } : { faultSubcode: name });
    await conversation.close();
  });

  test.each(portNames)('on %s tells a client that its conversation is lost, which begins another', async port => {
    const { call, conversation } = await connect(node, wsdl, port);
    await call('Echo', { text });
    const id = conversation.session.contextId ?? '';
    expect(await node.endpoint.cancelled({ id, untilMs: Date.now() + 60_000 })).toBe(true);
    expect(await call('Echo', { text })).toEqual({ text });
    expect(conversation.session.bootstraps).toBe(2);
    expect(loggedReasons(node.lines).at(-1)).toBe('context-unknown');
    await conversation.close();
  });

  test.each(portNames)('on %s takes two equal calls of one moment', async port => {
    const { call, conversation } = await connect(node, wsdl, port);
    await call('Echo', { text });
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('Echo', { text })));
    expect(answers).toEqual(answers.map(() => ({ text })));
    await conversation.close();
  });
});

describe('a service without WS-Addressing', () => {
  const versions = { soap: '1.1', addressing: undefined } as const;
  let node: ListeningNode;
  let wsdl: string;
  beforeAll(async () => {
    wsdl = variantFile(folder, versions);
    node = await listen({ wsdl });
  });
  afterAll(() => node.close());

  test.each(portNames)('writes SOAPAction, quoted, with each request to %s', async port => {
    const [plan] = compilePolicy(wsdl, { ports: [port] });
    expect(plan).toMatchObject({ addressing: undefined, trustAddressing: { name: '1.0' } });
    const dialect = port === 'EchoTls13' ? dialects['200512'] : dialects.feb2005;
    expect(plan?.dialect).toBe(dialect);
    const { call, conversation, exchanges } = await connect(node, wsdl, port);
    await call('Echo', { text });
    // The RST names its action in both places, as CXF's does.
    expect(exchanges[0]?.request).toContain(`>${dialect.requestAction.issue}</a:Action>`);
    expect(exchanges[1]?.request).not.toContain('www.w3.org/2005/08/addressing');
    await conversation.close();
  });
});
