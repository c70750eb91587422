import type { Whole } from './whole.ts';

/** What reading the messages of one family costs. */
export interface FamilyCost {
  readonly family: string;
  /** Whether a message of this kind needs credentials. */
  readonly signed: boolean;
  readonly exponent: number;
  /** The longest message that ends as short ones do, and the longest of all where that is another one. */
  readonly wholes: readonly Whole[];
}

/** What every family is held to. */
export const goals = {
  exponent: 1.1,
  /** For the longest message of a kind that needs no credentials, and for one that does. */
  anonymousMs: 50,
  signedMs: 150,
  signedMiB: 16,
} as const;

/** How far a measured exponent may lie above that of the cost itself, on a machine that does other things as well. */
const tolerance = 0.1;

/** Families whose time grows faster than the goal allows, beyond all doubt. */
export function tooSteep(costs: readonly FamilyCost[]): readonly FamilyCost[] {
  return costs.filter(({ exponent }) => exponent > goals.exponent + tolerance);
}

/** The message of a family that takes longest. */
function worstOf({ wholes }: FamilyCost): Whole & { readonly usPerKiB: number } {
  const [worst] = wholes.toSorted((a, b) => b.ms - a.ms);
  if (worst === undefined) throw new Error('nothing was measured');
  return { ...worst, usPerKiB: (worst.ms * 1_000) / (worst.messageBytes / 1_024) };
}

function peakOf({ wholes }: FamilyCost): number {
  return Math.max(...wholes.map(({ peakMiB }) => peakMiB));
}

const rounded = (value: number) => Number(value.toFixed(2));

/** One family, as a line of JSON. */
export function line(cost: FamilyCost): string {
  const { family, exponent, signed } = cost;
  const { usPerKiB, messageBytes, ms, outcome, rsa } = worstOf(cost);
  return JSON.stringify({
    family,
    exponent: rounded(exponent),
    usPerKiB: rounded(usPerKiB),
    peakMiB: rounded(peakOf(cost)),
    signed,
    bytes: messageBytes,
    ms: rounded(ms),
    outcome,
    rsa,
  });
}

/** The same for people. */
export function row(cost: FamilyCost): string {
  const { usPerKiB, messageBytes, ms, outcome } = worstOf(cost);
  const figures = [
    cost.exponent.toFixed(2).padStart(5),
    `${usPerKiB.toFixed(1)} µs/KiB`.padStart(14),
    `${ms.toFixed(1)} ms`.padStart(10),
    `${(messageBytes / 1_024).toFixed(0)} KiB`.padStart(9),
    `${peakOf(cost).toFixed(1)} MiB`.padStart(10),
  ];
  return `${cost.family.padEnd(72)}${figures.join('')}  ${outcome}`;
}

const descending = (costs: readonly FamilyCost[], by: (cost: FamilyCost) => number) =>
  costs.toSorted((a, b) => by(b) - by(a));
const msOf = (cost: FamilyCost) => worstOf(cost).ms;
const kib = (cost: FamilyCost) => `${(worstOf(cost).messageBytes / 1_024).toFixed(0)} KiB`;

/** The families beyond the goals, and the paragraph for README that names the worst. */
export function summary(costs: readonly FamilyCost[]): string {
  const [anonymous, signed] = [costs.filter(cost => !cost.signed), costs.filter(cost => cost.signed)];
  const { exponent, anonymousMs, signedMs, signedMiB } = goals;
  return [
    list(
      `exponent above ${exponent}`,
      costs.filter(cost => cost.exponent > exponent),
    ),
    list(
      `without credentials, above ${anonymousMs} ms`,
      anonymous.filter(cost => msOf(cost) > anonymousMs),
    ),
    list(
      `with credentials, above ${signedMs} ms`,
      signed.filter(cost => msOf(cost) > signedMs),
    ),
    list(
      `with credentials, above ${signedMiB} MiB`,
      signed.filter(cost => peakOf(cost) > signedMiB),
    ),
    paragraph(costs, anonymous, signed),
  ]
    .filter(text => text !== '')
    .join('\n');
}

function list(title: string, costs: readonly FamilyCost[]): string {
  return costs.length === 0 ? '' : `${title}:\n${costs.map(cost => `  ${row(cost)}\n`).join('')}`;
}

function paragraph(
  costs: readonly FamilyCost[],
  anonymous: readonly FamilyCost[],
  signed: readonly FamilyCost[],
): string {
  const [steepest] = descending(costs, ({ exponent }) => exponent);
  const [open, closed] = [anonymous, signed].map(some => descending(some, msOf)[0]);
  const [largest] = descending(signed, peakOf);
  const [plainOpen, plainClosed] = ['body/text', 'encrypted-body/text'].map(name =>
    costs.find(({ family }) => family === name),
  );
  if (!steepest || !open || !closed || !largest || !plainOpen || !plainClosed) return '';
  const beside = (cost: FamilyCost, plain: FamilyCost) =>
    `${msOf(cost).toFixed(0)} ms (\`${cost.family}\`, ${kib(cost)}; plain text: ${msOf(plain).toFixed(1)} ms)`;
  return (
    `Of ${costs.length} families of input that \`npm run bench:cost\` doubles up to the limits, none takes time that ` +
    `grows\nfaster than its length to the power of ${steepest.exponent.toFixed(2)} (\`${steepest.family}\`; goal ` +
    `${goals.exponent}).\nThe worst message within the limits takes ${beside(open, plainOpen)}\nwithout credentials ` +
    `(goal ${goals.anonymousMs} ms), and ${beside(closed, plainClosed)}\nwith them (goal ${goals.signedMs} ms); ` +
    `the largest takes ${peakOf(largest).toFixed(0)} MiB beside itself\n` +
    `(\`${largest.family}\`; goal ${goals.signedMiB} MiB).`
  );
}
