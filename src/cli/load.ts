import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { firstUsable, type GivenCredentials } from '../client/alternatives.ts';
import { clientPlans } from '../client/client-plan.ts';
import { ConfigurationError } from '../errors.ts';
import { writeGivenFile } from '../files/given-file.ts';
import { withMixedDialects } from '../policy/mixed-dialect.ts';
import type { Plan } from '../policy/plan.ts';
import { type CredentialOptions, credentialsOf } from './credential-options.ts';
import { type RequestOptions, requestOf } from './load/body.ts';
import { findLoadFarm, type LoadTarget } from './load/demo-farm.ts';
import { type Measured, measure } from './load/measure.ts';
import { closedLoop, openLoop, type Pacer } from './load/pacer.ts';
import { writeTable } from './load/report.ts';
import { writeReportPage } from './load/report-page.ts';
import { openTargets } from './load/targets.ts';
import { machineFields } from './load/template.ts';
import { exitCodeOf, failedLimit, judge, type Thresholds } from './load/thresholds.ts';
import {
  addressList,
  addressOf,
  duration,
  nameList,
  positiveNumber,
  timeOption,
  wholeNumber,
} from './option-values.ts';
import { authoritiesText } from './pem-files.ts';
import { openClient, portAddress, type ServiceOptions, serviceCertificate, serviceOptions } from './soap-client.ts';
import { print, printError, printJson } from './terminal.ts';
import { unprotectedMeans } from './wsdl-options.ts';

interface LoadOptions extends CredentialOptions, ServiceOptions, RequestOptions, Thresholds {
  readonly data: string;
  readonly wsdl?: string;
  readonly port: string;
  readonly unprotectedPorts?: readonly string[];
  readonly nodes?: readonly string[];
  readonly admin?: string;
  readonly issuer?: string;
  readonly ca?: string;
  readonly mixedDialects?: true;
  readonly conversations: number;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly duration: number;
  readonly drain: number;
  readonly think: number;
  readonly json?: boolean;
  readonly report?: string;
}

/** Most calls under way at once where `--rate` is given without `--concurrency`. */
const openLoopCallers = 512;
const defaultConcurrency = 16;

const latencyLimit = duration(0.001, 86_400_000);

/** `wssc load`: the load test. */
export function addLoad(program: Command): void {
  program
    .command('load')
    .summary('load test several nodes')
    .description(
      'Opens conversations with a service, spreads calls of one operation over all nodes and measures them ' +
        'from when each was due.\n' +
        'Without --wsdl it calls the farm that runs with the data folder; without --operation it has a text echoed.',
    )
    .option('--data <dir>', 'data folder of the running farm', './data')
    .option('--wsdl <file|url>', 'WSDL of a service of yours; credentials go with it as its policy asks for them')
    .option('--port <name>', 'WSDL port to call', 'EchoSymmetric')
    .option('--unprotected-ports <port,…>', unprotectedMeans, nameList)
    .option('--operation <name>', 'operation to call; default: Echo, as the service of wsdl/echo.wsdl has it')
    .option('--body <json>', 'its arguments as a JSON object, which may have {{counter}} and other fields')
    .option('--body-file <file>', 'the same from a file; or the element in the Body, where the file begins with <')
    .option('--nodes <url,…>', "nodes to call; default: each node of the farm, or the WSDL's address", addressList)
    .option('--admin <url>', "the farm's status page, which knows what was opened from the seal", oneAddress)
    .option('--user <name>', 'user name, where the policy asks for one')
    .option('--password-stdin', 'read the password from standard input')
    .option('--certificate <file>', 'certificate of the client (PEM), or certificate and key (PKCS#12)')
    .option('--key <file>', 'its private key (PEM)')
    .option('--passphrase-file <file>', 'file whose first line is the passphrase of the PKCS#12 file, or of the key')
    .option('--issuer <url>', "address of the issuer, instead of the policy's", addressOf)
    .option('--ca <file>', 'CA certificates to trust for TLS (PEM)')
    .addOption(serviceOptions.certificate)
    .addOption(serviceOptions.trust)
    .addOption(serviceOptions.name)
    .addOption(serviceOptions.fingerprint)
    .option('--mixed-dialects', 'take answers that name derived keys and tokens by the other dialect (CXF, streaming)')
    .option('--conversations <n>', 'how many conversations', wholeNumber(1, 100_000), 20)
    .option('--rate <n>', 'calls a second, whatever the answers take (open loop)', positiveNumber(100_000))
    .option(
      '--concurrency <n>',
      `callers that wait for their answers (closed loop, default ${defaultConcurrency}); ` +
        'with --rate: most calls at once',
      wholeNumber(1, 10_000),
    )
    .addOption(timeOption('--duration <time>', 'how long calls are made', duration(100, 86_400_000), '10s'))
    .addOption(
      timeOption(
        '--drain <time>',
        'how long it may take beyond that: for answers to calls under way, and to cancel the conversations',
        duration(0, 3_600_000),
        '5s',
      ),
    )
    .option('--payload <bytes>', 'length of the text that is echoed (default 1000)', wholeNumber(1, 500_000))
    .option('--think <ms>', 'pause of a caller between an answer and its next call', wholeNumber(0, 3_600_000), 0)
    .option('--max-failed <n|share>', 'how many calls may fail, such as 5 or 0.1% (default: none)', failedLimit)
    .option('--max-p50 <time>', 'longest median of latencies', latencyLimit)
    .option('--max-p90 <time>', 'longest latency of the fastest 90 % of calls', latencyLimit)
    .option('--max-p99 <time>', 'longest latency of the fastest 99 % of calls', latencyLimit)
    .option('--max-latency <time>', 'longest latency of any call', latencyLimit)
    .option(
      '--report <file>',
      'write a page with rate, latency and nodes over time: one file, for any browser',
      reportFile,
    )
    .option('--json', 'print one line of JSON instead of the table')
    .addHelpText(
      'after',
      `
Exit code: 0 no more calls failed, and none took longer, than may be; 1 wrong usage or configuration; 2 more failed or
took longer, or the service answered with a fault to begin with; 3 no call was answered, or none to begin with.

Examples:
  $ wssc load --duration 30s --conversations 100
  $ wssc load --rate 500 --port EchoTls13 --nodes https://localhost:8444,https://localhost:8445
  $ wssc load --wsdl orders.wsdl --port Orders --user demo --password-stdin --operation Place \\
      --body '{"id":"{{uuid}}","count":"{{random 1-9}}"}' < password`,
    )
    .action(load);
}

