import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import soap from 'soap';
import { afterAll, describe, expect, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { parseDocument } from '../../src/policy/document.ts';
import { wsdlFor } from '../../src/policy/publish.ts';
import { parseWsdl, readWsdl, type Wsdl } from '../../src/policy/wsdl.ts';
import { echoFile, echoVariant } from './echo-variant.ts';

const echo = readWsdl(echoFile);
const wcf = readWsdl('test/vectors/wsdl/wcf/service.wsdl');
const ping = readWsdl('test/vectors/wsdl/ping/ping.wsdl');

const folder = mkdtempSync(join(tmpdir(), 'publish-'));
afterAll(() => rmSync(folder, { recursive: true }));

function republished(text: string): Wsdl {
  return parseWsdl({ name: 'published.wsdl', text });
}

describe.each([
  ['the example', echo, ['EchoTls11', 'EchoTls13', 'EchoSymmetric']],
  [
    'what a WCF server publishes in four documents',
    wcf,
    ['WSHttpBinding_EchoPortType', 'WS2007HttpBinding_EchoPortType2'],
  ],
  ['one that imports another, in which a prefix means something else', readWsdl('wsdl/plain.wsdl'), ['PasswordTls']],
  ['a WSDL with bindings and schemas in other namespaces and files', ping, ['UserNameOverTransport', 'AC', 'UXDC']],
])('%s', (_name, wsdl, ports) => {
  it('is published as one document that means the same', () => {
    const text = wsdlFor(wsdl);
    expect(text).not.toMatch(/schemaLocation|:import [^>]*location=/);
    expect(text.match(/<wsdl:types/g)).toHaveLength(1);
    const again = republished(text);
    expect(again.ports.map(port => port.name)).toEqual(wsdl.ports.map(port => port.name));
    for (const port of ports) expect(planOf(again, port)).toEqual(planOf(wsdl, port));
  });

  it.each(ports)('%s alone is that port with its binding and policies', port => {
    const text = wsdlFor(wsdl, { ports: [port] });
    const again = republished(text);
    expect(again.ports.map(({ name }) => name)).toEqual([port]);
    expect(again.components.binding.size).toBe(1);
    expect(planOf(again, port)).toEqual(planOf(wsdl, port));
    const ids = [...text.matchAll(/wsu:Id="([^"]*)"/g)].map(([, id]) => id);
    for (const id of ids) expect(text).toContain(`URI="#${id}"`);
  });

  it('is published the same when it is published again', () => {
    const text = wsdlFor(wsdl);
    expect(wsdlFor(republished(text))).toBe(text);
  });

  it('gets the addresses of the node that is asked', () => {
    const text = wsdlFor(wsdl, { addressOf: port => `https://node:1/a&b/${port}` });
    for (const port of ports) expect(planOf(republished(text), port).address).toBe(`https://node:1/a&b/${port}`);
    expect(text).not.toMatch(/(location=|Address>)"?https?:\/\/localhost/);
  });

  it('is read by node-soap', async () => {
    const file = join(folder, 'published.wsdl');
    writeFileSync(file, wsdlFor(wsdl, { ports }));
    const described = (await soap.createClientAsync(file, { disableCache: true })).describe();
    expect(Object.keys(Object.values(described)[0] as object)).toEqual(ports);
  });
});

it('references within one namespace stay as they are written', () => {
  expect(wsdlFor(echo)).toContain('binding="tns:EchoTls11"');
  expect(wsdlFor(echo)).not.toContain('published');
});

it('what has no name may stand twice, and policies that refer to each other end', () => {
  const note = '<wsdl:documentation>a</wsdl:documentation><wsdl:documentation>b</wsdl:documentation>';
  const circle = '<wsp:Policy wsu:Id="c"><wsp:PolicyReference URI="#c"/></wsp:Policy>';
  const binding = '<wsdl:binding name="EchoTls11" type="tns:EchoPortType">';
  const wsdl = echoVariant(
    { within: '<wsdl:types>', from: '<wsdl:types>', to: `${note}${circle}<wsdl:types>` },
    { within: binding, from: binding, to: `${binding}<wsp:PolicyReference URI="#c"/>` },
  );
  const text = wsdlFor(wsdl, { ports: ['EchoTls11'] });
  expect(text).toContain(note);
  expect(text).toContain(circle);
});

it('a schema that is somewhere on the network stays there', () => {
  const link = '<xsd:import namespace="urn:far" schemaLocation="https://far/far.xsd"/>';
  const schema = /(?<=<xsd:schema [^>]*>)/;
  const wsdl = echoVariant({ within: '<wsdl:types>', from: schema, to: link });
  expect(planOf(wsdl, 'EchoTls11').port).toBe('EchoTls11');
  expect(wsdlFor(wsdl)).toContain(link);
});

it('comments stay with what they stand before', () => {
  const text = wsdlFor(echo, { ports: ['EchoTls13'] });
  expect(text).toContain('the shape of WS2007HttpBinding');
  expect(text).not.toContain('the shape of WSHttpBinding');
  expect(text).not.toContain('derived from the security context');
});

it('a port without an address of its own keeps the one in the file', () => {
  const text = wsdlFor(echo, { addressOf: port => (port === 'EchoTls11' ? 'https://n/x' : undefined) });
  const addresses = ['EchoTls11', 'EchoSymmetric'].map(port => planOf(republished(text), port).address);
  expect(addresses).toEqual(['https://n/x', 'http://localhost:8080/EchoSymmetric']);
});

it('an endpoint reference is given the address too', () => {
  const port = 'WSHttpBinding_EchoPortType';
  const text = wsdlFor(wcf, { ports: [port], addressOf: () => 'https://node:1/x' });
  expect(text).toContain('<wsa10:Address>https://node:1/x</wsa10:Address>');
});

it('a prefix keeps the meaning that it has nearest to its use', () => {
  const definitions = (attributes: string, content: string): string =>
    `<d:definitions xmlns:d="${ns.wsdl}" ${attributes}>${content}</d:definitions>`;
  const schema = `<x:schema xmlns:x="${ns.xsd}" xmlns:t="urn:inner"><x:element name="e" type="t:T"/></x:schema>`;
  const other = definitions(
    'targetNamespace="urn:o" xmlns:t="urn:outer"',
    `<d:types>${schema}</d:types><d:portType name="t"/>`,
  );
  const service = '<d:binding name="b" type="o:t"/><d:service name="s"><d:port name="p" binding="t:b"/></d:service>';
  const text = definitions(
    'targetNamespace="urn:t" xmlns:t="urn:t" xmlns:o="urn:o"',
    `<d:import namespace="urn:o" location="o.wsdl"/>${service}`,
  );
  const wsdl = parseWsdl({ name: 't.wsdl', text }, () => ({ name: 'o.wsdl', text: other }));
  const published = parseDocument({ name: 'p.wsdl', text: wsdlFor(wsdl) });
  expect(published.getElementsByTagNameNS(ns.xsd, 'element')[0]?.lookupNamespaceURI('t')).toBe('urn:inner');
  expect(published.getElementsByTagNameNS(ns.wsdl, 'portType')[0]?.lookupNamespaceURI('t')).toBe('urn:outer');
  expect(republished(wsdlFor(wsdl)).components.portType.has('{urn:t}t')).toBe(true);
});

describe('publishing is refused for', () => {
  const definitions = (targetNamespace: string, content: string): string =>
    `<d:definitions xmlns:d="${ns.wsdl}" xmlns:x="${ns.xsd}" xmlns:o="urn:o" targetNamespace="${targetNamespace}">` +
    `${content}</d:definitions>`;
  const service = '<d:service name="s"><d:port name="p" binding="o:b"/></d:service>';

  it('a port that is not there', () => {
    expect(() => wsdlFor(echo, { ports: ['Other'] })).toThrow('no port Other');
    expect(() => wsdlFor(echo, { ports: [] })).toThrow('no port');
  });

  it('two documents that use one name for two things', () => {
    const first = definitions(
      'urn:t',
      `<d:import namespace="urn:o" location="o.wsdl"/><d:message name="m"/>${service}`,
    );
    const other = definitions('urn:o', '<d:message name="m"/><d:portType name="t"/><d:binding name="b" type="o:t"/>');
    const wsdl = parseWsdl({ name: 't.wsdl', text: first }, () => ({ name: 'o.wsdl', text: other }));
    const message = 'o.wsdl:1: a second message m: the documents cannot be published as one';
    expect(() => wsdlFor(wsdl)).toThrow(expect.objectContaining({ code: 'WSDL_INVALID', message }));
  });

  it.each([
    ['redefine', 'urn:s', 'xsd:redefine cannot be published in one document'],
    ['include', undefined, 'an included schema without targetNamespace cannot be published in one document'],
  ])('an xsd:%s of a schema with target namespace %s', (link, target, says) => {
    const types = `<d:types><x:schema><x:${link} schemaLocation="s.xsd"/></x:schema></d:types>`;
    const text = definitions('urn:o', `${types}<d:portType name="t"/><d:binding name="b" type="o:t"/>${service}`);
    const schema = `<x:schema xmlns:x="${ns.xsd}"${target === undefined ? '' : ` targetNamespace="${target}"`}/>`;
    const wsdl = parseWsdl({ name: 't.wsdl', text }, () => ({ name: 's.xsd', text: schema }));
    expect(() => wsdlFor(wsdl)).toThrow(`t.wsdl:1: ${says}`);
  });
});
