import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { alternatives } from '../fields.ts';

/** Parsers of option values for commander; each refuses what it does not understand and says what it wants. */

/** A whole number in a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A number above 0, with or without fraction. */
export function positiveNumber(most: number): (text: string) => number {
  return text => {
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number above 0, at most ${most}.`);
  };
}

/** One of a few names. */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return text => {
    const name = names.find(known => known === text);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`It must be ${alternatives(names)}.`);
  };
}

/** A TCP port; 0 is any free one. */
export const tcpPort = wholeNumber(0, 65_535);

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration with its unit (`500ms`, `60s`, `5m`, `10h`) in milliseconds. */
export function duration(leastMs: number, mostMs: number): (text: string) => number {
  return text => {
    const [, count, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(text) ?? [];
    const valueMs = count === undefined ? Number.NaN : Number(count) * (unitsMs[unit] ?? Number.NaN);
    if (valueMs >= leastMs && valueMs <= mostMs) return valueMs;
    const range = `from ${durationText(leastMs)} to ${durationText(mostMs)}`;
    throw new InvalidArgumentError(`It must be a duration such as 500ms, 60s, 5m or 10h, ${range}.`);
  };
}

/** A duration as it is written, in the largest unit that it is whole in. */
export function durationText(ms: number): string {
  const [unit, unitMs] = Object.entries({ d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 }).find(
    ([, size]) => ms >= size && ms % size === 0,
  ) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

/** Addresses separated by commas, each `http://…` or `https://…`. */
export function addressList(text: string): readonly string[] {
  return text.split(',').map(part => {
    const address = part.trim();
    if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address;
    throw new InvalidArgumentError(
      'It must be one or more addresses such as https://localhost:8443, separated by commas.',
    );
  });
}

/** One address, `http://…` or `https://…`. */
export function addressOf(text: string): string {
  const [address = '', ...more] = addressList(text);
  if (more.length === 0) return address;
  throw new InvalidArgumentError('It must be one address such as https://localhost:8443.');
}

/** An address or a name of this machine, without a port. */
export function hostName(text: string): string {
  if (isIP(text) !== 0 || /^[\w-]+(?:\.[\w-]+)*$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be an address or a name without a port, such as 0.0.0.0, :: or node1.example.',
  );
}

/** Names separated by commas. */
export function nameList(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim());
  if (!names.includes('')) return names;
  throw new InvalidArgumentError('It must be one or more names, separated by commas.');
}

/** An option whose value is a duration, with its default as it is written in the help. */
export function timeOption(
  flags: string,
  description: string,
  parse: (text: string) => number,
  initial: string,
): Option {
  return new Option(flags, description).argParser(parse).default(parse(initial), initial);
}
