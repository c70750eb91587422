/** Writes a policy of a known shape into the text of a WSDL that has none. */
import type { Element } from '@xmldom/xmldom';
import { ConfigurationError, Refusal } from '../errors.ts';
import { ns } from '../names.ts';
import { defaultLimits } from '../xml/limits.ts';
import { scanText } from '../xml/scan.ts';
import { attributeValue, childrenNamed, isNamed, marks, type Element as Written } from '../xml/tree.ts';
import { elementsWithin, failAt, fileOf, requiredAttribute } from './document.ts';
import { readBinding, readOperations, type SoapBinding } from './operations.ts';
import { isPolicyElement, policyLinksAt } from './policy-documents.ts';
import { addressOf } from './port-address.ts';
import { type Shape, shapePrefixes } from './shapes.ts';
import { portNamed, type Wsdl, type WsdlPort } from './wsdl.ts';

/** A WSDL with a policy in it. */
export interface Applied {
  readonly text: string;
  /** Names of the ports that have it. */
  readonly ports: readonly string[];
}

/**
 * Attaches a shape to ports of a WSDL: to their bindings, and what is asked of messages to each input and output. All
 * else stays as it was written.
 * @param portName the one that gets it; undefined: all
 * @throws {SecureConversationError} `POLICY_INVALID` for what has a policy, `WSDL_INVALID` for a port that isn't there
 * or can't have one; file and line are named
 */
export function applyShape(wsdl: Wsdl, shape: Shape, portName: string | undefined): Applied {
  const ports = portName === undefined ? wsdl.ports : [portNamed(wsdl, portName)];
  if (ports.length === 0) throw new ConfigurationError('WSDL_INVALID', `${wsdl.name}: no port`);
  const bindings = ports.map(({ element }) => readBinding(wsdl, element));
  for (const root of portName === undefined ? wsdl.definitions : subjectsOf(wsdl, ports, bindings)) checkBare(root);
  bindings.forEach((binding, index) => {
    checkPort(wsdl, binding, ports[index] as WsdlPort, shape);
  });
  const names = new Set(bindings.map(({ element }) => requiredAttribute(element, 'name')));
  return { text: written(wsdl, shape, names), ports: ports.map(({ name }) => name) };
}

/** @throws {SecureConversationError} where the port could not be served with the shape */
function checkPort(wsdl: Wsdl, binding: SoapBinding, port: WsdlPort, shape: Shape): void {
  const file = fileOf(binding.element);
  if (file !== wsdl.name)
    failAt('WSDL_INVALID', port.element, `the binding of port ${port.name} is in another file, ${file}`, oneFile);
  readOperations(wsdl, binding, undefined);
  const address = addressOf(port.element, binding, 'http');
  if (shape.isOverTls && /^http:/i.test(address))
    failAt('WSDL_INVALID', port.element, `${shape.name} wants TLS, and the address ${address} is plain`, plainAddress);
}

const oneFile = 'put service and binding into one WSDL; it may import the rest';
const plainAddress = 'change it to the https address of the port, or take a shape without TLS';

/** Where a policy of the ports may stand. */
function subjectsOf(wsdl: Wsdl, ports: readonly WsdlPort[], bindings: readonly SoapBinding[]): readonly Element[] {
  return [
    ...bindings.flatMap(({ element, portType }) => [element, portType]),
    ...ports.map(({ element }) => element),
    ...wsdl.components.message.values(),
  ];
}

function checkBare(root: Element): void {
  const found = elementsWithin(root).find(
    element => policyNames.some(name => isPolicyElement(element, name)) || policyLinksAt(element).length > 0,
  );
  if (found === undefined) return;
  failAt(
    'POLICY_INVALID',
    found,
    'there is a policy already',
    'wssc policy explain says what it asks for; take it out first',
  );
}

const policyNames = ['Policy', 'PolicyReference'];

