import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { trimSpace } from '../xml/characters.ts';
import type { Element } from '../xml/tree.ts';
import { childrenOf, leaf, named, wsuIdOf } from './grammar.ts';

/** How long a Timestamp that we write or accept lives: WSS4J's and WCF's own default. */
export const timestampTtlMs = 300_000;

/** wsu:Timestamp (WSS SOAP Message Security 1.1 §10). */
export interface Timestamp {
  readonly element: Element;
  readonly id: string | undefined;
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
}

/**
 * Created, then at most Expires, each once and without attributes (BSP 1.1 R3203, R3221–R3227).
 * @throws {Refusal} `invalidSecurity`
 */
export function parseTimestamp(element: Element): Timestamp {
  const id = wsuIdOf(element);
  const children = childrenOf(element);
  if (children.length > 2) refuse('invalidSecurity', 'timestamp-children');
  const created = named(children[0], ns.wsu, 'Created');
  const expires = children[1] && named(children[1], ns.wsu, 'Expires');
  return { element, id, createdMs: instantOf(leaf(created)), expiresMs: expires && instantOf(leaf(expires)) };
}

export interface Freshness {
  readonly nowMs: number;
  /** How far the peer's clock may be off. */
  readonly clockSkewMs: number;
  /** Longest life, whatever Expires says. */
  readonly timestampTtlMs: number;
}

/**
 * A message is accepted from Created − skew to min(Expires, Created + TTL) + skew, which is what the replay table must
 * remember.
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
  const created = createdText(createdMs);
  const expires = expiresText(createdMs + lifetimeMs);
  return (
    `<u:Timestamp xmlns:u="${ns.wsu}" u:Id="${id}">` +
    `<u:Created>${created}</u:Created><u:Expires>${expires}</u:Expires></u:Timestamp>`
  );
}

const createdText = instantWriter();
const expiresText = instantWriter();

/** Writes instants that mostly lie in one second: Date's own way takes as long as a digest. */
function instantWriter(): (ms: number) => string {
  let second = Number.NaN;
  let upToSecond = '';
  return ms => {
    const fraction = ms % 1_000;
    if (ms - fraction !== second) {
      second = ms - fraction;
      upToSecond = new Date(second).toISOString().slice(0, -4);
    }
    return `${upToSecond}${String(fraction).padStart(3, '0')}Z`;
  };
}

function instantOf(text: string): number {
  return parseInstant(trimSpace(text)) ?? refuse('invalidSecurity', 'timestamp-value');
}

/** A date and a time to the second, a fraction of any length, and the zone. */
const instant = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

/** Further than any two places are apart, in minutes (XML Schema Part 2 §3.2.7.3). */
const maxOffsetMinutes = 840;

/**
 * Milliseconds since the epoch of an xs:dateTime (XML Schema Part 2 §3.2.7) with its zone, `Z` or an offset. What one
 * reader can take for another instant than the next does is undefined: a time without a zone, 24:00:00, a leap second,
 * a year of other than four digits; so are days and hours that don't exist. BSP 1.1 R3217 wants `Z`, which not every
 * stack writes; an offset is as definite.
 */
export function parseInstant(text: string): number | undefined {
  if (!instant.test(text)) return undefined;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)];
  const [hour, minute, second] = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)];
  const isDay = year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!isDay || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetMinutes(text);
  if (offset === undefined) return undefined;
  // Date.UTC takes years before 100 for those of the last century.
  if (year < 100) return Number.NEGATIVE_INFINITY;
  return Date.UTC(year, month - 1, day, hour, minute - offset, second, millisecondsOf(text));
}

/** How far the zone of a time is ahead of UTC; undefined for one that there is not. */
function offsetMinutes(text: string): number | undefined {
  if (text.endsWith('Z')) return 0;
  const at = text.length - 6;
  const [hours, minutes] = [digits(text, at + 1, at + 3), digits(text, at + 4, at + 6)];
  const offset = hours * 60 + minutes;
  if (minutes > 59 || offset > maxOffsetMinutes) return undefined;
  return text[at] === '-' ? -offset : offset;
}

/** What of the fraction a clock in milliseconds can tell. */
function millisecondsOf(text: string): number {
  if (text[19] !== '.') return 0;
  if (text.length === 24 && text.endsWith('Z')) return digits(text, 20, 23);
  return Number(/^[0-9]{1,3}/.exec(text.slice(20, 23))?.[0].padEnd(3, '0'));
}

function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + text.charCodeAt(at) - 48;
  return value;
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap && month === 2 ? 29 : (daysOfMonth[month - 1] ?? 0);
}
