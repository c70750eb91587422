import { loadavg } from 'node:os';
import type { FindFigures } from './finding.ts';
import type { ClaimFigures, FormFigures, StoredFigures } from './sizes.ts';

/** All that one run has measured. */
export interface StateFigures {
  readonly finding: readonly FindFigures[];
  readonly forms: readonly FormFigures[];
  readonly stored: readonly StoredFigures[];
  readonly claims: readonly ClaimFigures[];
  /** Programs that waited for a CPU in the last minute, before the run and after it. */
  readonly load: readonly [before: number, after: number];
}

export const loadNow = () => loadavg()[0] ?? Number.NaN;

const us = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')} µs`;
const bytes = (value: number) => (value === 0 ? '' : value.toLocaleString('en-US'));

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replaceAll(/\| {2}(?=\|)/g, '| ');
  return [line(heads), line(heads.map(() => '---')).replaceAll(' ', ''), ...rows.map(line)].join('\n');
}

/**
 * Share of misses from which on a store costs a node less than nothing more than the cookie does: below it, where more
 * calls hit the cache, the store is cheaper, since each message carries the cookie.
 */
export function breakEvenMisses(cookie: FindFigures, store: FindFigures): number {
  const perMiss = store.cpuUs - cookie.cpuUs;
  return perMiss <= 0 ? 1 : Math.min(1, cookie.scanUs / perMiss);
}

function findingTable({ finding }: StateFigures): string {
  const rows = finding.map(figures => {
    const { place, roles, cpuUs, latencyUs, messageBytes, scanUs, storeBytes, roundTrips, writes } = figures;
    const each = messageBytes === 0 ? '' : `${bytes(messageBytes)}, ${us(scanUs)}`;
    return [
      place,
      `${roles}`,
      us(cpuUs),
      us(latencyUs),
      each,
      bytes(storeBytes),
      `${roundTrips || ''}`,
      `${writes || ''}`,
    ];
  });
  const heads = [
    ...['', 'roles', 'CPU of a miss', 'wait of a miss', 'each message: bytes, CPU', 'bytes to and from the store'],
    ...['round trips', 'writes of a bootstrap'],
  ];
  return table(heads, rows);
}

function breakEvenTable({ finding }: StateFigures): string {
  const cookies = finding.filter(({ place }) => place === 'cookie');
  const stores = ['SQLite', 'Redis', 'PostgreSQL'] as const;
  const rows = cookies.map(cookie => [
    `${cookie.roles}`,
    ...stores.map(place => {
      const store = finding.find(each => each.place === place && each.roles === cookie.roles);
      return store === undefined ? '' : `${((1 - breakEvenMisses(cookie, store)) * 100).toFixed(1)} %`;
    }),
  ]);
  return table(['roles', ...stores], rows);
}

function formsTable({ forms }: StateFigures): string {
  const rows = forms.map(({ form, roles, base64Chars, writeUs, readUs }) => [
    form,
    `${roles}`,
    bytes(base64Chars),
    us(writeUs),
    us(readUs),
  ]);
  return table(['form', 'roles', 'State, characters', 'writing', 'reading'], rows);
}

function storedTable({ stored }: StateFigures): string {
  const rows = stored.map(({ place, conversations, mebibytesPerMillion }) => [
    place,
    conversations === 0 ? '' : conversations.toLocaleString('en-US'),
    `${Math.round(mebibytesPerMillion).toLocaleString('en-US')} MiB`,
  ]);
  return table(['', 'conversations measured', 'a million take'], rows);
}

function claimsTable({ claims }: StateFigures): string {
  const rows = claims.map(({ place, inFlight, cpuUs, latencyUs }) => [place, `${inFlight}`, us(cpuUs), us(latencyUs)]);
  return table(['', 'calls at once', 'CPU of a call', 'wait of a call'], rows);
}

/** All tables, with a sentence before each. */
export function markdown(figures: StateFigures): string {
  const [before, after] = figures.load.map(value => value.toFixed(1));
  return [
    `Measured by \`npm run bench:state\` on a machine of two cores whose load was ${before} before it and ${after}`,
    'after it: the higher the load, the longer the waits; CPU times suffer less. Stores were on the same machine; the',
    'CPU time is that of the node alone.',
    '',
    findingTable(figures),
    '',
    'Share of calls that must find their conversation in the cache, so that the store costs a node less CPU than the',
    'cookie, which each message carries:',
    '',
    breakEvenTable(figures),
    '',
    'What a million conversations take (user with one role):',
    '',
    storedTable(figures),
    '',
    'Other forms of the state than the one that is used, sealed alike:',
    '',
    formsTable(figures),
    '',
    'What each call costs where [replays](replays.md) are noticed by the farm (`--replay shared`):',
    '',
    claimsTable(figures),
  ].join('\n');
}
