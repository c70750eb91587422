import { existsSync } from 'node:fs';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Client } from 'soap';
import { NetworkError } from '../client/network-error.ts';
import { ConfigurationError, SecureConversationError } from '../errors.ts';
import { encryptsToService, type Plan } from '../policy/plan.ts';

// node-soap is CommonJS; its own exports object is asked for, not the interop view of it.
const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/**
 * Makes node-soap's client of a WSDL.
 * @param wsdl file or address
 * @param ca trusted CA certificates (PEM) for an https address; undefined: Node's own
 * @throws {SecureConversationError} `NETWORK` where the address does not answer, `WSDL_INVALID` for what is no WSDL
 */
export async function openClient(wsdl: string, ca: string | undefined): Promise<Client> {
  const isAddress = /^https?:/i.test(wsdl);
  if (!isAddress && !existsSync(wsdl)) throw new ConfigurationError('WSDL_INVALID', `${wsdl}: does not exist`);
  const agent = new Agent(ca === undefined ? {} : { ca });
  try {
    return await soap.createClientAsync(wsdl, {
      disableCache: true,
      forceSoap12Headers: true,
      wsdl_options: { httpsAgent: agent, proxy: false, timeout: 30_000 },
    });
  } catch (cause) {
    throw clientError(wsdl, isAddress, cause);
  } finally {
    agent.destroy();
  }
}

const trustHint = 'give the CA that signed its certificate with --ca FILE';
const trustCodes = /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+)$/;

/** What node-soap fails with: an error of a file, or of axios. */
interface ReadFailure extends NodeJS.ErrnoException {
  readonly config?: { readonly url?: string };
}

function clientError(wsdl: string, isAddress: boolean, cause: unknown): SecureConversationError {
  const { code, path, config } = cause as ReadFailure;
  const sought = path ?? config?.url ?? wsdl;
  if (isAddress && code !== undefined) return withTrustHint(new NetworkError(sought, cause as ReadFailure, false));
  if (code === undefined || sought === wsdl || sought === resolve(wsdl))
    return new ConfigurationError('WSDL_INVALID', `${wsdl}: node-soap can't read this WSDL`, { cause });
  return new ConfigurationError('WSDL_INVALID', `${wsdl}: what it imports can't be read at ${sought} (${code})`, {
    cause,
    hint: 'put it there, or correct the location that the WSDL names',
  });
}

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

/**
 * @throws {SecureConversationError} `CONFIG_INVALID` where each alternative of the port's policy encrypts to the
 * service's certificate and none was named
 */
export function requireServiceCertificate(plans: readonly [Plan, ...Plan[]], certificate: string | undefined): void {
  if (certificate !== undefined || !plans.every(encryptsToService)) return;
  throw new ConfigurationError('CONFIG_INVALID', `port ${plans[0].port} encrypts to the service's certificate`, {
    hint: 'give it with --service-certificate FILE',
  });
}
