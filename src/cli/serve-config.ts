import { list, object, record, text } from '../fields.ts';
import { issuerAddress } from '../server/address-fields.ts';
import { endpointOptions } from '../server/endpoint-options.ts';
import { issuerMeans, issuerTimeoutMs } from '../server/issuer-options.ts';
import { portOverrides } from '../server/port-overrides.ts';
import { stateName } from '../server/state-options.ts';
import {
  certificateAndKey,
  inSeconds,
  path,
  pathOrAddress,
  pathOrStore,
  readConfig,
  withServicePair,
} from './config-fields.ts';
import { type LogOptionValues, logMembers } from './log-options.ts';
import { statusMembers } from './status-nodes.ts';

/** Lives of conversations that the command line takes: a second to half a day, with all renewals to a week. */
export const lifetimeRangeMs = [1_000, 43_200_000] as const;
export const absoluteLifetimeRangeMs = [1_000, 604_800_000] as const;
export const rolloverRangeMs = [0, 3_600_000] as const;
export const clockSkewRangeMs = [0, 300_000] as const;
export const idleRangeMs = [1_000, 604_800_000] as const;
const operationTimeoutRangeMs = [1_000, 86_400_000] as const;
const issuerTimeoutRangeMs = [1_000, 600_000] as const;

const { members: options } = endpointOptions;
const { members: ofPort } = portOverrides;

/** The configuration of `wssc serve`. Paths are relative to the file. */
export const serveConfig = object({
  wsdl: {
    is: pathOrAddress,
    required: true,
    means: 'WSDL file, or its address; its policies are the description of security.',
  },
  service: { is: path, required: true, means: "Module whose default export is node-soap's service object." },
  users: { is: path, without: 'none', means: 'Users file.' },
  ring: { is: pathOrStore, required: true, means: 'Key ring, as `--ring`.' },
  store: {
    is: text,
    without: 'a file of SQLite beside the ring',
    means: 'Where to remember what was cancelled, as `--store`.',
  },
  state: {
    is: stateName,
    default: 'cookie',
    means: "Where conversations are kept: sealed in their tokens, sealed in the store, or in this node's memory.",
  },
  acceptState: options.acceptState,
  idleS: inSeconds('idleMs', options.idleMs, idleRangeMs),
  certificate: { is: path, without: 'none', means: options.certificate.means },
  key: { is: path, without: 'none', means: options.key.means },
  passphrase: certificateAndKey.members.passphrase,
  trust: { is: path, without: 'none', means: options.trust.means },
  crl: { is: list(path, 1), without: 'none', means: options.crl.means },
  minRsaBits: options.minRsaBits,
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
  operationTimeoutS: inSeconds('operationTimeoutMs', options.operationTimeoutMs, operationTimeoutRangeMs),
  cacheEntries: options.cacheEntries,
  replay: options.replay,
  issueRate: options.issueRate,
  loginLimits: options.loginLimits,
  publicAddress: options.publicAddress,
  paths: options.paths,
  tlsOffloadedFrom: options.tlsOffloadedFrom,
  trustedProxies: options.trustedProxies,
  ports: {
    is: record(
      object({
        lifetimeS: inSeconds('lifetimeMs', ofPort.lifetimeMs, lifetimeRangeMs),
        absoluteLifetimeS: inSeconds('absoluteLifetimeMs', ofPort.absoluteLifetimeMs, absoluteLifetimeRangeMs),
        maxRenewals: ofPort.maxRenewals,
        clockSkewS: inSeconds('clockSkewMs', ofPort.clockSkewMs, clockSkewRangeMs),
        replay: ofPort.replay,
        publicAddress: ofPort.publicAddress,
        acceptMixedDialects: ofPort.acceptMixedDialects,
        dialect: ofPort.dialect,
        trust: { is: path, without: ofPort.trust.without, means: ofPort.trust.means },
        crl: { is: list(path, 1), without: ofPort.crl.without, means: ofPort.crl.means },
        minRsaBits: ofPort.minRsaBits,
      }),
    ),
    without: options.ports.without,
    means: options.ports.means,
  },
  unprotectedPorts: options.unprotectedPorts,
  skipUnsupported: options.skipUnsupported,
  limits: options.limits,
  ...logMembers,
  ...statusMembers,
  issuer: {
    is: object({
      address: { is: issuerAddress, without: '`--issuer`', means: issuerMeans.address },
      ca: { is: path, required: true, means: issuerMeans.ca },
      certificate: { is: path, required: true, means: issuerMeans.certificate },
      key: { is: path, required: true, means: issuerMeans.key },
      timeoutS: inSeconds('timeoutMs', issuerTimeoutMs, issuerTimeoutRangeMs),
    }),
    without: 'none',
    means: "Who issues in this node's stead: requests for tokens are handed on to it as they are.",
  },
});

/** A configuration that was read: times are milliseconds, paths are whole. */
export type ServeConfig = ReturnType<typeof serveConfig.read>;

/**
 * Reads a node's configuration file.
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readServeConfig(
  name: string,
  instead: LogOptionValues &
    Partial<
      Pick<
        ServeConfig,
        'paths' | 'wsdl' | 'service' | 'ring' | 'replay' | 'skipUnsupported' | 'unprotectedPorts' | 'statusNodes'
      >
    >,
): ServeConfig {
  return readConfig(name, withServicePair(serveConfig.read), instead);
}
