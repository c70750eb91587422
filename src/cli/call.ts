import type { Command } from 'commander';
import { firstUsable } from '../client/alternatives.ts';
import { clientPlans } from '../client/client-plan.ts';
import { PeerFault } from '../client/peer-fault.ts';
import { secureConversation } from '../client/secure-conversation.ts';
import { type GivenDialectName, givenDialects } from '../names.ts';
import { printable, printableJson } from '../printable.ts';
import { type CredentialOptions, credentialsOf } from './credential-options.ts';
import { operationOf, parseArguments } from './operation.ts';
import { addressList, addressOf, nameList, oneOf } from './option-values.ts';
import { authoritiesText } from './pem-files.ts';
import {
  openClient,
  portAddress,
  type ServiceOptions,
  serviceCertificate,
  serviceOptions,
  withTrustHint,
} from './soap-client.ts';
import { faultExit, note, printJson } from './terminal.ts';
import { dialectMeans, unprotectedMeans } from './wsdl-options.ts';

interface CallOptions extends CredentialOptions, ServiceOptions {
  readonly wsdl: string;
  readonly port: string;
  readonly address?: readonly string[];
  readonly issuer?: string;
  readonly ca?: string;
  readonly mixedDialects?: true;
  readonly dialect?: GivenDialectName;
  readonly unprotectedPorts?: readonly string[];
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
    .option('--user <name>', 'user name, where the policy asks for one')
    .option('--password-stdin', 'read the password from standard input')
    .option('--certificate <file>', 'certificate of the client (PEM), or certificate and key (PKCS#12)')
    .option('--key <file>', 'its private key (PEM)')
    .option('--passphrase-file <file>', 'file whose first line is the passphrase of the PKCS#12 file, or of the key')
    .option(
      '--address <url,…>',
      "addresses to call instead of the WSDL's; the next one is taken where one does not connect",
      addressList,
    )
    .option('--issuer <url>', "address of the issuer, instead of the policy's", addressOf)
    .option('--ca <file>', 'CA certificates to trust for TLS (PEM)')
    .addOption(serviceOptions.certificate)
    .addOption(serviceOptions.trust)
    .addOption(serviceOptions.name)
    .addOption(serviceOptions.fingerprint)
    .option('--unprotected-ports <port,…>', unprotectedMeans, nameList)
    .option('--mixed-dialects', 'take answers that name derived keys and tokens by the other dialect (CXF, streaming)')
    .option('--dialect <name>', dialectMeans, oneOf(givenDialects))
    .addHelpText(
      'after',
      `
Exit code: 0 the result is on standard output; 1 wrong usage or configuration;
2 the service answered with a fault, {"code","reason","detail"} on standard error; 3 no answer.

Example:
  $ wssc call --wsdl https://localhost:8443/?wsdl --port EchoTls13 --ca data/ca.pem \\
      --user demo --password-stdin Echo '{"text":"hello"}' < data/demo-password`,
    )
    .action(call);
}

async function call(operation: string, json: string, options: CallOptions): Promise<void> {
  const args = parseArguments(json, 'the arguments are');
  const ca = authoritiesText(options.ca);
  const client = await openClient(options.wsdl, ca);
  const { unprotectedPorts = [] } = options;
  const plans = clientPlans(client, options.port, unprotectedPorts);
  const invoke = operationOf(client, plans[0], operation);
  const certificate = await serviceCertificate(client, plans, options, options.address);
  const credentials = await credentialsOf(options);
  const given = certificate === undefined ? {} : { serviceCertificate: certificate };
  const plan = firstUsable(plans, { ...credentials, ...given });
  const conversation = secureConversation(client, {
    port: options.port,
    unprotectedPorts,
    ...credentials,
    ...(ca === undefined ? {} : { ca }),
    ...given,
    ...(options.issuer === undefined ? {} : { issuer: portAddress(options.issuer, plan) }),
    ...(options.dialect === undefined ? {} : { dialect: options.dialect }),
    ...(options.mixedDialects === undefined ? {} : { acceptMixedDialects: true }),
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

/**
 * Says what came instead of a result.
 * @returns the exit code
 * @throws what is no fault and no trouble on the way
 */
function callFailed(error: unknown): number {
  const fault = faultOf(error);
  if (fault === undefined) throw withTrustHint(error);
  const { code, reason, detail } = fault;
  note(
    printableJson({ code: printable(code), reason: printable(reason), ...(detail === undefined ? {} : { detail }) }),
  );
  if (error instanceof PeerFault && error.hint !== undefined) note(`hint: ${error.hint}`);
  return faultExit;
}

interface CallFault {
  readonly code: string;
  readonly reason: string;
  /** As node-soap read it; undefined where there is none. */
  readonly detail?: unknown;
}

/** A fault as `{code, reason, detail}`: local name of its innermost code, its text, and what it holds beside them. */
function faultOf(error: unknown): CallFault | undefined {
  if (error instanceof PeerFault) return { code: (error.faultSubcode ?? error.faultCode).local, reason: error.reason };
  const fault = (error as NodeSoapError).root?.Envelope?.Body?.Fault;
  if (fault === undefined) return undefined;
  const { Value, Subcode } = fault.Code ?? {};
  const detail = fault.Detail ?? fault.detail;
  const code = Subcode?.Value ?? Value ?? textOf(fault.faultcode);
  return {
    code: String(code || 'Receiver').replace(/^.*:/, ''),
    reason: textOf(fault.Reason?.Text ?? fault.faultstring),
    ...(detail === undefined || detail === null ? {} : { detail }),
  };
}

/** A text that node-soap read, alone or beside its attributes. */
function textOf(read: NodeSoapText | undefined): string {
  return typeof read === 'object' && read !== null ? String(read.$value ?? '') : String(read ?? '');
}

type NodeSoapText = string | { readonly $value?: unknown };

/** What node-soap's error holds of a protected fault. */
interface NodeSoapError {
  readonly root?: {
    readonly Envelope?: {
      readonly Body?: {
        readonly Fault?: {
          readonly Code?: { readonly Value?: unknown; readonly Subcode?: { readonly Value?: unknown } };
          readonly Reason?: { readonly Text?: NodeSoapText };
          readonly Detail?: unknown;
          /** SOAP 1.1 */
          readonly faultcode?: NodeSoapText;
          readonly faultstring?: NodeSoapText;
          readonly detail?: unknown;
        };
      };
    };
  };
}
