/** A request that is refused before it is read as a message, and answered with a bare status. */
export interface BareRefusal {
  readonly status: number;
  /** What is wrong, a constant; for the log alone. */
  readonly problem: BareProblem;
  /** Name of the header that it is wrong with, in lower case. */
  readonly header?: string;
  /** What stands there, in the peer's words; for the log alone. */
  readonly found?: string | undefined;
  /** Which limit it passed, a sentence. */
  readonly limit?: string;
  /** What to do about that. */
  readonly hint?: string;
}

/** What can be wrong with a request; docs/logs.md says what to do. */
export const bareProblems = [
  'http-version',
  'too-many-headers',
  'header-twice',
  'header-value',
  'transfer-coding',
  'target',
  'method',
  'path',
  'tls-missing',
  'compressed',
  'content-type-missing',
  'media-type',
  'attachments',
  'charset',
  'action-differs',
  'size',
  'large-messages',
  'closed',
  'parser',
  'time-out',
] as const;

export type BareProblem = (typeof bareProblems)[number];

/** A large message whose turn did not come. Nothing was done for it: it may be good later (RFC 9110 §15.6.4). */
export const crowded: BareRefusal = {
  status: 503,
  problem: 'large-messages',
  hint: 'raise limits.maxLargeMessages, or let operations that take large messages be done sooner',
};