async function load(options: LoadOptions): Promise<void> {
  const pacer = pacerOf(options);
  const target = options.wsdl === undefined ? await findLoadFarm(options.data) : ownService(options.wsdl);
  const ca = authoritiesText(options.ca ?? target.ca);
  const client = await openClient(target.wsdl, ca);
  const plans = clientPlans(client, options.port, options.unprotectedPorts);
  const certificate = await serviceCertificate(client, plans, withService(options, target), options.nodes);
  const given = await givenBy(options, target, certificate);
  const read = firstUsable(plans, given);
  const plan = options.mixedDialects === undefined ? read : withMixedDialects(read);
  const request = await requestOf(client, plan, options, machineFields());
  const targets = openTargets({
    plan,
    addresses: nodeAddresses(options, target, plan),
    ...given,
    ...(ca === undefined ? {} : { ca }),
    ...(options.issuer === undefined ? {} : { issuer: portAddress(options.issuer, plan) }),
    // A caller that waits for a connection would be measured as a slow service.
    maxSockets: pacer.callers,
    conversations: options.conversations,
    request,
  });
  const measured = await measure(options, {
    pacer,
    targets,
    admin: options.admin ?? target.admin,
    nameOf: nodeName(target),
  });
  tell(options, measured);
}

/** Says what was measured, and whether it is good enough. */
function tell(options: LoadOptions, measured: Measured): void {
  const { report } = measured;
  if (options.json) printJson(report);
  else for (const line of writeTable(report)) print(line);
  const judgements = judge(report, options);
  for (const { isKept, text } of judgements) if (!isKept) printError(text);
  process.exitCode = exitCodeOf(report, judgements);
  if (options.report !== undefined)
    writeGivenFile(
      options.report,
      writeReportPage({ ...measured, judgements, ratePerS: options.rate }),
      'CONFIG_INVALID',
    );
}

/** Nothing is known of a service but its WSDL. */
function ownService(wsdl: string): LoadTarget {
  return { wsdl, credentials: {}, ca: undefined, serviceCertificate: undefined, admin: undefined, nodes: [] };
}

/** Who calls, and whom: credentials of the options take the place of the farm's. */
/** The farm's certificate is known without being named. */
function withService(options: LoadOptions, { serviceCertificate: file }: LoadTarget): ServiceOptions {
  return file === undefined ? options : { serviceCertificate: file, ...options };
}

async function givenBy(
  options: LoadOptions,
  { credentials: usual }: LoadTarget,
  serviceCertificate: string | undefined,
): Promise<GivenCredentials> {
  const own = await credentialsOf(options);
  const credentials = Object.keys(own).length === 0 ? usual : own;
  return serviceCertificate === undefined ? credentials : { ...credentials, serviceCertificate };
}

function pacerOf({ rate, concurrency, duration: durationMs, think: thinkMs }: LoadOptions): Pacer {
  if (rate === undefined) return closedLoop({ concurrency: concurrency ?? defaultConcurrency, durationMs, thinkMs });
  if (thinkMs > 0)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      '--think goes with --concurrency only: at a given --rate nobody pauses',
    );
  return openLoop({ ratePerS: rate, durationMs, callers: concurrency ?? openLoopCallers });
}

function nodeAddresses({ nodes }: LoadOptions, target: LoadTarget, plan: Plan): readonly string[] {
  const bases = nodes ?? target.nodes.map(node => node[plan.transport]);
  return bases.length === 0 ? [plan.address] : bases.map(address => portAddress(address, plan));
}

/** A node's name where it is known, else host and port. */
function nodeName({ nodes }: LoadTarget): (address: string) => string {
  const names = new Map(
    nodes.flatMap(({ name, http, https }) => [
      [new URL(http).host, name],
      [new URL(https).host, name],
    ]),
  );
  return address => {
    const { host } = new URL(address);
    return names.get(host) ?? host;
  };
}

/** The file of a report, whose folder is there: it would be a pity to find out after the test. */
function reportFile(file: string): string {
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return file;
  throw new InvalidArgumentError(`There is no folder ${folder}.`);
}

function oneAddress(text: string): string {
  return new URL(addressList(text)[0] ?? text).origin;
}
