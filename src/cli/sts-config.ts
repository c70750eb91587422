import { list, object, oneOrList } from '../fields.ts';
import { baseAddress } from '../server/address-fields.ts';
import { relayNames, stsMeans } from '../server/sts-options.ts';
import { path, readConfig, withServicePair } from './config-fields.ts';
import type { LogOptionValues } from './log-options.ts';
import { serveConfig } from './serve-config.ts';

const { addresses, issuer, operationTimeoutS, service, users, wsdl, tls, ...shared } = serveConfig.members;

/** The configuration of `wssc sts`. Paths are relative to the file. */
export const stsConfig = object({
  wsdl: { is: oneOrList(path), as: 'wsdls', required: true, means: stsMeans.wsdls },
  users: { is: path, required: true, means: 'Users file.' },
  addresses: { is: addresses.is, without: "the WSDLs'", means: stsMeans.addresses },
  ownAddresses: {
    is: list(baseAddress),
    without: "this machine's localhost at the ports for clients",
    means: stsMeans.ownAddresses,
  },
  tls: { is: tls.is, without: 'none', means: 'What `--https` and `--relay` serve with.' },
  relays: {
    is: object({ ca: { is: path, required: true, means: stsMeans.ca }, names: relayNames }),
    without: 'none',
    means: stsMeans.relays,
  },
  ...shared,
});

/** A configuration that was read: times are milliseconds, paths are whole. */
export type StsConfig = ReturnType<typeof stsConfig.read>;

/**
 * Reads an issuer's configuration file.
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readStsConfig(
  name: string,
  instead: LogOptionValues & { readonly wsdl?: readonly string[] } & Partial<
      Pick<StsConfig, 'ring' | 'replay' | 'statusNodes'>
    >,
): StsConfig {
  return readConfig(name, withServicePair(stsConfig.read), instead);
}
