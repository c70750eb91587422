import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import type { Element } from '../xml/tree.ts';
import { childrenOf, leaf, named, wsuIdOf } from './grammar.ts';

/** wsu:Timestamp (WSS SOAP Message Security 1.1 §10). */
export interface Timestamp {
  readonly element: Element;
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
}

/** Created, then at most Expires, each once and without attributes (BSP 1.1 R3203, R3221–R3227). @throws {Refusal} `invalidSecurity` */
export function parseTimestamp(element: Element): Timestamp {
  wsuIdOf(element);
  const children = childrenOf(element);
  if (children.length > 2) refuse('invalidSecurity', 'timestamp-children');
  const created = named(children[0], ns.wsu, 'Created');
  const expires = children[1] && named(children[1], ns.wsu, 'Expires');
  return { element, createdMs: instantOf(leaf(created)), expiresMs: expires && instantOf(leaf(expires)) };
}

export interface Freshness {
  readonly nowMs: number;
  /** How far the peer's clock may be off. */
  readonly clockSkewMs: number;
  /** Longest life, whatever Expires says. */
  readonly timestampTtlMs: number;
}

/**
 * A message is accepted from Created − skew to min(Expires, Created + TTL) + skew, which is what the replay table must remember.
 *
 * @throws {Refusal} `messageExpired`
 */
export function checkFreshness(timestamp: Timestamp, { nowMs, clockSkewMs, timestampTtlMs }: Freshness): void {
  const { createdMs, expiresMs } = timestamp;
  if (createdMs > nowMs + clockSkewMs) refuse('messageExpired', 'timestamp-in-future');
  if (createdMs + timestampTtlMs + clockSkewMs < nowMs) refuse('messageExpired', 'timestamp-stale');
  if (expiresMs === undefined) return;
  if (expiresMs < createdMs) refuse('messageExpired', 'timestamp-order');
  if (expiresMs + clockSkewMs < nowMs) refuse('messageExpired', 'timestamp-expired');
}

/** Canonical as written. */
export function writeTimestamp(id: string, createdMs: number, lifetimeMs: number): string {
  const created = new Date(createdMs).toISOString();
  const expires = new Date(createdMs + lifetimeMs).toISOString();
  return `<u:Timestamp xmlns:u="${ns.wsu}" u:Id="${id}"><u:Created>${created}</u:Created><u:Expires>${expires}</u:Expires></u:Timestamp>`;
}

const utc = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z$/;

/** xs:dateTime in UTC, `Z` written, at most nine fraction digits (BSP 1.1 R3217, R3223); days and hours that don't exist are refused. */
function instantOf(text: string): number {
  const match = utc.exec(text) ?? refuse('invalidSecurity', 'timestamp-value');
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const real = year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!real || hour > 23 || minute > 59 || second > 59) refuse('invalidSecurity', 'timestamp-value');
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  // Date.UTC takes years before 100 for those of the last century.
  return year < 100 ? Number.NEGATIVE_INFINITY : Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap && month === 2 ? 29 : (daysOfMonth[month - 1] ?? 0);
}
