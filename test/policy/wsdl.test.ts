import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { compilePolicy, planOf } from '../../src/policy/compile.ts';
import { parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';
import { type Change, echoFile, echoText, echoVariant, lineOf } from './echo-variant.ts';

const folder = mkdtempSync(join(tmpdir(), 'wsdl-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function definitions(content: string, targetNamespace = 'urn:t'): string {
  return (
    `<d:definitions xmlns:d="${ns.wsdl}" xmlns:x="${ns.xsd}"` +
    ` targetNamespace="${targetNamespace}">\n${content}\n</d:definitions>`
  );
}

function refusal(message: unknown): unknown {
  return expect.objectContaining({ code: 'WSDL_INVALID', message });
}

describe('a WSDL is refused, in a sentence with file and line, when it', () => {
  it.each([
    ['is cut off', '<a>\n<b>', 2],
    ['closes the wrong element', '<a>\n\n<b></a>', 3],
    ['has an attribute without quotes', '<a>\n<b c=d/></a>', 2],
    ['has an attribute twice', '<a>\n<b c="1" c="2"/></a>', 2],
    ['uses an undeclared prefix', '<a>\n<b:c/></a>', 2],
    ['uses an unknown entity', '<a>\n<b>&c;</b></a>', 2],
    ['has a second root', '<a/>\n<b/>', 2],
    ['is empty', '', 1],
    ['is no XML', 'WSDL', 1],
  ])('%s', (_what, text, line) => {
    const file = fileOf('malformed.wsdl', text);
    expect(() => readWsdl(file)).toThrow(refusal(expect.stringMatching(`^${file}:${line}: not well-formed XML: `)));
  });

  it('does not exist', () => {
    const file = join(folder, 'absent.wsdl');
    expect(() => readWsdl(file)).toThrow(refusal(`${file}: no such file`));
  });

  it('is a folder', () => {
    expect(() => readWsdl(folder)).toThrow(refusal(`${folder}: the file cannot be read`));
  });

  it('is not UTF-8', () => {
    const file = fileOf('latin1.wsdl', Buffer.from('<a>\u00fc</a>', 'latin1'));
    expect(() => readWsdl(file)).toThrow(refusal(`${file}: not UTF-8 text`));
  });

  it('is too large', () => {
    const file = fileOf('large.wsdl', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20));
    expect(() => readWsdl(file)).toThrow(refusal(`${file}: larger than 16 MiB`));
  });

  it('has a document type declaration', () => {
    const file = fileOf('doctype.wsdl', `<!DOCTYPE a>${definitions('')}`);
    expect(() => readWsdl(file)).toThrow(refusal(`${file}:1: a document type declaration is not allowed`));
  });

  it('is another kind of document', () => {
    const file = fileOf('html.wsdl', '<html/>');
    expect(() => readWsdl(file)).toThrow(refusal(`${file}:1: expected {${ns.wsdl}}definitions, found html`));
  });

  it('has no port', () => {
    const file = fileOf('portless.wsdl', definitions('<d:service name="s"/>'));
    expect(() => compilePolicy(file)).toThrow(refusal(`${file}: no port`));
  });
});

it('a byte order mark is no part of the WSDL', () => {
  expect(compilePolicy(fileOf('bom.wsdl', `\uFEFF${echoText()}`))).toHaveLength(3);
});

it('a port that is not there is refused, with the names of those that are', () => {
  expect(() => compilePolicy(echoFile, { ports: ['Echo'] })).toThrow(
    refusal(`${echoFile}: no port Echo (ports: EchoTls11, EchoTls13, EchoSymmetric)`),
  );
});

describe('imports', () => {
  it('are followed by relative path, each document once, in a loop as well', () => {
    fileOf('loop-a.wsdl', definitions('<d:import namespace="urn:b" location="loop-b.wsdl"/>'));
    fileOf('loop-b.wsdl', definitions('<d:import namespace="urn:t" location="./loop-a.wsdl"/>', 'urn:b'));
    expect(readWsdl(join(folder, 'loop-a.wsdl')).definitions).toHaveLength(2);
    fileOf('self.wsdl', definitions('<d:import namespace="urn:t" location="self.wsdl"/>'));
    expect(readWsdl(join(folder, 'self.wsdl')).definitions).toHaveLength(1);
  });

  it('of schemas are followed too, in a loop as well', () => {
    const schema = (other: string): string =>
      `<x:schema xmlns:x="${ns.xsd}"><x:include schemaLocation="${other}"/></x:schema>`;
    fileOf('loop-a.xsd', schema('loop-b.xsd'));
    fileOf('loop-b.xsd', schema('loop-a.xsd'));
    const types = '<d:types><x:schema><x:import schemaLocation="loop-a.xsd"/></x:schema></d:types>';
    expect(readWsdl(fileOf('types.wsdl', definitions(types))).schemas).toHaveLength(2);
  });

  it('of a file that is not there are refused', () => {
    const file = fileOf('dangling.wsdl', definitions('<d:import namespace="urn:b" location="nothing.wsdl"/>'));
    expect(() => readWsdl(file)).toThrow(refusal(`${file}:2: ${join(folder, 'nothing.wsdl')}: no such file`));
  });

  it('over the network are never followed', () => {
    const file = fileOf(
      'remote.wsdl',
      definitions('\n<d:import namespace="urn:b" location="https://h/s?wsdl=remote-b"/>'),
    );
    const location = 'https://h/s?wsdl=remote-b';
    expect(() => readWsdl(file)).toThrow(
      refusal(`${file}:3: the import of ${location} is not followed: save it beside this file`),
    );
    fileOf('remote-b.wsdl', definitions('', 'urn:b'));
    expect(readWsdl(file).definitions).toHaveLength(2);
  });

  it('over the network name no file outside the folder', () => {
    const file = fileOf(
      'outside.wsdl',
      definitions('<d:import namespace="urn:b" location="https://h/s?wsdl=../remote-b"/>'),
    );
    expect(() => readWsdl(file)).toThrow('is not followed');
  });

  it('are not more than 64 documents', () => {
    for (let i = 0; i < 70; i += 1) {
      fileOf(`chain-${i}.wsdl`, definitions(`<d:import namespace="urn:b" location="chain-${i + 1}.wsdl"/>`));
    }
    const last = join(folder, 'chain-63.wsdl');
    expect(() => readWsdl(join(folder, 'chain-0.wsdl'))).toThrow(refusal(`${last}:2: more than 64 documents`));
  });

  it('of a WSDL at hand as text are left to the caller', () => {
    const text = definitions('<d:import namespace="urn:b" location="b.wsdl"/>');
    expect(() => parseWsdl({ name: 'http://h/?wsdl', text })).toThrow('is not followed');
    const asked: string[][] = [];
    const wsdl = parseWsdl({ name: 'http://h/?wsdl', text }, (...question) => {
      asked.push(question);
      return { name: 'http://h/b.wsdl', text: definitions('', 'urn:b') };
    });
    expect(asked).toEqual([['b.wsdl', 'http://h/?wsdl', 'wsdl']]);
    expect(wsdl.definitions).toHaveLength(2);
  });
});

/** What is wrong with the example once it is changed so; the line is that of `at`. */
interface Row extends Change {
  readonly at: string;
  readonly says: string;
}

const binding = '<wsdl:binding name="EchoTls11"';
const port = '<wsdl:port name="EchoTls11"';
const message = '<wsdl:message name="EchoPortType_Echo_InputMessage">';
const portType = '<wsdl:portType';
const namespace = 'urn:soap-secure-conversation:echo';

const broken: Readonly<Record<string, Row>> = {
  'a binding that is not there': {
    within: port,
    from: 'tns:EchoTls11',
    to: 'tns:Other',
    at: port,
    says: `no binding {${namespace}}Other`,
  },
  'a port without binding': {
    within: port,
    from: ' binding="tns:EchoTls11"',
    to: '',
    at: port,
    says: `{${ns.wsdl}}port has no attribute binding`,
  },
  'a prefix that is not declared': {
    within: port,
    from: 'tns:EchoTls11',
    to: 'other:EchoTls11',
    at: port,
    says: 'the prefix of binding="other:EchoTls11" is not declared',
  },
  'a portType that is not there': {
    within: binding,
    from: 'tns:EchoPortType',
    to: 'EchoPortType',
    at: binding,
    says: 'no portType EchoPortType',
  },
  'a message that is not there': {
    within: portType,
    from: 'tns:EchoPortType_Echo_InputMessage',
    to: 'tns:Other',
    at: '<wsdl:input message="tns:Other"',
    says: `no message {${namespace}}Other`,
  },
  'an operation that the portType has not': {
    within: binding,
    from: '<wsdl:operation name="Echo">',
    to: '<wsdl:operation name="Sing">',
    at: '<wsdl:operation name="Sing">',
    says: 'the portType has no operation Sing',
  },
  'an operation twice': {
    within: portType,
    from: '<wsdl:operation name="Add">',
    to: '<wsdl:operation name="Echo">',
    at: '<wsdl:operation name="Echo">\n      <wsdl:input message="tns:EchoPortType_Add',
    says: 'a second operation Echo',
  },
  'a binding that is not SOAP': {
    within: binding,
    from: /<soap12:binding[^>]*>/,
    to: '',
    at: binding,
    says: 'binding EchoTls11 is not a SOAP binding',
  },
  'a transport that is not HTTP': {
    within: binding,
    from: 'http://schemas.xmlsoap.org/soap/http',
    to: 'urn:smtp',
    at: '<soap12:binding',
    says: 'transport urn:smtp is not SOAP over HTTP',
  },
  'style rpc': {
    within: binding,
    from: /(?<=soap12:operation.*)style="document"/,
    to: 'style="rpc"',
    at: '<wsdl:operation name="Echo">',
    says: 'style rpc, but the part parameters of its message is not given by type',
  },
  'encoded bodies': {
    within: binding,
    from: 'use="literal"',
    to: 'use="encoded"',
    at: '<wsdl:input><soap12:body use="encoded"/>',
    says: 'only use="literal" is spoken',
  },
  'a message with attachments': {
    within: binding,
    from: '<wsdl:input>',
    to: '<wsdl:input><m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"/>',
    at: '<m:multipartRelated',
    says: 'messages with attachments (SwA, mime:multipartRelated) are not spoken',
  },
  'a message with two parts': {
    within: message,
    from: '<wsdl:part',
    to: '<wsdl:part name="other" element="tns:Echo"/><wsdl:part',
    at: message,
    says: 'a Body of style document must have one part, given by element',
  },
  'a part given by type': {
    within: message,
    from: 'element="tns:Echo"',
    to: 'type="xsd:string"',
    at: message,
    says: 'a Body of style document must have one part, given by element',
  },
  'a binding without operations': {
    within: binding,
    from: /(?<=<soap12:binding[^>]*>).*?(?=<\/wsdl:binding>)/s,
    to: '',
    at: binding,
    says: 'the binding has no operation',
  },
  'an operation without input': {
    within: portType,
    from: /<wsdl:input[^>]*>/,
    to: '',
    at: '<wsdl:operation name="Echo">\n      \n',
    says: `{${ns.wsdl}}operation has no {${ns.wsdl}}input`,
  },
  'a port without address': {
    within: port,
    from: /<soap12:address[^>]*>/,
    to: '',
    at: port,
    says: `{${ns.wsdl}}port has no {${ns.wsdlSoap12}}address`,
  },
  'two ports of one name': {
    within: '<wsdl:service',
    from: 'name="EchoSymmetric"',
    to: 'name="EchoTls11"',
    at: '<wsdl:port name="EchoTls11" binding="tns:EchoSymmetric"',
    says: 'a second port EchoTls11',
  },
  'two messages of one name': {
    within: message,
    from: 'EchoPortType_Echo_OutputMessage',
    to: 'EchoPortType_Echo_InputMessage',
    at:
      '<wsdl:message name="EchoPortType_Echo_InputMessage">\n    ' +
      '<wsdl:part name="parameters" element="tns:EchoResponse"',
    says: `a second message {${namespace}}EchoPortType_Echo_InputMessage`,
  },
};

describe('a port is refused for', () => {
  it.each(Object.entries(broken))('%s', (_what, { at, says, ...change }) => {
    const line = lineOf(echoText(change), change.within, at);
    expect(() => planOf(echoVariant(change), 'EchoTls11')).toThrow(
      refusal(expect.stringContaining(`variant.wsdl:${line}: ${says}`)),
    );
  });
});

describe('an action', () => {
  const explicit = / wsaw:Action="[^"]*"/;
  const soapAction: Change = { within: binding, from: /soapAction="[^"]*"/, to: '' };

  it.each([
    ['is the one the portType names', {}, `${namespace}/EchoPortType/Echo`],
    ['is soapAction where the portType names none', { from: explicit, to: '' }, 'urn:other'],
  ])('%s', (_law, change, expected) => {
    const other: Change = { ...soapAction, to: 'soapAction="urn:other"' };
    const changes = 'from' in change ? [other, { within: portType, ...change } as Change] : [other];
    const [echo] = planOf(echoVariant(...changes), 'EchoTls11').operations;
    expect(echo).toMatchObject({ inputAction: expected, soapAction: 'urn:other' });
  });

  it('is made of names where nothing names it, as WS-Addressing says', () => {
    const input: Change = { within: portType, from: explicit, to: '' };
    const output: Change = {
      within: '<wsdl:output message="tns:EchoPortType_Echo_OutputMessage"',
      from: explicit,
      to: '',
    };
    const [echo] = planOf(echoVariant(soapAction, input, output), 'EchoTls11').operations;
    expect(echo?.inputAction).toBe(`${namespace}:EchoPortType:EchoRequest`);
    expect(echo?.outputAction).toBe(`${namespace}:EchoPortType:EchoResponse`);
    const named: Change = { within: portType, from: '<wsdl:input', to: '<wsdl:input name="In"' };
    const [renamed] = planOf(echoVariant(soapAction, input, output, named), 'EchoTls11').operations;
    expect(renamed?.inputAction).toBe(`${namespace}:EchoPortType:In`);
    const oneWay: Change = { within: portType, from: /<wsdl:output[^>]*>/, to: '' };
    const [alone] = planOf(echoVariant(soapAction, input, oneWay), 'EchoTls11').operations;
    expect(alone?.inputAction).toBe(`${namespace}:EchoPortType:Echo`);
  });
});

it('a one-way operation has a response plan for its faults, protected as its request', () => {
  const change: Change = { within: portType, from: /<wsdl:output[^>]*>/, to: '' };
  const [echo] = planOf(echoVariant(change), 'EchoSymmetric').operations;
  expect(echo).toMatchObject({ output: undefined, outputAction: '' });
  expect(echo?.response.signed).toEqual(echo?.request.signed);
});

it('a SOAP 1.1 binding compiles to a plan of SOAP 1.1', () => {
  const text = echoText().replaceAll(ns.wsdlSoap12, ns.wsdlSoap11);
  expect(planOf(parseWsdl({ name: 'soap11.wsdl', text }), 'EchoTls11').soap.name).toBe('1.1');
});
