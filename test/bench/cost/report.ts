import type { Whole } from './whole.ts';

/** What reading the messages of one family costs. */
export interface FamilyCost {
  readonly family: string;
  /** Whether a message of this kind needs credentials. */
  readonly signed: boolean;
  exponent: number;
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

/** Families whose time grows faster than the goal allows. */
export function tooSteep(costs: readonly FamilyCost[]): readonly FamilyCost[] {
  return costs.filter(({ exponent }) => exponent > goals.exponent);
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

/** What a service makes of a message is its own work; ours is to write the answer. */
const isEchoed = ({ family }: FamilyCost) => family.startsWith('echo/');

/** The paragraph for README; '' where not all families were measured. */
function paragraph(
  costs: readonly FamilyCost[],
  anonymous: readonly FamilyCost[],
  signed: readonly FamilyCost[],
): string {
  const read = signed.filter(cost => !isEchoed(cost));
  const [steepest] = descending(costs, ({ exponent }) => exponent);
  const [open, closed, echoed] = [anonymous, read, signed.filter(isEchoed)].map(some => descending(some, msOf)[0]);
  const [largest] = descending(read, peakOf);
  const [plainOpen, plainClosed] = ['body/text', 'encrypted-body/text'].map(name =>
    costs.find(({ family }) => family === name),
  );
  if (!steepest || !open || !closed || !echoed || !largest || !plainOpen || !plainClosed) return '';
  const beside = (cost: FamilyCost, plain: FamilyCost) =>
    `${msOf(cost).toFixed(0)} ms (\`${cost.family}\`, ${kib(cost)}; plain text: ${msOf(plain).toFixed(1)} ms)`;
  return [
    `Of ${costs.length} families of input that \`npm run bench:cost\` doubles up to the limits, ` +
      'none takes time that grows faster',
    `than its length to the power of ${steepest.exponent.toFixed(2)} (\`${steepest.family}\`; goal ${goals.exponent}).`,
    `The worst message within the limits takes ${beside(open, plainOpen)}`,
    `without credentials (goal ${goals.anonymousMs} ms) and ${beside(closed, plainClosed)}`,
    `with them (goal ${goals.signedMs} ms); the largest takes ${peakOf(largest).toFixed(0)} MiB beside itself`,
    `(\`${largest.family}\`, ${kib(largest)}; goal ${goals.signedMiB} MiB). A service that sends a text back adds the`,
    'writing of its answer, which may be six times as long: ' +
      `${msOf(echoed).toFixed(0)} ms and ${peakOf(echoed).toFixed(0)} MiB in all ` +
      `(\`${echoed.family}\`, ${kib(echoed)}).`,
  ].join('\n');
}
