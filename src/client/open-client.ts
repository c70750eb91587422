import { existsSync } from 'node:fs';
import { Agent } from 'node:https';
import { resolve } from 'node:path';
import type { Client } from 'soap';
import { ConfigurationError, type SecureConversationError } from '../errors.ts';
import { NetworkError } from './network-error.ts';

/**
 * Makes node-soap's client of a WSDL, which loads node-soap.
 * @param wsdl file or address
 * @param ca trusted CA certificates (PEM) for an https address; undefined: Node's own
 * @throws {SecureConversationError} `NETWORK` where the address does not answer, `WSDL_INVALID` for what is no WSDL
 */
export async function openClient(wsdl: string, ca: string | undefined): Promise<Client> {
  const { default: soap } = await import('soap');
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

/** What node-soap fails with: an error of a file, or of axios. */
interface ReadFailure extends NodeJS.ErrnoException {
  readonly config?: { readonly url?: string };
}

function clientError(wsdl: string, isAddress: boolean, cause: unknown): SecureConversationError {
  const { code, path, config } = cause as ReadFailure;
  const sought = path ?? config?.url ?? wsdl;
  if (isAddress && code !== undefined) return new NetworkError(sought, cause as ReadFailure, false);
  if (code === undefined || sought === wsdl || sought === resolve(wsdl))
    return new ConfigurationError('WSDL_INVALID', `${wsdl}: node-soap can't read this WSDL`, { cause });
  return new ConfigurationError('WSDL_INVALID', `${wsdl}: what it imports can't be read at ${sought} (${code})`, {
    cause,
    hint: 'put it there, or correct the location that the WSDL names',
  });
}
