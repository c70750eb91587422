import { SecureConversationError } from '../errors.ts';

/** Answer to a message that the service had no room for: HTTP 503 and when to try again. */
export class ServiceBusy extends SecureConversationError {
  /** How long the service is to be left alone, counted from its answer: 0 to a day. */
  readonly retryAfterMs: number;

  constructor(address: string, retryAfterMs: number) {
    super('BUSY', `${address}: the service is busy, try again in ${Math.ceil(retryAfterMs / 1_000)} s`);
    this.name = 'ServiceBusy';
    this.retryAfterMs = retryAfterMs;
  }
}

/** Nobody signs the header, and nobody is left alone for longer than this because of it. */
const maxRetryAfterMs = 86_400_000;

/** What servers write; the two older forms are for readers of what nobody writes any more (RFC 9110 §5.6.7). */
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

export function httpDateMs(text: string | undefined): number | undefined {
  const dateMs = text !== undefined && httpDate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

/** The headers of an answer that say when to try again. */
export interface RetryHeaders {
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
}

/**
 * How long Retry-After wants to be waited (RFC 9110 §10.2.3): seconds, or a date, which is taken by the clock of
 * the service that wrote it.
 * @param nowMs where the answer has no date of its own
 * @returns 0 to a day; undefined where it says neither
 */
export function parseRetryAfter({ retryAfter = '', date }: RetryHeaders, nowMs: number): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Math.min(Number(retryAfter) * 1_000, maxRetryAfterMs);
  const untilMs = httpDateMs(retryAfter);
  if (untilMs === undefined) return undefined;
  return Math.min(Math.max(0, untilMs - (httpDateMs(date) ?? nowMs)), maxRetryAfterMs);
}
