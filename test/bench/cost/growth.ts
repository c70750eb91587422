import { defaultLimits } from '../../../src/xml/limits.ts';
import { type Family, type Reading, readOnce } from './family.ts';
import { goals } from './report.ts';
import { clock, elapsedMs, timed } from './timing.ts';

/** How the time for a family's messages grows with their length. */
export interface Growth {
  /** Slope of time over length, both as logarithms, at the last doublings; 0 where it does not grow. */
  readonly exponent: number;
  /** The longest message, as the family is asked for it. */
  readonly bytes: number;
}

const { maxBytes } = defaultLimits;
const smallestBytes = 1_024;
const doublings = 5;
const tooLongMs = 1_500;
/** Less than this above the shortest message's time says nothing about growth. */
const measurableMs = 0.5;
const fitted = 4;
const fewestRounds = 2;
const mostRounds = 16;

/** One length, with the shortest time seen. */
interface Step extends Reading {
  ms: number;
}

/**
 * Measures one family twice: up to the longest message that ends as a short one does, and up to the longest there is,
 * since what is refused late has been read as well.
 * @returns one or both
 */
export async function growthsOf(family: Family): Promise<readonly Growth[]> {
  const accepted = await longestAlike(family);
  if (accepted === undefined) throw new Error(`${family.name}: no message of ${smallestBytes} bytes`);
  const growths = [await growthUpTo(accepted, family)];
  const isAll = accepted.ms >= tooLongMs || accepted.bytes * 2 > maxBytes;
  const longest = isAll ? undefined : await longestFrom(accepted.bytes * 2, family);
  if (longest !== undefined) growths.push(await growthUpTo(longest, family));
  return growths;
}

/** The steeper of its growths. */
export async function exponentOf(family: Family): Promise<number> {
  return Math.max(...(await growthsOf(family)).map(({ exponent }) => exponent));
}

async function growthUpTo(longest: Step, family: Family): Promise<Growth> {
  const steps: Step[] = [];
  for (const bytes of [0, ...halvesOf(longest.bytes)]) {
    const step = await stepOf(family, bytes);
    if (step !== undefined && (bytes === 0 || step.outcome === longest.outcome)) steps.push(step);
  }
  steps.push(longest);
  const rounds = longest.ms < tooLongMs / 10 ? mostRounds : fewestRounds;
  for (let round = 0; round < rounds && longest.ms < tooLongMs / 2; round++) {
    if (round >= fewestRounds && slopeOf(steps) <= goals.exponent) break;
    // By turns, so that a busy moment of the machine does not meet one of them alone.
    for (const step of steps) step.ms = Math.min(step.ms, await timed(family.subject, step.message));
  }
  return { exponent: slopeOf(steps), bytes: longest.bytes };
}

function halvesOf(bytes: number): number[] {
  return Array.from({ length: doublings }, (_, index) => Math.floor(bytes / 2 ** (doublings - index)));
}

async function stepOf(family: Family, bytes: number): Promise<Step | undefined> {
  const started = clock();
  const reading = await readOnce(family, bytes);
  return reading && { ...reading, ms: elapsedMs(started) };
}

/**
 * Doubles the message until it ends in another way, takes too long or is as long as any may be; then looks for the
 * limit in between.
 */
async function longestAlike(family: Family): Promise<Step | undefined> {
  let longest = await stepOf(family, smallestBytes);
  let refusedBytes = maxBytes + 1;
  while (longest !== undefined && longest.ms < tooLongMs && refusedBytes - longest.bytes > longest.bytes / 64) {
    const bytes = Math.min(Math.floor((longest.bytes + refusedBytes) / 2), longest.bytes * 2);
    const next = await stepOf(family, bytes);
    if (next?.outcome === longest.outcome) longest = next;
    else refusedBytes = bytes;
  }
  return longest;
}

/** Doubles a message as long as it takes no time to speak of. */
async function longestFrom(bytes: number, family: Family): Promise<Step | undefined> {
  const step = await stepOf(family, bytes);
  if (step === undefined || step.ms >= tooLongMs || bytes * 2 > maxBytes) return step;
  return (await longestFrom(bytes * 2, family)) ?? step;
}

/** The first step is the message without anything of the family: its time and its length are no part of the growth. */
function slopeOf([empty, ...steps]: readonly Step[]): number {
  if (empty === undefined) return 0;
  const points = steps
    .map(({ message, ms }) => ({ bytes: message.length - empty.message.length, ms: ms - empty.ms }))
    .filter(({ ms, bytes }) => ms > measurableMs && bytes > 0)
    .slice(-fitted);
  return points.length < 3 ? 0 : slope(points.map(({ bytes, ms }) => [Math.log(bytes), Math.log(ms)]));
}

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(point => point[0])), mean(points.map(point => point[1]))];
  const covariance = mean(points.map(point => (point[0] - x) * (point[1] - y)));
  return covariance / mean(points.map(point => (point[0] - x) ** 2));
}
