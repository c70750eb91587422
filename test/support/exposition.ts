/** One value of Prometheus's text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Name and labels. */
  readonly key: string;
}

/** Reads the text format 0.0.4 of Prometheus as a parser without any patience does. @throws for a line that is none */
export function samplesOf(text: string): readonly Sample[] {
  return text.split('\n').flatMap(line => (line === '' || line.startsWith('#') ? [] : [sampleOf(line)]));
}

function sampleOf(line: string): Sample {
  const [, name, inside = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  // Go, in which Prometheus is written, reads NaN in any spelling.
  if (name === undefined || (Number.isNaN(Number(value)) && !/^nan$/i.test(value ?? '')))
    throw new Error(`no sample: ${line}`);
  const pairs = [...inside.matchAll(/(\w+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g)];
  if (pairs.map(([pair]) => pair).join('') !== inside) throw new Error(`no labels: ${line}`);
  const labels = Object.fromEntries(pairs.map(([, label = '', of = '']) => [label, of]));
  return { name, labels, value: Number(value), key: `${name}{${inside}}` };
}

/** The sum of the values of a metric that have these labels. */
export function sumOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>>): number {
  const isMeant = (sample: Sample) =>
    sample.name === name && Object.entries(labels).every(([label, of]) => sample.labels[label] === of);
  return samples.filter(isMeant).reduce((sum, { value }) => sum + value, 0);
}
