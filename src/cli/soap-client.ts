import { existsSync, readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { SecureConversationError } from '../errors.ts';
import type { Plan } from '../policy/plan.ts';

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
  if (!isAddress && !existsSync(wsdl)) throw new SecureConversationError('WSDL_INVALID', `${wsdl}: does not exist`);
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

const trustCodes = /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+)$/;

function clientError(wsdl: string, isAddress: boolean, cause: unknown): SecureConversationError {
  const { code } = cause as NodeJS.ErrnoException;
  if (!isAddress || code === undefined)
    return new SecureConversationError('WSDL_INVALID', `${wsdl}: node-soap can't read this WSDL`, { cause });
  const hint = trustCodes.test(code)
    ? 'give the CA that signed its certificate with --ca FILE'
    : 'see whether the service runs and the address is right';
  return new SecureConversationError('NETWORK', `${wsdl}: no answer (${code})`, { cause, hint });
}

/**
 * Address of a WSDL port on a node.
 * @param address base address of the node, or the whole address of the port
 * @throws {SecureConversationError} `CONFIG_INVALID` for a plain address of a port that wants TLS
 */
export function portAddress(address: string, plan: Plan): string {
  const url = new URL(address);
  if (plan.transport === 'https' && url.protocol !== 'https:')
    throw new SecureConversationError(
      'CONFIG_INVALID',
      `port ${plan.port} is reached over https only, not at ${address}`,
    );
  if (url.pathname === '/') url.pathname = new URL(plan.address).pathname;
  return url.href;
}

/**
 * Text of a file that was named on the command line; undefined where none was.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function readNamedFile(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SecureConversationError(
      'CONFIG_INVALID',
      `${file}: can't be read (${(cause as NodeJS.ErrnoException).code})`,
      { cause },
    );
  }
}
