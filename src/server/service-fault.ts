import { soapVersions } from '../names.ts';
import type { QName } from '../policy/plan.ts';
import type { ElementDeclaration, Schema } from '../schema/components.ts';
import type { FaultCode, FaultContent, FaultName, ReasonText } from '../soap/fault-shape.ts';
import { type WrittenDetail, writeDetail } from './fault-detail.ts';

/** A fault that an operation threw, made fit for the wire. */
export interface ServiceFault extends FaultContent {
  /** Status of HTTP that the operation wants: 400 to 599. */
  readonly status: number;
  /** The element by which the WSDL declares it; absent: by none. */
  readonly declared?: QName;
  /** What the operation threw, for the log, or why its Detail is not sent; never sent. */
  readonly cause: unknown;
}

/** What the WSDL says of an operation's faults. */
export interface FaultSchema {
  readonly schema: Schema;
  /** The elements that it declares for their Details. */
  readonly faults: readonly ElementDeclaration[];
}

const codes: ReadonlyMap<string, FaultCode> = new Map([
  ['Sender', 'Sender'],
  ['Client', 'Sender'],
  ['Receiver', 'Receiver'],
  ['Server', 'Receiver'],
]);

/** What is said of an operation that failed without saying what may be told. */
const constantReason = 'The service could not process the request.';

/**
 * What may be told of a failure: node-soap's `{ Fault }` in its 1.1 or 1.2 shape as the operation wrote it, anything
 * else as a constant (an Error's message is for the log, never for the caller). A Detail that does not fit the element
 * declared for it is left out.
 */
export function serviceFault(thrown: unknown, told: FaultSchema): ServiceFault {
  const fault =
    typeof thrown === 'object' && thrown !== null && 'Fault' in thrown ? (thrown.Fault as FaultShape) : undefined;
  if (fault === undefined || fault === null || typeof fault !== 'object')
    return { code: 'Receiver', subcodes: [], reason: constantReason, detail: undefined, status: 500, cause: thrown };
  const { code, subcodes } = namesOf(fault, told.schema);
  const texts = reasonsOf(fault.Reason?.Text ?? fault.faultstring);
  return {
    code,
    subcodes,
    reason: texts[0]?.text ?? constantReason,
    ...(texts.length === 0 ? {} : { texts }),
    status: statusOf(fault.statusCode),
    ...detailOf(fault.Detail ?? fault.detail, thrown, told),
  };
}

interface FaultShape {
  readonly Code?: { readonly Value?: unknown; readonly Subcode?: SubcodeShape };
  readonly Reason?: { readonly Text?: unknown };
  readonly Detail?: unknown;
  readonly faultcode?: unknown;
  readonly faultstring?: unknown;
  readonly detail?: unknown;
  readonly statusCode?: unknown;
}

interface SubcodeShape {
  readonly Value?: unknown;
  readonly Subcode?: SubcodeShape;
}

function detailOf(
  detail: unknown,
  thrown: unknown,
  { schema, faults }: FaultSchema,
): WrittenDetail & Pick<ServiceFault, 'cause'> {
  try {
    return { ...writeDetail(schema, faults, detail), cause: thrown };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const cause = new TypeError(`the Detail of the operation's fault is not sent: ${problem}`, { cause: thrown });
    return { detail: undefined, cause };
  }
}

/** A fault is an answer of HTTP that says so; 500 where it is told none that does (SOAP 1.2 Part 2 §7.5.2.2). */
function statusOf(value: unknown): number {
  return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599 ? Number(value) : 500;
}

/** A faultcode that is none of SOAP's is an application's own (SOAP 1.1 §4.4), and so what 1.2 has as a subcode. */
function namesOf({ Code, faultcode }: FaultShape, schema: Schema): Pick<FaultContent, 'code' | 'subcodes'> {
  const name = nameOf(Code?.Value ?? faultcode, schema);
  const known = name === undefined || isApplications(name) ? undefined : codes.get(name.local);
  if (Code !== undefined || known !== undefined || name === undefined || name.namespace === '')
    return { code: known ?? 'Receiver', subcodes: subcodesOf(Code?.Subcode, schema) };
  return { code: 'Receiver', subcodes: [name] };
}

/** The prefix of SOAP's own codes is often the one that the WSDL has for its binding. */
const soapNamespaces: readonly string[] = Object.values(soapVersions).flatMap(soap => [
  soap.namespace,
  soap.wsdlBinding,
]);

function isApplications({ namespace }: FaultName): boolean {
  return namespace !== '' && !soapNamespaces.includes(namespace);
}

/** As many as are written: an object may hold itself. */
const maxSubcodes = 16;

/** From general to special; what stands in one without a name is left out with it. */
function subcodesOf(first: SubcodeShape | undefined, schema: Schema): readonly FaultName[] {
  const names: FaultName[] = [];
  for (let at = first; typeof at === 'object' && at !== null && names.length < maxSubcodes; at = at.Subcode) {
    const name = nameOf(at.Value, schema);
    if (name === undefined) break;
    names.push(name);
  }
  return names;
}

/**
 * A name is `{namespace}local`, or has a prefix of the WSDL's; with another prefix, or without one, it is in no
 * namespace.
 */
function nameOf(value: unknown, { prefixes }: Schema): FaultName | undefined {
  const match = /^(?:\{([^{}]*)\})?(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)$/.exec(String(value ?? ''));
  const [, said, prefix = '', local] = match ?? [];
  return local === undefined ? undefined : { namespace: said ?? prefixes.namespaceOf(prefix) ?? '', local };
}

/** Each language once: the first text that is in it (SOAP 1.2 Part 1 §5.4.2). */
function reasonsOf(said: unknown): readonly ReasonText[] {
  const texts = (Array.isArray(said) ? said : [said]).map(reasonOf).filter(text => text !== undefined);
  return texts.filter(({ lang }, index) => texts.findIndex(text => text.lang === lang) === index);
}

const language = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;

/** A text, or in node-soap's shape one with its language: `{ attributes: { 'xml:lang': 'de' }, $value: '…' }`. */
function reasonOf(said: unknown): ReasonText | undefined {
  if (said === undefined || said === null) return undefined;
  if (typeof said !== 'object') return { text: String(said), lang: undefined };
  const { $value: text, attributes } = said as { $value?: unknown; attributes?: { 'xml:lang'?: unknown } };
  if (text === undefined) return { text: JSON.stringify(said) ?? constantReason, lang: undefined };
  const lang = String(attributes?.['xml:lang'] ?? '');
  return { text: String(text), lang: language.test(lang) ? lang : undefined };
}