/** A text to put in, and where. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

function written({ name, text }: Wsdl, shape: Shape, bindings: ReadonlySet<string>): string {
  const { root, text: source } = scanned(name, text.replace(/^\uFEFF/, ''));
  const lineBreak = source.includes('\r\n') ? '\r\n' : '\n';
  const into = (element: Written, lines: readonly string[]): Insertion => {
    if (element.marks & marks.empty)
      throw new ConfigurationError('WSDL_INVALID', `${name}: <${element.name}/> has no content that says what it is`);
    const indent = indentOf(source, element);
    const documented = element.children.find(child => isNamed(child, ns.wsdl, 'documentation'));
    const text = lines.map(line => `${lineBreak}${indent}  ${line}`).join('');
    return { at: documented?.end ?? element.contentStart, text };
  };
  const wanted = childrenNamed(root, ns.wsdl, 'binding').filter(each => bindings.has(nameOf(each)));
  const freeId = freeIds(source);
  const insertions = wanted.flatMap(binding => {
    const [own, messages] = [freeId(`${nameOf(binding)}_policy`), freeId(`${nameOf(binding)}_message_policy`)];
    const hasMessages = shape.messages.length > 0;
    return [
      into(root, policy(own, shape, shape.binding)),
      ...(hasMessages ? [into(root, policy(messages, shape, shape.messages))] : []),
      into(binding, [reference(own)]),
      ...(hasMessages ? messagesOf(binding).map(message => into(message, [reference(messages)])) : []),
    ];
  });
  return inserted(source, insertions);
}

/** Gives each id once, and none that is in the WSDL: who reads a reference might find something else behind it. */
function freeIds(source: string): (wanted: string) => string {
  const taken = new Set<string>();
  return wanted => {
    let id = wanted;
    for (let n = 2; taken.has(id) || source.includes(`"${id}"`) || source.includes(`'${id}'`); n += 1)
      id = `${wanted}_${n}`;
    taken.add(id);
    return id;
  };
}

/** Its elements with their places in the text. */
function scanned(name: string, text: string) {
  try {
    return scanText(text, { ...defaultLimits, maxBytes: 64 << 20, maxNodes: 1 << 20, maxChildren: 1 << 20 });
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new ConfigurationError('WSDL_INVALID', `${name}: can't be written into (${cause.reason})`, {
      cause,
      hint: 'take processing instructions and document types out of it',
    });
  }
}

function nameOf(element: Written): string {
  return attributeValue(element, '', 'name') ?? '';
}

function messagesOf(binding: Written): readonly Written[] {
  const operations = childrenNamed(binding, ns.wsdl, 'operation');
  return operations.flatMap(each => ['input', 'output'].flatMap(local => childrenNamed(each, ns.wsdl, local)));
}

/** The white space before an element, where nothing else is in its line. */
function indentOf(source: string, { start }: Written): string {
  return /(?:^|\n)([ \t]*)$/.exec(source.slice(Math.max(0, start - 200), start))?.[1] ?? '';
}

/** With declarations of its own: what the prefixes of the WSDL mean does not matter. */
function policy(id: string, { securityPolicy }: Shape, assertions: readonly string[]): readonly string[] {
  const body = assertions.map(line => `      ${line}`);
  const prefixes = Object.entries(shapePrefixes).filter(([prefix]) => isUsed(prefix, body));
  const declarations = [['sp', securityPolicy], ...prefixes].map(([prefix, uri]) => `    xmlns:${prefix}="${uri}"`);
  return [
    `<wsp:Policy wsu:Id="${id}"`,
    ...declarations.slice(0, -1),
    `${declarations.at(-1)}>`,
    '  <wsp:ExactlyOne>',
    '    <wsp:All>',
    ...body,
    '    </wsp:All>',
    '  </wsp:ExactlyOne>',
    '</wsp:Policy>',
  ];
}

function isUsed(prefix: string, lines: readonly string[]): boolean {
  return prefix === 'wsp' || prefix === 'wsu' || lines.some(line => line.includes(`<${prefix}:`));
}

function reference(id: string): string {
  return `<wsp:PolicyReference xmlns:wsp="${shapePrefixes.wsp}" URI="#${id}"/>`;
}

function inserted(source: string, insertions: readonly Insertion[]): string {
  let text = '';
  let from = 0;
  for (const insertion of [...insertions].sort((one, other) => one.at - other.at)) {
    text += source.slice(from, insertion.at) + insertion.text;
    from = insertion.at;
  }
  return text + source.slice(from);
}
