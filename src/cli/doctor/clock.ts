import { type Finding, well, wrong } from './finding.ts';

/** Two clocks that are kept by the same servers differ by less. */
const closeMs = 5_000;

/** What is said of two clocks that differ. */
export interface ClockWords {
  readonly says: string;
  /** Where they differ by more than is tolerated. Default: the same. */
  readonly saysTooMuch?: string;
  readonly todo: string;
}

/** Whether two clocks are close enough, by how far they are apart and how far they may be. */
export function clockFinding(
  aheadMs: number,
  clockSkewMs: number,
  { says, saysTooMuch = says, todo }: ClockWords,
): Finding {
  const apartMs = Math.abs(aheadMs);
  if (apartMs > clockSkewMs) return wrong('clock', 'error', saysTooMuch, todo);
  return apartMs > closeMs ? wrong('clock', 'warning', says, todo) : well('clock', says);
}
