import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ns } from '../../src/names.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { echo, planOf } from '../support/initiator.ts';
import { notedService, type PortName } from '../support/node.ts';
import { type Man, standBetween } from './man.ts';
import { secureThrough } from './secure-through.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/** The example's WSDL whose Echo has a fault, which a schema of its own declares. */
const declared = (fault: string) =>
  echoText(
    {
      within: '<wsdl:types>',
      from: '<wsdl:types>',
      to: `<wsdl:types><xsd:schema xmlns:st="urn:stock" targetNamespace="urn:stock" elementFormDefault="qualified">
      <xsd:element name="OutOfStock"><xsd:complexType><xsd:sequence><xsd:element name="item" type="xsd:string"/>
      <xsd:element name="left" type="xsd:int"/><xsd:element name="until" type="xsd:dateTime"/>
      <xsd:element name="places" type="xsd:string" maxOccurs="unbounded"/></xsd:sequence></xsd:complexType>
      </xsd:element>
      </xsd:schema>`,
    },
    {
      within: '<wsdl:portType',
      from: '<wsdl:portType',
      to:
        '<wsdl:message name="OutOfStock"><wsdl:part name="f" element="st:OutOfStock" xmlns:st="urn:stock"/>' +
        '</wsdl:message><wsdl:portType',
    },
    { within: '<wsdl:operation name="Echo">', from: '</wsdl:operation>', to: `${fault}</wsdl:operation>` },
  );
const fault = (attributes = '') => `<wsdl:fault name="Stock" message="tns:OutOfStock" ${attributes}/>`;
const named = fault(`xmlns:wsam="${ns.wsam}" wsam:Action="urn:stock:out"`);

const wsdls = {
  'SOAP 1.2': { text: declared(named), action: 'urn:stock:out', detail: 'Detail' },
  'SOAP 1.1': {
    text: declared(fault()).replaceAll(ns.wsdlSoap12, ns.wsdlSoap11),
    action: `${echo}:EchoPortType:Echo:Fault:Stock`,
    detail: 'detail',
  },
};

const value = { item: ' a <b> ', left: 2, until: new Date('2030-01-01T00:00:00Z'), places: ['x'] };

describe.each(Object.entries(wsdls))('a fault that a WSDL of %s declares', (_, { text, action, detail }) => {
  const folder = mkdtempSync(join(tmpdir(), 'declared-faults-'));
  const wsdl = join(folder, 'stock.wsdl');
  let men: Readonly<Record<'http' | 'https', Man>>;
  let node: ListeningNode;
  let thrown: object;

  beforeAll(async () => {
    writeFileSync(wsdl, text);
    men = { http: await standBetween('http'), https: await standBetween('https') };
    const services = notedService([], () => {
      throw { Fault: thrown };
    });
    node = await listen({ addresses: [men.http.base, men.https.base], services, wsdl });
    [men.http.upstream, men.https.upstream] = [node.http, node.https];
  });
  afterAll(async () => {
    await Promise.all([node, ...Object.values(men)].map(each => each.close()));
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    for (const { passages } of Object.values(men)) passages.length = 0;
  });

  const failed = async (port: PortName) => {
    const client = (await soap.createClientAsync(wsdl)) as Client & { EchoAsync(args: object): Promise<unknown> };
    const man = men[planOf(port).transport];
    const security = secureThrough(man, client, port);
    const error = await client.EchoAsync({ text: 'x' }).then(
      () => expect.fail('no fault'),
      problem => problem,
    );
    const wire = man.passages.at(-1)?.response ?? '';
    await security.close();
    return { fault: error.root?.Envelope.Body.Fault ?? expect.fail(String(error)), wire };
  };

  test.each<PortName>(['EchoTls13', 'EchoSymmetric'])('arrives on %s as it was thrown, protected', async port => {
    thrown = { Code: { Value: 'soap:Sender' }, Reason: { Text: 'sold out' }, Detail: { OutOfStock: value } };
    const { fault: read, wire } = await failed(port);
    expect(read[detail]).toEqual({ OutOfStock: value });
    if (port === 'EchoSymmetric') expect(wire).not.toMatch(/OutOfStock|sold out/);
    expect(wire).toMatch(new RegExp(`<\\w+:Action [^>]*>${action}<`));
  });

  test('arrives without a Detail that does not fit, and with the action of any fault', async () => {
    thrown = { Reason: { Text: 'sold out' }, Detail: { OutOfStock: { item: 'the secret' } } };
    const lines = node.lines.length;
    const { fault: read, wire } = await failed('EchoTls13');
    expect(JSON.stringify(read)).toContain('sold out');
    expect(read[detail]).toBeUndefined();
    expect(wire).not.toContain('the secret');
    expect(wire).toContain(`${ns.wsa10}/soap/fault<`);
    expect(node.lines.slice(lines).join()).toMatch(
      /Detail of the operation's fault is not sent: OutOfStock has no left/,
    );
  });

  test('and one that it does not declare, as a text', async () => {
    thrown = { Detail: 'row <17>' };
    expect((await failed('EchoTls13')).fault[detail]).toEqual({ detail: 'row <17>' });
  });
});
