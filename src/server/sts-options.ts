import { certificatesIn } from '../crypto/tls-certificates.ts';
import { type Describes, list, object, text } from '../fields.ts';
import { authenticateMeans, usersOrLogins } from '../users/logins.ts';
import { baseAddress } from './address-fields.ts';
import { checkIssuedElsewhere, checkReplay, type EndpointOptions, endpointOptions } from './endpoint-options.ts';
import { type WithPairs, withPairs } from './own-pairs.ts';

/** The service nodes that hand requests on to an issuer. */
export interface RelaysOptions {
  /** CA certificates that vouch for the nodes' certificates (PEM). */
  readonly ca: string;
  /** DNS names of which the certificate of a node must have one. At least one; default: any that the CA vouches for. */
  readonly names?: readonly string[];
}

/** Options of {@link createSts}: those of an endpoint that have to do with issuing, and its own. */
export interface StsOptions
  extends Omit<
    EndpointOptions,
    'addresses' | 'authenticate' | 'issuer' | 'mounted' | 'node' | 'onCancel' | 'services' | 'wsdl'
  > {
  /** WSDL files of the services for whose ports is issued. */
  readonly wsdls: readonly string[];
  readonly authenticate: Required<EndpointOptions>['authenticate'];
  /** Addresses that clients of the services send to: every node's and the balancer's. Default: the WSDLs'. */
  readonly addresses?: readonly string[];
  /** Addresses that clients who know the issuer send to (`https://host:port`). Default: none. */
  readonly ownAddresses?: readonly string[];
  /** The service nodes that hand requests on, known by their certificates. Default: none. */
  readonly relays?: RelaysOptions;
}

const { addresses, authenticate, issuer, mounted, node, onCancel, services, wsdl, ...shared } = endpointOptions.members;

/** What each option means that an issuer has and an endpoint has not. */
export const stsMeans = {
  wsdls: 'WSDL files of the services for whose ports is issued.',
  addresses: "Addresses that clients of the services send to: every node's and the balancer's.",
  ownAddresses: 'Addresses that clients who know the issuer send to (`https://host:port`).',
  relays: 'The service nodes that hand requests on, known by their certificates.',
  ca: "CA certificates that vouch for the nodes' certificates (PEM).",
} as const;

/** The member `names` of {@link RelaysOptions}. */
export const relayNames = {
  is: list({ ...text, type: 'DNS name' }, 1),
  without: 'any that the CA vouches for',
  means: 'DNS names of which the certificate of a node must have one.',
} as const;

/** Reads {@link StsOptions}. */
export const stsOptions = object({
  ...shared,
  wsdls: { is: list({ ...text, type: 'path' }, 1), required: true, means: stsMeans.wsdls },
  authenticate: { is: usersOrLogins, required: true, means: authenticateMeans },
  addresses: { is: addresses.is, without: "the WSDLs'", means: stsMeans.addresses },
  ownAddresses: { is: list(baseAddress), default: [], means: stsMeans.ownAddresses },
  relays: {
    is: object({
      ca: { is: text, required: true, means: stsMeans.ca },
      names: relayNames,
    } satisfies Describes<RelaysOptions>),
    without: 'none',
    means: stsMeans.relays,
  },
} satisfies Describes<StsOptions>);

/** Options that were read; certificates and keys are PEM. */
export type StsSettings = WithPairs<ReturnType<typeof stsOptions.read>>;

/**
 * Reads options before anything is opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option, `CERTIFICATE_INVALID`
 */
export function readStsOptions(given: StsOptions): StsSettings {
  const place = { of: 'createSts', path: '' };
  const settings = withPairs(stsOptions.read(given, place), place);
  const { relays } = settings;
  if (relays !== undefined) certificatesIn(relays.ca, 'relays.ca');
  checkReplay(settings);
  checkIssuedElsewhere(settings, place);
  return settings;
}
