import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { wsdlFor } from '../../src/policy/publish.ts';
import { parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';
import { echoFile, echoText } from './echo-variant.ts';

const folder = mkdtempSync(join(tmpdir(), 'policies-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const echo = readWsdl(echoFile);
const unchanged = planOf(echo, 'EchoTls11');
const [policy = ''] = /<wsp:Policy wsu:Id="EchoTls11_policy"[^>]*>.*?\n {2}<\/wsp:Policy>/s.exec(echoText()) ?? [];
const [root = ''] = /<wsdl:definitions[^>]*>/.exec(echoText()) ?? [];
const declarations = (root.match(/xmlns:\w+="[^"]*"/g) ?? []).join(' ');
const reference = (uri: string) => `<wsp:PolicyReference URI="${uri}"/>`;

/** The example with the policy of EchoTls11 gone, and these references in the place of that to it. */
function echoTextWith(...uris: readonly string[]): string {
  const text = echoText({ within: root, from: policy, to: '' });
  return text.replace(reference('#EchoTls11_policy'), uris.map(reference).join('\n'));
}

function wsdlWith(name: string, ...uris: readonly string[]): string {
  return fileOf(name, echoTextWith(...uris));
}

/** A document with policies in it. */
const documentOf = (content: string) => `<policies ${declarations}>\n${content}\n</policies>`;
/** A document that is a policy. */
const policyDocument = policy.replace('<wsp:Policy ', `<wsp:Policy ${declarations} `);

describe('a policy stands in another document', () => {
  it.each([
    ['by its id there', 'one.xml#EchoTls11_policy', 'one.xml', documentOf(policy)],
    ['in a folder beside', 'more/two.xml#EchoTls11_policy', 'more/two.xml', documentOf(policy)],
    ['as the document', 'three.xml', 'three.xml', policyDocument],
    ['as the document, by its id', 'four.xml#EchoTls11_policy', 'four.xml', policyDocument],
    ['in another WSDL', 'five.wsdl#EchoTls11_policy', 'five.wsdl', echoText()],
  ])('%s', (_how, uri, name, text) => {
    fileOf(name, text);
    expect(planOf(readWsdl(wsdlWith('a.wsdl', uri)), 'EchoTls11')).toEqual(unchanged);
  });

  it('that leads on to a third, relative to itself', () => {
    fileOf(
      'on/first.xml',
      documentOf(`<wsp:Policy wsu:Id="p">${reference('second.xml#EchoTls11_policy')}</wsp:Policy>`),
    );
    fileOf('on/second.xml', documentOf(policy));
    expect(planOf(readWsdl(wsdlWith('b.wsdl', 'on/first.xml#p')), 'EchoTls11')).toEqual(unchanged);
  });

  it('by the attribute PolicyURIs', () => {
    fileOf('uris.xml', documentOf(policy));
    const from = '<wsdl:binding name="EchoTls11"';
    const text = echoText(
      { within: root, from: policy, to: '' },
      { within: from, from: reference('#EchoTls11_policy'), to: '' },
    );
    const file = fileOf('uris.wsdl', text.replace(from, `${from} wsp:PolicyURIs="uris.xml#EchoTls11_policy"`));
    expect(planOf(readWsdl(file), 'EchoTls11')).toEqual(unchanged);
  });

  it('by the Name that it has in a document which is imported', () => {
    const named = policy.replace('wsu:Id="EchoTls11_policy"', 'Name="urn:strong"');
    fileOf('named.wsdl', `<wsdl:definitions ${declarations} targetNamespace="urn:n">${named}</wsdl:definitions>`);
    const file = fileOf(
      'c.wsdl',
      echoTextWith('urn:strong').replace(root, `${root}<wsdl:import namespace="urn:n" location="named.wsdl"/>`),
    );
    expect(planOf(readWsdl(file), 'EchoTls11')).toEqual(unchanged);
  });
});

describe('a reference is refused where it stands, with its port, when', () => {
  it.each([
    ['its document is missing', 'missing.xml#p', `${join(folder, 'missing.xml')}: no such file`],
    ['its policy is missing', 'there.xml#q', `no policy #q in ${join(folder, 'there.xml')}`],
    [
      'its document is no policy',
      'there.xml',
      `${join(folder, 'there.xml')} is no policy but policies: name one in it`,
    ],
    ['its document is no XML', 'text.xml#p', `${join(folder, 'text.xml')}:1: not well-formed XML`],
    ['its document is elsewhere', 'https://h/p.xml#p', 'the policy document https://h/p.xml is not followed'],
    ['it is a name that nothing has', 'urn:nothing', 'the policy document urn:nothing is not followed'],
    ['it is an id that nothing has', '#nothing', 'no policy #nothing in this document'],
  ])('%s', (_what, uri, says) => {
    fileOf('there.xml', documentOf('<wsp:Policy wsu:Id="p"/>'));
    fileOf('text.xml', 'policy');
    const file = wsdlWith('refused.wsdl', uri);
    const line = lineIn(echoTextWith(uri), reference(uri));
    const wsdl = readWsdl(file);
    expect(() => planOf(wsdl, 'EchoTls11')).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        message: expect.stringMatching(`^${escaped(`${file}:${line}: ${says}`)}.*\\(port EchoTls11\\)$`),
      }),
    );
    expect(planOf(wsdl, 'EchoTls13')).toEqual(planOf(echo, 'EchoTls13'));
  });

  it('it comes back to itself through other documents, in the one that closes the loop', () => {
    fileOf('x.xml', documentOf(`<wsp:Policy wsu:Id="p">\n${reference('y.xml#p')}</wsp:Policy>`));
    fileOf('y.xml', documentOf(`<wsp:Policy wsu:Id="p">\n\n${reference('x.xml#p')}</wsp:Policy>`));
    const wsdl = readWsdl(wsdlWith('loop.wsdl', 'x.xml#p'));
    expect(() => planOf(wsdl, 'EchoTls11')).toThrow(
      `${join(folder, 'y.xml')}:4: policy x.xml#p refers to itself (port EchoTls11)`,
    );
  });

  it('there are more than 64 documents', () => {
    const names = Array.from({ length: 64 }, (_, i) => `many${i}.xml`);
    for (const name of names) fileOf(name, documentOf('<wsp:Policy wsu:Id="p"/>'));
    const file = wsdlWith('many.wsdl', ...names.map(name => `${name}#p`));
    const line = lineIn(echoTextWith('many'), reference('many')) + 63;
    expect(() => planOf(readWsdl(file), 'EchoTls11')).toThrow(`${file}:${line}: more than 64 documents (port`);
  });
});

function lineIn(text: string, marker: string): number {
  return text.slice(0, text.indexOf(marker)).split('\n').length;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('a WSDL with policies in other documents is published', () => {
  fileOf(
    'far/first.xml',
    documentOf(`<wsp:Policy wsu:Id="p">${reference('#q')}</wsp:Policy>
    <wsp:Policy wsu:Id="q">${reference('../far-two.xml')}</wsp:Policy>`),
  );
  fileOf('far-two.xml', policyDocument);
  const wsdl = readWsdl(wsdlWith('far.wsdl', 'far/first.xml#p', 'far-two.xml'));
  const published = wsdlFor(wsdl);

  it('with them, as one document that means the same', () => {
    const again = parseWsdl({ name: 'published.wsdl', text: published });
    for (const { name } of echo.ports) expect(planOf(again, name)).toEqual(planOf(echo, name));
    expect(published).not.toMatch(/URI="[^#]/);
    expect(published.match(/policy-\d"/g)).not.toBeNull();
    expect(wsdlFor(again)).toBe(published);
  });

  it('without those of ports that are not asked for', () => {
    const alone = wsdlFor(wsdl, { ports: ['EchoTls13'] });
    expect(alone).not.toMatch(/policy-\d/);
    const text = wsdlFor(wsdl, { ports: ['EchoTls11'] });
    expect(planOf(parseWsdl({ name: 'published.wsdl', text }), 'EchoTls11')).toEqual(unchanged);
  });

  it('with ids that nothing in it has', () => {
    fileOf('ids.xml', policyDocument);
    const file = wsdlWith('ids.wsdl', 'ids.xml');
    const text = echoTextWith('ids.xml')
      .replace(`wsu:Id="EchoTls13_policy"`, 'wsu:Id="policy-1"')
      .replaceAll('#EchoTls13_policy', '#policy-1');
    fileOf('ids.wsdl', text);
    const again = parseWsdl({ name: 'published.wsdl', text: wsdlFor(readWsdl(file)) });
    for (const { name } of echo.ports) expect(planOf(again, name)).toEqual(planOf(echo, name));
  });

  it('with each id once', () => {
    const inner = '<wsp:Policy wsu:Id="EchoTls13_policy"><wsp:Policy wsu:Id="q"/></wsp:Policy>';
    fileOf('twice.xml', documentOf(`<wsp:Policy wsu:Id="p">${inner}${reference('#q')}</wsp:Policy>`));
    const text = wsdlFor(readWsdl(wsdlWith('twice.wsdl', 'twice.xml#p')));
    const ids = [...text.matchAll(/wsu:Id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toContain('policy-1');
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('as it is where a reference in a port that is not asked for leads nowhere', () => {
    const text = wsdlFor(readWsdl(wsdlWith('nowhere.wsdl', 'missing.xml')), { ports: ['EchoTls13'] });
    expect(planOf(parseWsdl({ name: 'published.wsdl', text }), 'EchoTls13')).toEqual(planOf(echo, 'EchoTls13'));
  });
});
