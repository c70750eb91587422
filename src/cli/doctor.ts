import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { openWsdl } from '../policy/load-wsdl.ts';
import { plansByPort } from '../policy/plan.ts';
import { servablePlans } from '../server/servable-plans.ts';
import { readUsersFile } from '../users/users-file.ts';
import { secretFindings, serviceFindings, tlsFindings } from './doctor/certificates.ts';
import { type Finding, findingsOf, type Level, well, wrong } from './doctor/finding.ts';
import type { LocalPorts } from './doctor/published-policy.ts';
import { ringFindings } from './doctor/ring.ts';
import { serverFindings } from './doctor/server.ts';
import { storeFindings } from './doctor/store.ts';
import { addressOf } from './option-values.ts';
import { authoritiesText } from './pem-files.ts';
import { addRingOptions, configuredRing, type RingOptionValues, ringInstead } from './ring-options.ts';
import { readServeConfig, type ServeConfig } from './serve-config.ts';
import { addStoreOptions, configuredStore, type StoreOptionValues } from './store-options.ts';
import { columns, print, printJson } from './terminal.ts';
import { addWsdlOptions, loadGiven, type WsdlOptionValues } from './wsdl-options.ts';

interface DoctorOptions extends StoreOptionValues, RingOptionValues, WsdlOptionValues {
  readonly config?: string;
  readonly server?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** Where no configuration says another. */
const defaultSkewMs = 60_000;

/** `wssc doctor`: looks at all that a node of `wssc serve` needs, or shows to clients, and says what to do. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('look at all that a node needs')
    .description(
      'Looks at what a node of wssc serve needs, where it would run: configuration, WSDL, key ring, users,\n' +
        'certificates, file modes, store, clock. With --server it looks at a server as its clients see it: TLS\n' +
        'certificates, clock, ports, published policies. Says what is wrong and what to do. Nothing is changed,\n' +
        'and no credentials are sent. The exit code is 1 where a node or a client could not do its work.',
    )
    .option('--config <file>', "the node's configuration file (JSON)")
    .option('--server <url>', 'look at a server that runs: its base address, or that of its WSDL', addressOf)
    .option('--ca <file>', 'CA certificates to trust for TLS where --server is looked at (PEM)')
    .option('--json', 'print one line of JSON');
  addStoreOptions(addRingOptions(addWsdlOptions(command), 'key ring, instead of the one in the configuration'))
    .addHelpText('after', '\nExample:\n  $ wssc doctor --config node.json --server https://soap.example --ca ca.pem')
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const findings = await findAll(options, Date.now);
  const isWell = findings.every(({ level }) => level !== 'error');
  if (options.json) printJson({ ok: isWell, findings });
  else for (const line of linesOf(findings)) print(line);
  process.exitCode = isWell ? 0 : 1;
}

async function findAll(options: DoctorOptions, clock: () => number): Promise<readonly Finding[]> {
  const { config: file, server } = options;
  if (file === undefined && server === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to look at', {
      hint: 'give --config FILE, --server URL or both',
    });
  let config: ServeConfig | undefined;
  const read = await findingsOf('configuration', 'see wssc serve --help for its keys', () => {
    if (file === undefined) return [];
    config = readServeConfig(file, ringInstead(options));
    return [well('configuration', `${file} can be read`)];
  });
  const given = { ...options, config: file ?? '' };
  const inside = config === undefined ? [] : await findIn(config, given, clock());
  return [...read, ...inside, ...(server === undefined ? [] : await findAt(server, config, options, clock))];
}

/** What is wrong with the WSDL here is told where the node is looked at. */
async function findAt(
  server: string,
  config: ServeConfig | undefined,
  options: DoctorOptions,
  clock: () => number,
): Promise<readonly Finding[]> {
  const { clockSkewMs = defaultSkewMs } = config ?? {};
  let local: LocalPorts | undefined;
  await findingsOf('wsdl', '', async () => {
    local = config && (await localPorts(config, options));
    return [];
  });
  const allowHttp = options.allowHttpWsdl === true;
  return serverFindings({ server, ca: authoritiesText(options.ca), allowHttp, clockSkewMs, local, clock });
}

async function localPorts({ wsdl: source, ports }: ServeConfig, options: WsdlOptionValues): Promise<LocalPorts> {
  const wsdl = openWsdl(await loadGiven(source, options));
  return { wsdl, ports: Object.keys(ports ?? Object.fromEntries(wsdl.ports.map(({ name }) => [name, {}]))) };
}

async function findIn(
  config: ServeConfig,
  options: DoctorOptions & { readonly config: string },
  nowMs: number,
): Promise<readonly Finding[]> {
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

async function wsdlFindings(config: ServeConfig, options: WsdlOptionValues): Promise<readonly Finding[]> {
  const { wsdl } = config;
  const { plans, leftOut } = servablePlans(openWsdl(await loadGiven(wsdl, options)), config);
  const served = well(
    'wsdl',
    `${wsdl}: ${plansByPort(plans)
      .map(([{ port }]) => port)
      .join(', ')} can be served`,
  );
  if (leftOut.length === 0) return [served];
  const names = leftOut.map(({ port }) => port).join(', ');
  return [
    served,
    wrong('wsdl', 'warning', `${wsdl}: ${names} can't be served, and left out`, 'wssc policy check says why'),
  ];
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
