/** Whether the long form was asked for: `npm run test:faults -- --long`. */
export const isLong = process.env.FAULTS_LONG === '1';

/** What a test has measured, by name. */
export type Figures = Readonly<Record<string, number | string>>;

/** Prints the figures of a test in one line, whether or not they are as they should be. */
export function printFigures(id: string, figures: Figures): void {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${written(value)}`);
  process.stdout.write(`${id}  ${words.join(', ')}\n`);
}

function written(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 1 }) : value;
}

/** The value that a share of all values are not above; 0 where there are none. @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
