import { failAt, object, record, text } from '../fields.ts';
import { endpointOptions, portOverrides } from '../server/endpoint-options.ts';
import { certificateAndKey, inSeconds, path, readConfig } from './config-fields.ts';

/** Lives of conversations that the command line takes: a second to half a day, with all renewals to a week. */
export const lifetimeRangeMs = [1_000, 43_200_000] as const;
export const absoluteLifetimeRangeMs = [1_000, 604_800_000] as const;
export const rolloverRangeMs = [0, 3_600_000] as const;
export const clockSkewRangeMs = [0, 300_000] as const;

const { members: options } = endpointOptions;
const { members: ofPort } = portOverrides;

/** The configuration of `wssc serve`. Paths are relative to the file. */
export const serveConfig = object({
  wsdl: { is: path, required: true, means: options.wsdl.means },
  service: { is: path, required: true, means: "Module whose default export is node-soap's service object." },
  users: { is: path, required: true, means: 'Users file.' },
  ring: { is: path, required: true, means: 'Key ring file.' },
  store: {
    is: text,
    without: 'a file of SQLite beside the ring',
    means: 'Where to remember what was cancelled, as `--store`.',
  },
  certificate: { is: path, without: 'none', means: options.certificate.means },
  key: { is: path, without: 'none', means: options.key.means },
  tls: { is: certificateAndKey, without: 'none', means: 'What `--https` serves with.' },
  addresses: {
    is: options.addresses.is,
    without: "this machine's localhost at the ports listened on",
    means: options.addresses.means,
  },
  lifetimeS: inSeconds('lifetimeMs', options.lifetimeMs, lifetimeRangeMs),
  absoluteLifetimeS: inSeconds('absoluteLifetimeMs', options.absoluteLifetimeMs, absoluteLifetimeRangeMs),
  maxRenewals: options.maxRenewals,
  rolloverS: inSeconds('rolloverMs', options.rolloverMs, rolloverRangeMs),
  clockSkewS: inSeconds('clockSkewMs', options.clockSkewMs, clockSkewRangeMs),
  cacheEntries: options.cacheEntries,
  issueRate: options.issueRate,
  loginLimits: options.loginLimits,
  trustedProxies: options.trustedProxies,
  ports: {
    is: record(
      object({
        lifetimeS: inSeconds('lifetimeMs', ofPort.lifetimeMs, lifetimeRangeMs),
        absoluteLifetimeS: inSeconds('absoluteLifetimeMs', ofPort.absoluteLifetimeMs, absoluteLifetimeRangeMs),
        maxRenewals: ofPort.maxRenewals,
        clockSkewS: inSeconds('clockSkewMs', ofPort.clockSkewMs, clockSkewRangeMs),
      }),
    ),
    without: options.ports.without,
    means: options.ports.means,
  },
  limits: options.limits,
});

/** A configuration that was read: times are milliseconds, paths are whole. */
export type ServeConfig = ReturnType<typeof serveConfig.read>;

/**
 * Reads a node's configuration file.
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readServeConfig(name: string, instead: Partial<Pick<ServeConfig, 'wsdl' | 'service'>>): ServeConfig {
  return readConfig(name, readWhole, instead);
}

const readWhole: typeof serveConfig.read = (value, place) => {
  const config = serveConfig.read(value, place);
  if ((config.certificate === undefined) !== (config.key === undefined))
    failAt(place, 'certificate and key belong together');
  return config;
};
