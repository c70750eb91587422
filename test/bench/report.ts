import type { CallFigures } from './calls.ts';
import { cacheEntries, type MemoryFigures } from './memory.ts';
import type { SealFigures } from './seal.ts';
import type { StageFigures } from './stages.ts';
import type { TokenFigures } from './tokens.ts';
import type { VerifyFigures } from './verify.ts';

/** All that a run measured. */
export interface Figures {
  readonly verify: VerifyFigures;
  readonly seal: SealFigures;
  readonly calls: readonly CallFigures[];
  readonly memory: MemoryFigures;
}

/** The figures as `--json` writes them. */
export function json({ verify, seal, calls, memory }: Figures): string {
  const { conversations, rssGrowthBytes } = memory;
  const { oursUs, xmlCryptoUs, ratio } = verify;
  const { sealUs, openUs, base64Chars } = seal;
  const document = {
    verify: { oursUs, xmlCryptoUs, ratio },
    seal: { sealUs, openUs, base64Chars },
    calls,
    memory: { conversations, rssGrowthBytes },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * What one cached context may cost: its token's text, its key, four keys derived from it, and their places in tables.
 */
const maxCacheEntryBytes = 8_192;
/** Growth that is left once the cache is full: the replay table, and pieces of memory that were not given back. */
const maxLaterBytes = 16 * 2 ** 20;
/** Size that the goal for calls is set for. */
const goalBytes = 1_000;

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Lines of the verify measurement. */
export function verifyLines({ oursUs, xmlCryptoUs, ratio }: VerifyFigures, bytes: number): string {
  return lines(`verify, six signed parts, ${bytes} bytes`, [
    ['ours', us(oursUs), ''],
    ['xml-crypto', us(xmlCryptoUs), ''],
    ['xml-crypto / ours', ratio.toFixed(0), goal('at least 100', ratio >= 100)],
  ]);
}

/** Lines of the sealed state. */
export function sealLines({ sealUs, openUs, base64Chars }: SealFigures): string {
  return lines('sealed state of alice, reader, editor', [
    ['seal', us(sealUs), ''],
    ['open', us(openUs), goal('15 µs', openUs <= 15)],
    ['base64 characters', String(base64Chars), goal('296', base64Chars === 296)],
  ]);
}

/**
 * Lines of the server's own work. The budgets are those of a machine on which xml-crypto took 9,700 to 13,000 µs for
 * its message.
 */
export function stageLines({ requestBytes, scanUs, receiveUs, sendUs }: StageFigures): string {
  return lines(`EchoSymmetric, text of 1,000 characters: request of ${requestBytes} bytes`, [
    ['scan', us(scanUs), goal('35 µs', scanUs <= 35)],
    ['scan and the rest of receive', us(receiveUs), goal('90 µs', receiveUs <= 90)],
    ['write, sign, encrypt the answer', us(sendUs), goal('40 µs', sendUs <= 40)],
  ]);
}

/** Table of the calls: one row for each server and size. */
export function callLines(calls: readonly CallFigures[]): string {
  const rows = calls.map(({ server, port, bytes, cpuUs, callsPerSecond, ratioToExpress }) => [
    `${server} ${port}, ${bytes} bytes`,
    us(cpuUs),
    `${callsPerSecond.toFixed(0).padStart(6)}/s  ${ratioToExpress.toFixed(2)} × express`,
    port === 'EchoSymmetric' && server === 'ours' && bytes === goalBytes ? goal('1.50', ratioToExpress <= 1.5) : '',
  ]);
  return lines('one call: CPU time of the server process; rate with generator and server on the same cores', rows);
}

/** Lines of the memory measurement. */
export function memoryLines({ conversations, rssGrowthBytes, laterGrowthBytes }: MemoryFigures): string {
  const bound = cacheEntries * maxCacheEntryBytes;
  const title = `memory, ${conversations} conversations of one call, ${cacheEntries} contexts cached`;
  return lines(title, [
    ['growth of RSS', megabytes(rssGrowthBytes), goal(`at most ${megabytes(bound)}`, rssGrowthBytes <= bound)],
    [
      'in the second half',
      megabytes(laterGrowthBytes),
      goal(`at most ${megabytes(maxLaterBytes)}`, laterGrowthBytes <= maxLaterBytes),
    ],
  ]);
}

/** Table of the bearer tokens, and what ours come to beside jose's. */
export function tokenLines(figures: readonly TokenFigures[]): string {
  const rate = (costUs: number) => `${Math.round(1e6 / costUs)}/s`;
  const rows = figures.flatMap(({ name, issueUs, validateUs, chars }) => [
    [`${name}: issue`, us(issueUs), rate(issueUs)],
    [`${name}: validate`, us(validateUs), rate(validateUs)],
    [`${name}: characters`, String(chars), ''],
  ]);
  const [ours, jose] = ['ours', 'jose'].map(wanted => figures.find(({ name }) => name === wanted));
  const faster = (jose?.validateUs ?? 0) / (ours?.validateUs ?? 1);
  const smaller = (ours?.chars ?? 1) / (jose?.chars ?? 1);
  return lines('bearer token of alice, reader, editor, two scopes; CPU time, one core', [
    ...rows,
    ['jose validate / ours', faster.toFixed(1), goal('at least 1', faster >= 1)],
    ['our characters / jose', smaller.toFixed(2), goal('below 1', smaller < 1)],
  ]);
}

function us(value: number): string {
  return `${value.toFixed(1)} µs`;
}

function goal(text: string, isMet: boolean): string {
  return `(goal ${text}: ${isMet ? 'met' : 'missed'})`;
}

function lines(title: string, rows: readonly (readonly string[])[]): string {
  const formatted = rows.map(([name = '', value = '', ...rest]) =>
    `  ${name.padEnd(32)}${value.padStart(12)}  ${rest.filter(text => text !== '').join('  ')}`.trimEnd(),
  );
  return `${[title, ...formatted].join('\n')}\n`;
}
