import { ns } from '../names.ts';
import { escapeAttribute, escapeText } from '../xml/write.ts';

/** A fault that an operation threw, made fit for the wire: SOAP 1.2 Code, optional application Subcode, Reason, Detail as text. */
export interface ServiceFault {
  readonly code: 'Sender' | 'Receiver';
  readonly subcode: { readonly namespace: string; readonly local: string } | undefined;
  readonly reason: string;
  readonly detail: string | undefined;
  /** What the operation threw, for the log; never sent. */
  readonly cause: unknown;
}

const codes: ReadonlyMap<string, ServiceFault['code']> = new Map([
  ['Sender', 'Sender'],
  ['Client', 'Sender'],
  ['Receiver', 'Receiver'],
  ['Server', 'Receiver'],
]);

/** What is said of an operation that failed without saying what may be told. */
const constantReason = 'The service could not process the request.';

/**
 * What may be told of a failure: node-soap's `{ Fault }` in its 1.1 or 1.2 shape as the operation wrote it, anything else as a
 * constant (an Error's message is for the log, never for the caller).
 */
export function serviceFault(thrown: unknown): ServiceFault {
  const fault =
    typeof thrown === 'object' && thrown !== null && 'Fault' in thrown ? (thrown.Fault as FaultShape) : undefined;
  if (fault === undefined || fault === null || typeof fault !== 'object')
    return { code: 'Receiver', subcode: undefined, reason: constantReason, detail: undefined, cause: thrown };
  return {
    code: codes.get(localName(fault.Code?.Value ?? fault.faultcode)) ?? 'Receiver',
    subcode: subcodeOf(fault.Code?.Subcode?.Value),
    reason: textOf(fault.Reason?.Text ?? fault.faultstring) ?? constantReason,
    detail: textOf(fault.Detail ?? fault.detail),
    cause: thrown,
  };
}

interface FaultShape {
  readonly Code?: { readonly Value?: unknown; readonly Subcode?: { readonly Value?: unknown } };
  readonly Reason?: { readonly Text?: unknown };
  readonly Detail?: unknown;
  readonly faultcode?: unknown;
  readonly faultstring?: unknown;
  readonly detail?: unknown;
}

function localName(value: unknown): string {
  return String(value ?? '').replace(/^.*:/, '');
}

/** node-soap's prefixes are not declared anywhere, so an application's subcode is a name in `{namespace}local` form or in no namespace. */
function subcodeOf(value: unknown): ServiceFault['subcode'] {
  const match = /^(?:\{([^{}]*)\})?(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)$/.exec(String(value ?? ''));
  return match?.[2] === undefined ? undefined : { namespace: match[1] ?? '', local: match[2] };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Writes the Body of an application fault in SOAP 1.2 (Part 1 §5.4). */
export function writeServiceFault(fault: ServiceFault): string {
  const subcode = fault.subcode === undefined ? '' : `<s:Subcode>${subcodeValue(fault.subcode)}</s:Subcode>`;
  const detail = fault.detail === undefined ? '' : `<s:Detail><detail>${escapeText(fault.detail)}</detail></s:Detail>`;
  return (
    `<s:Fault xmlns:s="${ns.soap12}"><s:Code><s:Value>s:${fault.code}</s:Value>${subcode}</s:Code>` +
    `<s:Reason><s:Text xml:lang="en">${escapeText(fault.reason)}</s:Text></s:Reason>${detail}</s:Fault>`
  );
}

function subcodeValue({ namespace, local }: NonNullable<ServiceFault['subcode']>): string {
  // Namespaces in XML 1.0 §2.2: a prefix can't stand for no namespace.
  return namespace === ''
    ? `<s:Value>${local}</s:Value>`
    : `<s:Value xmlns:f="${escapeAttribute(namespace)}">f:${local}</s:Value>`;
}
