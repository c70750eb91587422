import { describe, expect, test } from 'vitest';
import { type AddressingVersionName, addressingVersions, ns } from '../../src/names.ts';
import {
  addressingHeaders,
  isAddressingHeader,
  readAddressing,
  writeAddressingHeader,
} from '../../src/soap/addressing.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanText } from '../../src/xml/scan.ts';

const names = Object.keys(addressingVersions) as AddressingVersionName[];

function readHeaders(name: AddressingVersionName, headers: string) {
  const text =
    `<s:Envelope xmlns:s="${ns.soap12}" xmlns:a="${addressingVersions[name].namespace}">` +
    `<s:Header>${headers}</s:Header><s:Body/></s:Envelope>`;
  return readAddressing(readEnvelope(scanText(text)));
}

const refusal = (fault: string, reason?: string) =>
  expect.objectContaining(reason === undefined ? { fault } : { fault, reason });
const action = '<a:Action>urn:act</a:Action>';
const endpoint = (local: string, address: string) => `<a:${local}><a:Address>${address}</a:Address></a:${local}>`;

describe.each(names)('WS-Addressing %s', name => {
  const version = addressingVersions[name];

  test('headers come out by name, with the white space around values gone', () => {
    const headers =
      '<a:Action>\n urn:act </a:Action><a:MessageID>urn:id</a:MessageID><a:To>http://to/</a:To>' +
      '<a:RelatesTo>urn:req</a:RelatesTo>' +
      endpoint('ReplyTo', version.anonymous) +
      endpoint('From', 'http://somewhere/');
    const read = readHeaders(name, headers);
    expect(read).toMatchObject({
      version,
      action: 'urn:act',
      messageId: 'urn:id',
      to: 'http://to/',
      relatesTo: 'urn:req',
      replyTo: version.anonymous,
    });
    expect([...(read?.elements.keys() ?? [])].sort()).toEqual([
      'Action',
      'From',
      'MessageID',
      'RelatesTo',
      'ReplyTo',
      'To',
    ]);
  });

  test('only the four characters of white space are no part of a value', () => {
    expect(readHeaders(name, `<a:To> &#9;&#10;&#13;http://to/&#13;&#10;&#9; </a:To>${action}`)?.to).toBe('http://to/');
    for (const character of ['\u00A0', '\uFEFF', '\u2028']) {
      const read = readHeaders(name, `<a:To>${character}http://to/${character}</a:To>${action}`);
      expect(read?.to).toBe(`${character}http://to/${character}`);
    }
    for (const character of ['\u000B', '\u000C']) {
      expect(() => readHeaders(name, `<a:To>${character}http://to/</a:To>${action}`)).toThrow(refusal('malformed'));
    }
  });

  test('a message without any of them has no addressing', () => {
    expect(readHeaders(name, '<m:x xmlns:m="urn:m"/>')).toBeUndefined();
  });

  test('Action must be there, each header once', () => {
    expect(() => readHeaders(name, '<a:MessageID>urn:id</a:MessageID>')).toThrow(refusal('addressingHeaderRequired'));
    for (const local of ['Action', 'MessageID', 'To', 'RelatesTo']) {
      const twice = `<a:${local}>urn:x</a:${local}>`.repeat(2) + (local === 'Action' ? '' : action);
      expect(() => readHeaders(name, twice), local).toThrow(
        refusal('invalidAddressingHeader', 'addressing-cardinality'),
      );
    }
  });

  test('replies and faults go to whoever asked, and nowhere else', () => {
    for (const local of ['ReplyTo', 'FaultTo']) {
      expect(readHeaders(name, action + endpoint(local, version.anonymous))?.action).toBe('urn:act');
      for (const place of ['http://127.0.0.1:9/', 'file:///etc/passwd', 'soap.tcp://x', `${version.anonymous}/`]) {
        expect(() => readHeaders(name, action + endpoint(local, place)), place).toThrow(
          refusal('onlyAnonymousAddressSupported'),
        );
      }
      const parameters = `<a:${local}><a:Address>${version.anonymous}</a:Address><a:ReferenceParameters/></a:${local}>`;
      expect(() => readHeaders(name, action + parameters)).toThrow(
        refusal('invalidAddressingHeader', 'endpoint-reference'),
      );
      const address = `<Address xmlns="urn:other">${version.anonymous}</Address>`;
      for (const children of ['', address, `<a:Metadata>${version.anonymous}</a:Metadata>`]) {
        expect(() => readHeaders(name, `${action}<a:${local}>${children}</a:${local}>`)).toThrow(
          refusal('invalidAddressingHeader', 'endpoint-reference'),
        );
      }
    }
    if (version.none !== undefined)
      expect(readHeaders(name, action + endpoint('ReplyTo', version.none))?.replyTo).toBe(version.none);
  });

  test('a value is a URI of at most 512 characters, an address of at most 2048', () => {
    const of = (length: number) => `urn:${'x'.repeat(length - 4)}`;
    expect(readHeaders(name, `${action}<a:MessageID>${of(512)}</a:MessageID>`)?.messageId).toHaveLength(512);
    expect(readHeaders(name, `${action}<a:To>${of(2048)}</a:To>`)?.to).toHaveLength(2048);
    for (const bad of [
      `<a:MessageID>${of(513)}</a:MessageID>`,
      `<a:To>${of(2049)}</a:To>`,
      '<a:To/>',
      '<a:To>a b</a:To>',
      '<a:To>a<b/></a:To>',
    ]) {
      expect(() => readHeaders(name, action + bad), bad.slice(0, 40)).toThrow(refusal('invalidAddressingHeader'));
    }
  });

  test('a header for another node is none of the message', () => {
    expect(() => readHeaders(name, `${action}<a:To s:role="urn:other">urn:x</a:To>`)).toThrow(
      refusal('invalidAddressingHeader', 'addressing-role'),
    );
  });

  test('RelationshipType may say that it is a reply', () => {
    const replies = { '2004/03': 'a:Response', '2004/08': 'a:Reply', '1.0': `${version.namespace}/reply` };
    const [reply, other] = [replies[name], name === '1.0' ? 'urn:other' : 'a:Other'];
    const relatesTo = (type: string) => `${action}<a:RelatesTo RelationshipType="${type}">urn:req</a:RelatesTo>`;
    expect(readHeaders(name, relatesTo(reply))?.relatesTo).toBe('urn:req');
    expect(() => readHeaders(name, relatesTo(other))).toThrow(refusal('invalidAddressingHeader', 'relationship-type'));
    if (name !== '1.0')
      expect(() => readHeaders(name, relatesTo(reply.replace('a:', 's:')))).toThrow(refusal('invalidAddressingHeader'));
  });

  test('what is written is canonical as written, and reads back', () => {
    const out = {
      action: 'urn:a&b',
      messageId: 'urn:id',
      relatesTo: 'urn:req',
      to: 'http://to/?a=1&b=2',
      replyToAnonymous: true,
    };
    const headers = addressingHeaders(version, out);
    const texts = headers.map(header =>
      writeAddressingHeader(version, header, ` xmlns:u="${ns.wsu}"`, ` u:Id="${header.local}"`),
    );
    for (const text of texts) expect(canonicalize(scanText(text).root)).toBe(text);
    const { replyToAnonymous: _, ...values } = out;
    expect(readHeaders(name, texts.join(''))).toMatchObject({ ...values, replyTo: version.anonymous });
  });
});

test('two versions in one message are refused', () => {
  const header = `${action}<b:To xmlns:b="${ns.wsa200408}">urn:x</b:To>`;
  expect(() => readHeaders('1.0', header)).toThrow(refusal('invalidAddressingHeader', 'two-addressing-versions'));
});

test('only the seven headers of WS-Addressing are understood', () => {
  const block = (local: string) => scanText(`<a:${local} xmlns:a="${ns.wsa10}"/>`).root;
  expect(isAddressingHeader(block('Action'))).toBe(true);
  expect(isAddressingHeader(block('Anything'))).toBe(false);
  expect(isAddressingHeader(scanText('<a:Action xmlns:a="urn:other"/>').root)).toBe(false);
});
