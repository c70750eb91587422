import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SecureConversation } from '../../src/client/secure-conversation.ts';
import { echoText } from '../policy/echo-variant.ts';
import { costOfFourTimes } from '../support/cost.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { echo, planOf, replaced } from '../support/initiator.ts';
import { notedService, type PortName, portNames } from '../support/node.ts';
import { isCall } from './farm.ts';
import { type Man, standBetween } from './man.ts';
import { secureThrough } from './secure-through.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

interface EchoClient extends Client {
  EchoAsync(args: object): Promise<[{ text: unknown }]>;
}

const folder = mkdtempSync(join(tmpdir(), 'value-types-'));
const wsdl = join(folder, 'typed.wsdl');
/** What the operation was called with. */
const said: unknown[] = [];
/** What it answers. */
let says: unknown;
let men: Readonly<Record<'http' | 'https', Man>>;
let node: ListeningNode;
const open: SecureConversation[] = [];

/** The example's WSDL with a type Amount, which no element has of itself; node-soap declares q on its envelopes. */
const typed = echoText(
  { within: '<wsdl:definitions', from: 'xmlns:tns=', to: `xmlns:q="${echo}" xmlns:tns=` },
  {
    within: '<xsd:schema',
    from: '<xsd:element',
    to:
      '<xsd:complexType name="Amount"><xsd:sequence>' +
      '<xsd:element name="value" type="xsd:int"/></xsd:sequence></xsd:complexType>' +
      '<xsd:element',
  },
);

beforeAll(async () => {
  writeFileSync(wsdl, typed);
  men = { http: await standBetween('http'), https: await standBetween('https') };
  const services = notedService([], ({ text }) => {
    said.push(text);
    return { text: says };
  });
  node = await listen({ addresses: [men.http.base, men.https.base], services, wsdl });
  [men.http.upstream, men.https.upstream] = [node.http, node.https];
});
afterEach(async () => {
  for (const man of Object.values(men)) man.meddle = undefined;
  await Promise.all(open.splice(0).map(each => each.close()));
  said.length = 0;
});
afterAll(async () => {
  await Promise.all([node, ...Object.values(men)].map(each => each.close()));
  rmSync(folder, { recursive: true });
});

async function connect(port: PortName) {
  const client = (await soap.createClientAsync(wsdl)) as EchoClient;
  const man = men[planOf(port).transport];
  open.push(secureThrough(man, client, port));
  return { client, man };
}

/** Where the prefix of a value can be declared: by node-soap on the Envelope, or by the caller beside the value. */
const places: readonly [string, object][] = [
  ['on the Envelope', { 'xsi:type': 'q:Amount' }],
  ['beside the value', { 'xmlns:r': echo, 'xsi:type': 'r:Amount' }],
];
const amount = (attributes: object) => ({ attributes, value: '5' });

describe.each(portNames)('on %s', port => {
  test.each(places)('a type whose prefix node-soap finds declared %s is known at both ends', async (_, attributes) => {
    const { client } = await connect(port);
    says = amount(attributes);
    const [answer] = await client.EchoAsync({ text: amount(attributes) });
    expect(said).toMatchObject([{ value: 5 }]);
    expect(answer.text).toMatchObject({ value: 5 });
  });
});

describe.each(portNames)('on %s, what stands in a CDATA section', port => {
  test('is text, also where node-soap would read a document in it', async () => {
    const { client } = await connect(port);
    says = { $xml: '<![CDATA[<?xml version="1.0"?><a>1</a>]]>' };
    expect((await client.EchoAsync({ text: 'x' }))[0].text).toBe('<?xml version="1.0"?><a>1</a>');
  });

  // node-soap looks for the end of a document again from each place where one begins: 200 kB take it half a minute.
  test('is read once, not again from each place where a document could begin', async () => {
    const { client } = await connect(port);
    const read = async (size: number) => {
      const text = '<?xml'.repeat(size);
      says = { $xml: `<![CDATA[${text}]]>` };
      expect((await client.EchoAsync({ text: 'x' }))[0].text).toBe(text);
    };
    expect(await costOfFourTimes(10_000, read)).toBeLessThan(8);
  });
});

describe('an answer with names by which node-soap joins elements', () => {
  const refused = { code: 'MESSAGE_REFUSED' };

  test.each(['id="__proto__"', 'href="#__proto__"', 'id="constructor"', 'href="#toString"'])(
    'is refused for %s, which all objects have',
    async attribute => {
      const { client } = await connect('EchoTls13');
      says = { $xml: `<a ${attribute}><b>1</b></a>` };
      await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject(refused);
      expect(Object.keys(Object.prototype)).toEqual([]);
      says = { $xml: '<a id="1"><b>1</b></a><a href="#1"/>' };
      expect((await client.EchoAsync({ text: 'x' }))[0].text).toMatchObject({
        a: [{ b: '1' }, { attributes: { href: '#1' } }],
      });
    },
  );

  test('is refused where they make more of it than it says', async () => {
    const { client } = await connect('EchoTls13');
    const joined = (members: number, places: number) =>
      `<a id="1">${Array.from({ length: members }, (_, i) => `<b${i}/>`).join('')}</a>` +
      `${'<a href="#1"/>'.repeat(places)}`;
    says = { $xml: joined(10, 10) };
    expect((await client.EchoAsync({ text: 'x' }))[0].text).toHaveProperty('a[10].attributes');
    says = { $xml: joined(1_000, 1_000) };
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ ...refused, reason: 'limit-references' });
  });
});

test('node-soap gets no declaration of an answer that is not signed', async () => {
  const { client, man } = await connect('EchoSymmetric');
  says = 'x';
  man.meddle = async (message, forward) => {
    const { status, response } = await forward(message);
    return { status, response: replaced(response, '<s:Envelope', '<s:Envelope xmlns:z="urn:eve"') };
  };
  expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
  expect(client.lastResponse).toContain('EchoResponse');
  expect(client.lastResponse).not.toContain('urn:eve');
});

describe('on EchoSymmetric, whoever rebinds the prefix of a value on the way', () => {
  const rebound = (message: string, element: string, prefix: string) => {
    const declaration = new RegExp(`(<s:${element}[^>]*?) xmlns:${prefix}="[^"]*"`);
    const free = declaration.test(message)
      ? replaced(message, declaration, /<s:\w+/.exec(message)?.[0] ?? '')
      : message;
    return replaced(free, `<s:${element}`, `<s:${element} xmlns:${prefix}="urn:eve"`);
  };

  test.each(places)('makes no other value of it: a prefix declared %s', async (_, attributes) => {
    const { client, man } = await connect('EchoSymmetric');
    says = amount(attributes);
    await client.EchoAsync({ text: amount(attributes) });
    for (const prefix of ['q', 'r', 'xsi', 'tns']) {
      for (const element of ['Envelope', 'Body']) {
        man.meddle = (message, forward) => forward(isCall(message) ? rebound(message, element, prefix) : message);
        await client.EchoAsync({ text: amount(attributes) }).catch(() => undefined);
        man.meddle = async (message, forward) => {
          const { status, response } = await forward(message);
          return { status, response: rebound(response, element, prefix) };
        };
        const answered = await client.EchoAsync({ text: amount(attributes) }).catch(() => undefined);
        if (answered !== undefined) expect(answered[0].text).toMatchObject({ value: 5 });
      }
    }
    for (const text of said) expect(text).toMatchObject({ value: 5 });
  });
});
