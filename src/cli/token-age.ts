/** What is wrong with a token that opens, by its times. */
import { utc } from './ring-listing.ts';

/** What is wrong with a token. */
export interface TokenProblem {
  readonly says: string;
  /** What to do about it; undefined where there is nothing. */
  readonly todo?: string;
}

/** Why a token is refused at a time; undefined where it is not. */
export function ofAge(
  issuedMs: number | undefined,
  expiresMs: number,
  nowMs: number,
  skewMs = Number.POSITIVE_INFINITY,
): TokenProblem | undefined {
  if (nowMs >= expiresMs)
    return {
      says: `the token has expired at ${utc(expiresMs)}, ${span(nowMs - expiresMs)} ago by the clock here`,
      todo: 'get another one; where it ends too soon again, see whether the clocks here and of its issuer are right',
    };
  if (issuedMs === undefined || issuedMs <= nowMs + skewMs) return undefined;
  return {
    says: `the token is not valid yet: by the clock here it is issued in ${span(issuedMs - nowMs)}, ${utc(issuedMs)}`,
    todo: 'set the clock right, that of who issued it or the one here, and keep both by NTP',
  };
}

/** In the largest unit that is not more than it, cut off. */
function span(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const;
  const [name, unitMs] = units.find(([, size]) => ms >= size) ?? ['s', 1_000];
  return `${Math.floor(ms / unitMs)} ${name}`;
}
