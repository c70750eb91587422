import { readFileSync } from 'node:fs';
import type { GivenCredentials } from '../../client/alternatives.ts';
import { ConfigurationError } from '../../errors.ts';
import { findRunning } from '../../farm/running.ts';

/** What is called, and as whom. */
export interface LoadTarget {
  readonly wsdl: string;
  /** Who calls, where the options do not say it. */
  readonly credentials: GivenCredentials;
  readonly ca: string | undefined;
  readonly serviceCertificate: string | undefined;
  /** Base address of the farm's status page; undefined: not known. */
  readonly admin: string | undefined;
  /** Names and base addresses of the nodes; empty: not known. */
  readonly nodes: readonly { readonly name: string; readonly http: string; readonly https: string }[];
}

/**
 * The farm that runs with a data folder.
 * @throws {SecureConversationError} `CONFIG_INVALID` where none does
 */
export async function findLoadFarm(folder: string): Promise<LoadTarget> {
  const farm = await findRunning(folder);
  if (farm === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `no farm runs with the data folder ${folder}`, {
      hint: 'start one in another terminal with "npm start", or name a service with --wsdl',
    });
  const { user: username, passwordFile } = farm;
  return { ...farm, credentials: { username, password: readFileSync(passwordFile, 'utf8').trim() } };
}
