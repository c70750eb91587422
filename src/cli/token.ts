import type { Command } from 'commander';
import { ticketDefaults } from '../bearer/katana-ticket.ts';
import { maxKatanaTokenChars } from '../bearer/katana-token.ts';
import { ConfigurationError } from '../errors.ts';
import { keyRing } from '../keyring/ring.ts';
import { readRingFile } from '../keyring/ring-file.ts';
import { openMachineKey } from '../machine-key/machine-key.ts';
import { readWebConfig } from '../machine-key/web-config.ts';
import { writtenOut } from '../printable.ts';
import { utc } from './ring-listing.ts';
import { givenKek, givenKeks } from './ring-options.ts';
import { readFirstLine } from './standard-input.ts';
import { columns, print, printError, printJson } from './terminal.ts';
import type { TokenProblem } from './token-age.ts';
import { whyNotOpened } from './token-problems.ts';
import { readToken, type TokenClaim, type TokenKeys, type TokenReport } from './token-schemes.ts';

interface InspectOptions {
  readonly ring?: string;
  readonly kek?: string;
  readonly webConfig?: string;
  readonly audience?: string;
  readonly cookie?: readonly string[];
  readonly json?: boolean;
}

/** The longest token with some white space around it. */
const maxInputBytes = maxKatanaTokenChars + 64;

/** Authentication types of Katana and of ASP.NET Identity. */
const usualCookies = [
  'ApplicationCookie',
  'Cookies',
  'ExternalCookie',
  'TwoFactorCookie',
  'TwoFactorRememberBrowser',
] as const;

/** `wssc token`: looks into tokens. It never prints a key. */
export function addToken(program: Command): void {
  program
    .command('token')
    .summary('say what is inside of a token')
    .description('Tokens that were made with a key ring or a machineKey.')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc token inspect --ring ring.json < token.txt')
    .command('inspect')
    .description('Reads a token on standard input and says who made it for whom, and whether it is valid now.')
    .option('--ring <file>', 'key ring file')
    .option('--kek <file>', "file with the key that wraps the ring's keys; else WSSC_KEK has it")
    .option('--web-config <file>', 'web.config with explicit keys, instead of a ring')
    .option('--audience <name>', "audience of one of the ring's own tokens")
    .option(
      '--cookie <type>',
      `authentication type of a Katana cookie, beside ${usualCookies.join(', ')}; may be repeated`,
      (type: string, types: readonly string[] = []) => [...types, type],
    )
    .option('--json', 'print one line of JSON')
    .addHelpText('after', '\nExample:\n  $ wssc token inspect --web-config web.config < token.txt')
    .action(inspect);
}

async function inspect(options: InspectOptions): Promise<void> {
  const keys = tokenKeys(options);
  const text = (await readFirstLine('token', maxInputBytes)).trim();
  const nowMs = Date.now();
  const report = readToken(text, keys, nowMs);
  if (report === undefined) return refuse(whyNotOpened(text, keys, nowMs));
  if (options.json) printJson(jsonOf(report));
  else printReport(report);
  if (report.problem !== undefined) refuse(report.problem);
}

function refuse({ says, todo }: TokenProblem): void {
  printError(says, todo);
  process.exitCode = 1;
}

function tokenKeys({ ring: ringFile, kek, webConfig, audience, cookie = [] }: InspectOptions): TokenKeys {
  if ((ringFile === undefined) === (webConfig === undefined))
    throw new ConfigurationError(
      'CONFIG_INVALID',
      'a token is opened with --ring or with --web-config: give one of them',
    );
  const ring = ringFile === undefined ? undefined : keyRing(readRingFile(ringFile, { keks: givenKeks(givenKek(kek)) }));
  const own = webConfig === undefined ? [] : [openMachineKey(readWebConfig(webConfig, { publicKeys: 'taken' }))];
  return { ring, machineKeys: ring?.machineKeys ?? own, audience, cookies: [...cookie, ...usualCookies] };
}

function jsonOf({ issuedMs, expiresMs, properties, problem, ...report }: TokenReport) {
  return {
    ...report,
    properties: Object.fromEntries(properties),
    issued: timeText(issuedMs),
    expires: timeText(expiresMs),
    valid: problem === undefined,
  };
}

function timeText(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : utc(timeMs);
}

function printReport({ scheme, key, issuedMs, expiresMs, details, claims, properties }: TokenReport): void {
  const rows = [
    ['scheme', scheme],
    ['key', key],
    ['issued', timeText(issuedMs) ?? 'not said'],
    ['expires', timeText(expiresMs) ?? 'never'],
    ...Object.entries(details).map(([name, value]) => [name, shown(value)]),
    ...claims.map(claim => ['claim', claimText(claim)]),
    ...[...properties].map(([name, value]) => ['property', `${shown(name)} = ${shown(value)}`]),
  ];
  for (const line of columns(rows)) print(line);
}

function claimText({ type, value, valueType, issuer, originalIssuer }: TokenClaim): string {
  const others = [
    ['value type', valueType, ticketDefaults.valueType],
    ['issuer', issuer, ticketDefaults.issuer],
    ['original issuer', originalIssuer, issuer],
  ].flatMap(([name, said, usual]) => (said === undefined || said === usual ? [] : [`${name} ${shown(said)}`]));
  return `${shown(type)} = ${shown(value)}${others.length === 0 ? '' : ` (${others.join(', ')})`}`;
}

/** Who made a token chose its texts: on a terminal they must not move the cursor. */
function shown(text: string): string {
  return writtenOut(JSON.stringify(text));
}
