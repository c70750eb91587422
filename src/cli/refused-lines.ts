import type { PolicyProblem } from '../policy/check.ts';

/** A port, with all that it is refused for. */
interface Refused {
  readonly port: string;
  readonly problems: readonly PolicyProblem[];
}

/**
 * What is wrong with a port, each with its place and what to change.
 * @param outcome what it comes to: `refused`
 */
export function refusedLines({ port, problems }: Refused, outcome: string): readonly string[] {
  return [`port ${port}: ${outcome}`, ...problems.flatMap(problemLines)];
}

function problemLines({ file, line, says, todo }: PolicyProblem): string[] {
  return [`  ${file === undefined ? '' : `${file}:${line}: `}${says}`, `    → ${todo}`];
}
