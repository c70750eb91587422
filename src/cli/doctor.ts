import type { Command } from 'commander';
import { openWsdl } from '../policy/load-wsdl.ts';
import { servablePlans } from '../server/open-parts.ts';
import { readUsersFile } from '../users/users-file.ts';
import { secretFindings, serviceFindings, tlsFindings } from './doctor/certificates.ts';
import { type Finding, findingsOf, type Level, well } from './doctor/finding.ts';
import { ringFindings } from './doctor/ring.ts';
import { storeFindings } from './doctor/store.ts';
import { addRingOptions, configuredRing, type RingOptionValues, ringInstead } from './ring-options.ts';
import { readServeConfig, type ServeConfig } from './serve-config.ts';
import { addStoreOptions, configuredStore, type StoreOptionValues } from './store-options.ts';
import { columns, print, printJson } from './terminal.ts';
import { addWsdlOptions, loadGiven, type WsdlOptionValues } from './wsdl-options.ts';

interface DoctorOptions extends StoreOptionValues, RingOptionValues, WsdlOptionValues {
  readonly config: string;
  readonly json?: boolean;
}

/** `wssc doctor`: looks at all that a node of `wssc serve` needs, and says what to do. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('look at all that a node needs')
    .description(
      'Looks at what a node of wssc serve needs, where it would run: configuration, WSDL, key ring, users,\n' +
        'certificates, file modes, store, clock. Says what is wrong and what to do. Nothing is changed.\n' +
        'The exit code is 1 where the node could not do its work.',
    )
    .requiredOption('--config <file>', "the node's configuration file (JSON)")
    .option('--json', 'print one line of JSON');
  addStoreOptions(addRingOptions(addWsdlOptions(command), 'key ring, instead of the one in the configuration'))
    .addHelpText('after', '\nExample:\n  $ wssc doctor --config node.json')
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const findings = await findAll(options, Date.now());
  const isWell = findings.every(({ level }) => level !== 'error');
  if (options.json) printJson({ ok: isWell, findings });
  else for (const line of linesOf(findings)) print(line);
  process.exitCode = isWell ? 0 : 1;
}

async function findAll(options: DoctorOptions, nowMs: number): Promise<readonly Finding[]> {
  let config: ServeConfig | undefined;
  const read = await findingsOf('configuration', 'see wssc serve --help for its keys', () => {
    config = readServeConfig(options.config, ringInstead(options));
    return [well('configuration', `${options.config} can be read`)];
  });
  return config === undefined ? read : [...read, ...(await findIn(config, options, nowMs))];
}

async function findIn(config: ServeConfig, options: DoctorOptions, nowMs: number): Promise<readonly Finding[]> {
  const { users, certificate, key, passphrase, minRsaBits, tls, issuer, addresses = [], clockSkewMs } = config;
  const renewed = 'give a certificate and the private key that belongs to it';
  const ring = configuredRing(options, config);
  const found = await Promise.all([
    findingsOf('wsdl', 'see docs/policy.md for what is understood', () => wsdlFindings(config, options)),
    findingsOf('ring', 'make one with wssc keys create', () => ringFindings(ring, nowMs)),
    users === undefined ? [] : findingsOf('users', 'make one with wssc users add', () => usersFindings(users)),
    certificate === undefined
      ? []
      : findingsOf('certificates', renewed, () => serviceFindings({ certificate, key, passphrase }, nowMs, minRsaBits)),
    tls === undefined ? [] : findingsOf('certificates', renewed, () => tlsFindings(tls, addresses, nowMs)),
    issuer === undefined ? [] : findingsOf('certificates', renewed, () => tlsFindings(issuer, [], nowMs)),
    secretFindings(
      [key ?? certificate, passphrase, tls && (tls.key ?? tls.certificate), tls?.passphrase, issuer?.key].filter(
        file => file !== undefined,
      ),
    ),
    findingsOf('store', 'see docs/stores.md', () => storeFindings(configuredStore(options, config, ring), clockSkewMs)),
  ]);
  return found.flat();
}

async function wsdlFindings(
  { wsdl, ports, paths }: ServeConfig,
  options: WsdlOptionValues,
): Promise<readonly Finding[]> {
  const plans = servablePlans(openWsdl(await loadGiven(wsdl, options)), ports, paths);
  return [well('wsdl', `${wsdl}: ${plans.map(({ port }) => port).join(', ')} can be served`)];
}

function usersFindings(file: string): readonly Finding[] {
  const { length } = readUsersFile(file);
  return [well('users', `${file}: ${length === 1 ? '1 user' : `${length} users`}`)];
}

const words: Readonly<Record<Level, string>> = { ok: 'ok', warning: 'warning', error: 'ERROR' };

function linesOf(findings: readonly Finding[]): readonly string[] {
  const rows = findings.flatMap(({ subject, level, says, todo }) => [
    [words[level], subject, says],
    ...(todo === undefined ? [] : [['', '', `→ ${todo}`]]),
  ]);
  return columns(rows);
}
