import type { FaultCode, FaultContent, FaultName } from '../soap/fault-shape.ts';

/** A fault that an operation threw, made fit for the wire. */
export interface ServiceFault extends FaultContent {
  /** Status of HTTP that the operation wants: 400 to 599. */
  readonly status: number;
  /** What the operation threw, for the log; never sent. */
  readonly cause: unknown;
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
 * else as a constant (an Error's message is for the log, never for the caller).
 */
export function serviceFault(thrown: unknown): ServiceFault {
  const fault =
    typeof thrown === 'object' && thrown !== null && 'Fault' in thrown ? (thrown.Fault as FaultShape) : undefined;
  if (fault === undefined || fault === null || typeof fault !== 'object')
    return { code: 'Receiver', subcodes: [], reason: constantReason, detail: undefined, status: 500, cause: thrown };
  return {
    code: codes.get(localName(fault.Code?.Value ?? fault.faultcode)) ?? 'Receiver',
    subcodes: subcodesOf(fault.Code?.Subcode?.Value),
    reason: textOf(fault.Reason?.Text ?? fault.faultstring) ?? constantReason,
    detail: textOf(fault.Detail ?? fault.detail),
    status: statusOf(fault.statusCode),
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
  readonly statusCode?: unknown;
}

/** A fault is an answer of HTTP that says so; 500 where it is told none that does (SOAP 1.2 Part 2 §7.5.2.2). */
function statusOf(value: unknown): number {
  return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599 ? Number(value) : 500;
}

function localName(value: unknown): string {
  return String(value ?? '').replace(/^.*:/, '');
}

/**
 * node-soap's prefixes are not declared anywhere, so an application's subcode is a name in `{namespace}local` form or
 * in no namespace.
 */
function subcodesOf(value: unknown): readonly FaultName[] {
  const match = /^(?:\{([^{}]*)\})?(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)$/.exec(String(value ?? ''));
  return match?.[2] === undefined ? [] : [{ namespace: match[1] ?? '', local: match[2] }];
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
