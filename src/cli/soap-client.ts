import { Option } from 'commander';
import type { Client } from 'soap';
import { clientWsdl } from '../client/client-plan.ts';
import { openClient as openSoapClient } from '../client/open-client.ts';
import { serviceCertificateOf } from '../client/service-certificate.ts';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import type { Plan } from '../policy/plan.ts';
import { authoritiesText, peerText } from './pem-files.ts';

/**
 * Makes node-soap's client of a WSDL.
 * @throws {SecureConversationError} `NETWORK` where the address does not answer, `WSDL_INVALID` for what is no WSDL
 */
export async function openClient(wsdl: string, ca: string | undefined): Promise<Client> {
  try {
    return await openSoapClient(wsdl, ca);
  } catch (error) {
    throw withTrustHint(error);
  }
}

const trustHint = 'give the CA that signed its certificate with --ca FILE';
const trustCodes = /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+)$/;

/** An error with the hint that is the command line's to give, where the service's TLS certificate is not trusted. */
export function withTrustHint<E>(error: E): E | SecureConversationError {
  if (!(error instanceof SecureConversationError) || error.code !== 'NETWORK') return error;
  const { message, cause } = error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  return trustCodes.test(code) ? new SecureConversationError('NETWORK', message, { cause, hint: trustHint }) : error;
}

/**
 * Address of a WSDL port on a node.
 * @param address base address of the node, or the whole address of the port
 * @throws {SecureConversationError} `CONFIG_INVALID` for a plain address of a port that wants TLS
 */
export function portAddress(address: string, plan: Plan): string {
  const url = new URL(address);
  if (plan.transport === 'https' && url.protocol !== 'https:')
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} is reached over https only, not at ${address}`);
  if (url.pathname === '/') url.pathname = new URL(plan.address).pathname;
  return url.href;
}

/** Options that say which service messages are encrypted to. */
export interface ServiceOptions {
  readonly serviceCertificate?: string;
  readonly serviceTrust?: string;
  readonly serviceName?: string;
  readonly serviceFingerprint?: string;
}

/** The same for commander. */
export const serviceOptions = {
  certificate: new Option(
    '--service-certificate <file>',
    "the service's certificate (PEM), where the policy encrypts to it",
  ),
  trust: new Option('--service-trust <file>', 'CA certificates (PEM) by which that of the WSDL is taken for it'),
  name: new Option('--service-name <host>', 'host name that it is for then; default: where calls go'),
  fingerprint: new Option('--service-fingerprint <sha256>', 'fingerprint by which that of the WSDL is taken for it'),
};

const optionNames = {
  certificate: '--service-certificate FILE',
  trust: '--service-trust FILE',
  fingerprint: '--service-fingerprint',
};

/**
 * The certificate that messages of a port are encrypted to, in PEM: that of a file, or that of the WSDL where the
 * options say what it has to be.
 * @param addresses where calls go; undefined: to the WSDL's address
 * @throws {SecureConversationError} `CONFIG_INVALID` where one is needed and none can be believed,
 * `CERTIFICATE_INVALID` for files, and for one of the WSDL that is not what it has to be
 */
export function serviceCertificate(
  client: Client,
  plans: readonly [Plan, ...Plan[]],
  { serviceCertificate: file, serviceTrust, serviceName, serviceFingerprint }: ServiceOptions,
  addresses: readonly string[] | undefined,
): Promise<string | undefined> {
  const trust = authoritiesText(serviceTrust);
  const certificate = peerText(file);
  const known = {
    ...(addresses === undefined ? {} : { addresses }),
    ...(serviceName === undefined ? {} : { serviceName }),
    ...(serviceFingerprint === undefined ? {} : { serviceFingerprint }),
    ...(trust === undefined ? {} : { serviceTrust: trust }),
    ...(certificate === undefined ? {} : { serviceCertificate: certificate }),
  };
  return serviceCertificateOf(clientWsdl(client), plans, known, Date.now(), optionNames);
}
