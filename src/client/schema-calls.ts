import type { Client, ISecurity } from 'soap';
import { ConfigurationError } from '../errors.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { type OperationBodies, operationBodies, schemaOf } from '../schema/operation-bodies.ts';
import { readValue } from '../schema/read-value.ts';
import { usualKeys, type ValueKeys } from '../schema/value-keys.ts';
import { writeValue } from '../schema/write-value.ts';
import type { Element } from '../xml/tree.ts';
import { readFaultDetail } from './read-fault.ts';
import type { CallResult } from './session-call.ts';

/** Told the verified content of an answer, or the Fault that it is. */
export type Answered = (answer: Pick<CallResult, 'content' | 'fault'>) => void;

const answered = Symbol('answered');

/** Options of a call, with who is told of its answer. */
export interface ToldOptions {
  readonly [answered]?: Answered;
}

/** Who is to be told the answer of a call, by its options. */
export function answeredOf(options: ToldOptions): Answered {
  return options[answered] ?? (() => {});
}

/** What node-soap has for an operation, as far as it is used here. */
interface Method {
  readonly $name: string;
}

type Callback = (error: unknown, result?: unknown, ...more: readonly unknown[]) => void;

type Invoke = (
  this: NodeSoapClient,
  method: Method,
  args: unknown,
  location: string,
  callback: Callback,
  options: CallOptions | undefined,
  headers: unknown,
) => unknown;

type CallOptions = ToldOptions & { readonly overrideBaseElement?: unknown };

/** What of node-soap's client is private by its types, and the one place where arguments and results pass. */
interface NodeSoapClient {
  _invoke: Invoke;
  readonly security?: ISecurity | null;
  readonly returnSaxStream?: boolean;
  readonly wsdl: { readonly options: Readonly<Record<string, unknown>> };
}

/** How the calls of a conversation are written and read. */
interface Caller {
  readonly bodies: ReadonlyMap<string, OperationBodies>;
  readonly write: (args: unknown, bodies: OperationBodies) => string;
  readonly read: (content: Element, bodies: OperationBodies) => unknown;
  readonly readFault: (fault: Element, error: unknown) => void;
}

const callers = new WeakMap<ISecurity, Caller>();
const taught = new WeakSet<NodeSoapClient>();

/** Options of node-soap that say how it writes or reads: where one is given, it does. */
const ownWays = ['overrideRootElement', 'overrideElementKey', 'handleNilAsNull', 'preserveWhitespace', 'useEmptyTag'];
/** The same of those that are true without being given. */
const usualWays = ['escapeXML', 'namespaceArrayElements'];

/**
 * Has the calls that a node-soap client makes with a security object written and read by the schemas of the WSDL, and
 * not by node-soap, which knows no namespaces but those of the first document. Arguments that are XML already (`_xml`)
 * stay as they are. Where node-soap was told how to write or read, it goes on to do so.
 * @param port whose operations are called
 */
export function callBySchema(client: Client, security: ISecurity, wsdl: Wsdl, port: string): void {
  const internal = client as unknown as NodeSoapClient;
  const { options } = internal.wsdl;
  if (ownWays.some(name => isGiven(options[name])) || usualWays.some(name => options[name] === false)) return;
  const schema = schemaOf(wsdl);
  const keys = keysOf(options);
  callers.set(security, {
    bodies: operationBodies(wsdl, port),
    write: (args, { request }) => writeValue(schema, args ?? {}, request, keys),
    read: (content, { response }) => response && readValue(schema, content, response.type, keys),
    readFault: (fault, error) => readFaultDetail(schema, fault, error, keys),
  });
  if (taught.has(internal)) return;
  taught.add(internal);
  internal._invoke = invokeBySchema(internal._invoke);
}

function isGiven(option: unknown): boolean {
  return typeof option === 'object' && option !== null ? Object.keys(option).length > 0 : Boolean(option);
}

function keysOf({ attributesKey, valueKey, xmlKey }: Readonly<Record<string, unknown>>): ValueKeys {
  return {
    attributes: String(attributesKey ?? usualKeys.attributes),
    text: String(valueKey ?? usualKeys.text),
    xml: String(xmlKey ?? usualKeys.xml),
  };
}

function invokeBySchema(invoke: Invoke): Invoke {
  return function invokeWith(method, args, location, callback, options, headers) {
    const caller = this.security ? callers.get(this.security) : undefined;
    const bodies = caller?.bodies.get(method.$name);
    if (caller === undefined || bodies === undefined || this.returnSaxStream || options?.overrideBaseElement)
      return invoke.call(this, method, args, location, callback, options, headers);
    let given: unknown;
    try {
      given = isXml(args) ? args : withXml(args, caller.write(args, bodies));
    } catch (error) {
      return callback(unwritten(method.$name, error));
    }
    let answer: Parameters<Answered>[0] | undefined;
    const told: CallOptions = {
      ...options,
      [answered]: found => {
        answer = found;
      },
    };
    const read: Callback = (error, result, ...more) => {
      const { content, fault } = answer ?? {};
      if (fault !== undefined) caller.readFault(fault, error);
      if (content === undefined) callback(error, result, ...more);
      else callback(null, caller.read(content, bodies), ...more);
    };
    return invoke.call(this, asDocument(method), given, location, read, told, headers);
  };
}

function isXml(args: unknown): boolean {
  return typeof args === 'object' && args !== null && '_xml' in args && Boolean(args._xml);
}

/** The arguments, which functions for header blocks are called with, and unseen among them what they are as XML. */
function withXml(args: unknown, text: string): object {
  const given = typeof args === 'object' && args !== null ? args : {};
  const members = Object.getOwnPropertyDescriptors(given);
  return Object.create(Object.getPrototypeOf(given), { ...members, _xml: { value: text } }) as object;
}

/** node-soap takes XML that is written already for style document alone; to it, one is as good as the other. */
function asDocument(method: Method): Method {
  return Object.create(method, { style: { value: 'document' } }) as Method;
}

function unwritten(operation: string, error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  return new ConfigurationError('CONFIG_INVALID', `the arguments of ${operation} can't be written: ${error.message}`, {
    cause: error,
  });
}
