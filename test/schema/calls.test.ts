import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { ns } from '../../src/names.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { type WsdlParts, wsdlTexts } from './wsdl-texts.ts';

/** Our client at our server: each makes of the other's Body what its user gave. */
const sp = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702';
const policy = `<wsp:Policy xmlns:wsp="${ns.wsp200409}" xmlns:wsu="${ns.wsu}" xmlns:sp="${sp}" wsu:Id="policy">
<sp:TransportBinding><wsp:Policy>
<sp:TransportToken><wsp:Policy><sp:HttpsToken/></wsp:Policy></sp:TransportToken>
<sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite><sp:IncludeTimestamp/>
</wsp:Policy></sp:TransportBinding>
<sp:SignedSupportingTokens><wsp:Policy><sp:UsernameToken sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"/>
</wsp:Policy></sp:SignedSupportingTokens></wsp:Policy>`;

const line = `<xsd:complexType name="Line"><xsd:sequence><xsd:element name="text" type="xsd:string"/>
  <xsd:element name="count" type="xsd:int" maxOccurs="unbounded"/></xsd:sequence>
  <xsd:attribute name="id" type="xsd:string"/></xsd:complexType>`;

const both = '<wsdl:part name="note" type="xsd:string"/><wsdl:part name="line" type="b:Line"/>';
const ofBoth = (name: string) => `<xsd:element name="${name}"><xsd:complexType><xsd:sequence>
  <xsd:element name="note" type="xsd:string"/><xsd:element name="line" type="b:Line"/></xsd:sequence></xsd:complexType>
  </xsd:element>`;

const wsdls: Readonly<Record<string, WsdlParts>> = {
  'document/literal of two namespaces': { a: ofBoth('Q') + ofBoth('R'), b: line, form: '' },
  'rpc/literal': { a: '', b: line, style: 'rpc', body: 'namespace="urn:r"', request: both, response: both },
  'a header part beside the Body': {
    a: ofBoth('Q') + ofBoth('R'),
    b: `${line}<xsd:element name="Trace" type="xsd:string"/>`,
    request: '<wsdl:part name="p" element="t:Q"/><wsdl:part name="trace" element="b:Trace"/>',
    header: '<soap:header message="other:Request" part="trace" use="literal"/>',
    body: 'parts="p"',
  },
};

const value = { note: ' two  spaces ', line: { attributes: { id: '7' }, text: '', count: [1] } };

describe.each(Object.entries(wsdls))('a call by %s', (_name, parts) => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-calls-'));
  const seen: unknown[] = [];
  let node: ListeningNode;

  beforeAll(async () => {
    const { main, a, b } = wsdlTexts({ ...parts, policy, address: 'https://localhost/P' });
    writeFileSync(join(folder, 'main.wsdl'), main);
    writeFileSync(join(folder, 'a.wsdl'), a);
    writeFileSync(join(folder, 'b.xsd'), b);
    const Call = (args: unknown) => {
      seen.push(args);
      return args;
    };
    node = await listen({ wsdl: join(folder, 'main.wsdl'), services: { S: { P: { Call } } }, ports: { P: {} } });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await node.close();
  });

  test('brings arguments and result as they were given, white space too', async () => {
    const client = await createClientAsync(join(folder, 'main.wsdl'), { forceSoap12Headers: true });
    const conversation = secureConversation(client, {
      port: 'P',
      ...user,
      ca: pem.ca.certificate,
      addresses: [`https://localhost:${node.https}/P`],
    });
    client.setSecurity(conversation);
    const [answer] = await client.CallAsync(value);
    await conversation.close();
    expect(seen).toEqual([value]);
    expect(answer).toEqual(value);
  });
});
