import { type Command, Option } from 'commander';
import type { Client } from 'soap';
import { clientPlan } from '../client/client-plan.ts';
import { PeerFault } from '../client/peer-fault.ts';
import { secureConversation } from '../client/secure-conversation.ts';
import { ConfigurationError } from '../errors.ts';
import type { Plan } from '../policy/plan.ts';
import { printable, printableJson } from '../printable.ts';
import { addressList } from './option-values.ts';
import { readPassword } from './password.ts';
import { authoritiesText, peerText } from './pem-files.ts';
import { openClient, portAddress, requireServiceCertificate, withTrustHint } from './soap-client.ts';
import { note, printJson } from './terminal.ts';

interface CallOptions {
  readonly wsdl: string;
  readonly port: string;
  readonly user: string;
  readonly address?: readonly string[];
  readonly ca?: string;
  readonly serviceCertificate?: string;
}

/** `wssc call`: one call in a conversation of its own. */
export function addCall(program: Command): void {
  program
    .command('call')
    .summary('call an operation of a service')
    .description('Opens a conversation, calls one operation, prints the result as JSON and cancels the conversation.')
    .argument('<operation>', 'name of the operation')
    .argument('[json]', 'its arguments as a JSON object', '{}')
    .requiredOption('--wsdl <file|url>', 'WSDL of the service')
    .requiredOption('--port <name>', 'WSDL port to call')
    .requiredOption('--user <name>', 'user name')
    .addOption(new Option('--password-stdin', 'read the password from standard input').makeOptionMandatory())
    .option(
      '--address <url,…>',
      "addresses to call instead of the WSDL's; the next one is taken where one does not connect",
      addressList,
    )
    .option('--ca <file>', 'CA certificates to trust for TLS (PEM)')
    .option('--service-certificate <file>', "the service's certificate (PEM), where the policy encrypts to it")
    .addHelpText(
      'after',
      `
Exit code: 0 the result is on standard output; 1 wrong usage or configuration;
2 the service answered with a fault, {"code","reason"} on standard error; 3 no answer.

Example:
  $ wssc call --wsdl https://localhost:8443/?wsdl --port EchoTls13 --ca data/ca.pem \\
      --user demo --password-stdin Echo '{"text":"hello"}' < data/demo-password`,
    )
    .action(call);
}

async function call(operation: string, json: string, options: CallOptions): Promise<void> {
  const args = parseArguments(json);
  const ca = authoritiesText(options.ca);
  const serviceCertificate = peerText(options.serviceCertificate);
  const client = await openClient(options.wsdl, ca);
  const plan = clientPlan(client, options.port);
  const invoke = operationOf(client, plan, operation);
  requireServiceCertificate(plan, serviceCertificate);
  const password = await readPassword();
  const conversation = secureConversation(client, {
    port: options.port,
    username: options.user,
    password,
    ...(ca === undefined ? {} : { ca }),
    ...(serviceCertificate === undefined ? {} : { serviceCertificate }),
    ...(options.address === undefined ? {} : { addresses: options.address.map(address => portAddress(address, plan)) }),
  });
  client.setSecurity(conversation);
  try {
    printJson(await invoke(args));
  } catch (error) {
    process.exitCode = callFailed(error);
  } finally {
    await conversation.close();
  }
}

function parseArguments(json: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ConfigurationError('CONFIG_INVALID', 'the arguments are not a JSON object', {
    hint: `write them as one word, in a POSIX shell: '{"text":"hello"}'`,
  });
}

type Invoke = (args: object) => Promise<unknown>;

/** node-soap's method for an operation, as a promise of the result alone. */
function operationOf(client: Client, plan: Plan, name: string): Invoke {
  const ports = client[plan.service.local] as Record<string, Record<string, NodeSoapMethod>>;
  const method = plan.operations.some(operation => operation.name === name) ? ports[plan.port]?.[name] : undefined;
  if (method === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} has no operation ${name}`, {
      hint: `it has ${plan.operations.map(operation => operation.name).join(', ')}`,
    });
  return args =>
    new Promise((resolve, reject) => method(args, (error, result) => (error ? reject(error) : resolve(result))));
}

type NodeSoapMethod = (args: object, callback: (error: unknown, result: unknown) => void) => void;

/**
 * Says what came instead of a result.
 * @returns the exit code
 * @throws what is no fault and no trouble on the way
 */
function callFailed(error: unknown): number {
  const fault = faultOf(error);
  if (fault === undefined) throw withTrustHint(error);
  note(printableJson({ code: printable(fault.code), reason: printable(fault.reason) }));
  return 2;
}

interface CallFault {
  readonly code: string;
  readonly reason: string;
}

/** A fault as `{code, reason}`: local name of its innermost code, and its text. */
function faultOf(error: unknown): CallFault | undefined {
  if (error instanceof PeerFault) return { code: (error.faultSubcode ?? error.faultCode).local, reason: error.reason };
  const fault = (error as NodeSoapError).root?.Envelope?.Body?.Fault;
  if (fault === undefined) return undefined;
  const { Value, Subcode } = fault.Code ?? {};
  const reason = fault.Reason?.Text;
  return {
    code: String(Subcode?.Value ?? Value ?? 'Receiver').replace(/^.*:/, ''),
    reason: typeof reason === 'object' && reason !== null ? String(reason.$value ?? '') : String(reason ?? ''),
  };
}

/** What node-soap's error holds of a protected fault. */
interface NodeSoapError {
  readonly root?: {
    readonly Envelope?: {
      readonly Body?: {
        readonly Fault?: {
          readonly Code?: { readonly Value?: unknown; readonly Subcode?: { readonly Value?: unknown } };
          readonly Reason?: { readonly Text?: string | { readonly $value?: unknown } };
        };
      };
    };
  };
}
