import type { FindFigures } from './finding.ts';

/** Node CPU that getting the conversation adds to a call, by the share of calls that miss the cache. */
interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dash: string;
  readonly costUs: (misses: number) => number;
}

const [width, height, left, right, top, bottom] = [760, 420, 70, 190, 30, 55] as const;
const [leastMisses, mostMisses, leastUs, mostUs] = [0.001, 1, 0.1, 1_000] as const;
const colours: Readonly<Record<string, string>> = {
  ...{ cookie: '#0b6e4f', SQLite: '#8a5a00', Redis: '#b3261e', PostgreSQL: '#1f4e9e' },
};
const dashes: Readonly<Record<number, string>> = { 1: '', 10: '6 3', 50: '2 3' };

const share = (value: number, least: number, most: number) => Math.log(value / least) / Math.log(most / least);
const x = (misses: number) => left + share(misses, leastMisses, mostMisses) * (width - left - right);
const y = (costUs: number) =>
  height - bottom - share(Math.min(mostUs, Math.max(leastUs, costUs)), leastUs, mostUs) * (height - top - bottom);

/** A drawing of the figures, as SVG. */
export function plot(finding: readonly FindFigures[]): string {
  const lines = finding.filter(({ place }) => place !== 'none').map(lineOf);
  const drawn = lines.filter(({ label }) => label.startsWith('cookie') || label.endsWith(', 10 roles'));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>CPU time of a node for a call, by the share of calls that miss the cache</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...[0.001, 0.01, 0.1, 1].map(misses => tick(x(misses), height - bottom + 18, 'middle', `${misses * 100} %`)),
    ...[0.1, 1, 10, 100, 1_000].flatMap(costUs => [
      `<line x1="${left}" x2="${width - right}" y1="${y(costUs)}" y2="${y(costUs)}" stroke="#dddddd"/>`,
      tick(left - 8, y(costUs) + 4, 'end', `${costUs} µs`),
    ]),
    tick((left + width - right) / 2, height - 12, 'middle', 'calls that miss the cache'),
    tick(left, top - 12, 'start', 'CPU time of the node for a call'),
    ...drawn.map(curve),
    ...labels(drawn),
    '</svg>',
    '',
  ].join('\n');
}

function lineOf({ place, roles, cpuUs, scanUs }: FindFigures): Line {
  return {
    label: `${place}, ${roles} ${roles === 1 ? 'role' : 'roles'}`,
    colour: colours[place] ?? '#000000',
    dash: place === 'cookie' ? (dashes[roles] ?? '') : '',
    costUs: misses => scanUs + misses * cpuUs,
  };
}

function curve({ colour, dash, costUs }: Line): string {
  const steps = Array.from({ length: 61 }, (_, n) => leastMisses * (mostMisses / leastMisses) ** (n / 60));
  const points = steps.map(misses => `${x(misses).toFixed(1)},${y(costUs(misses)).toFixed(1)}`).join(' ');
  return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;
}

/** Beside the ends of the lines, no two over each other. */
function labels(lines: readonly Line[]): readonly string[] {
  let last = Number.POSITIVE_INFINITY;
  return [...lines]
    .sort((one, other) => one.costUs(1) - other.costUs(1))
    .map(({ label, colour, costUs }) => {
      last = Math.min(y(costUs(1)) + 4, last - 15);
      return `<text x="${width - right + 8}" y="${last.toFixed(1)}" fill="${colour}">${label}</text>`;
    });
}

function tick(atX: number, atY: number, anchor: string, text: string): string {
  return `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}" fill="#333333">${text}</text>`;
}
