import { ConfigurationError } from '../errors.ts';
import type { Plan } from '../policy/plan.ts';

/** Where clients send to, as the options say: it is never taken from a request. */
export interface Outside {
  /** Base addresses of the farm (`https://host:port`). */
  readonly addresses: readonly string[];
  /** The one address that clients are told, with the path before the ports' own, if any. */
  readonly publicAddress: string | undefined;
}

/** The addresses of one port. */
export interface PortAddresses {
  /** Its URL path at the node, `/` + port name in the example service. */
  readonly path: string;
  /** Its path behind the public address, where that has one of its own. */
  readonly publicPath: string | undefined;
  /** Its public address. */
  readonly published: string | undefined;
  /** Base addresses over which its policy lets it be called, those of its own scheme first. */
  readonly bases: readonly string[];
  /** Values of wsa:To that are this port. */
  readonly accepted: ReadonlySet<string>;
}

/** What names the path of each port: its address in the WSDL, or its own name. */
export const pathNames = ['wsdl', 'port'] as const;
export type PathNames = (typeof pathNames)[number];

/**
 * A plan at the path of its port's name, whatever the WSDL's address is, or as it is.
 * @throws {SecureConversationError} `CONFIG_INVALID` where the WSDL's address has no path
 */
export function atPath(plan: Plan, names: PathNames): Plan {
  const { port, address, transport } = plan;
  const isAddress = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
  if (names === 'port') {
    const base = isAddress ? address : `${transport}://localhost`;
    return { ...plan, address: new URL(`/${encodeURIComponent(port)}`, base).href };
  }
  if (isAddress) return plan;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `port ${port} has the address "${address}" in the WSDL, which is no http or https address`,
    { hint: "correct it, or let each port be at the path of its own name: paths: 'port', --paths port" },
  );
}

/** @throws {SecureConversationError} `CONFIG_INVALID` for a public address that the port can't have */
export function portAddresses(plan: Plan, { addresses, publicAddress }: Outside): PortAddresses {
  const path = new URL(plan.address).pathname;
  if (publicAddress !== undefined) checkScheme(plan, publicAddress);
  const published = publicAddress === undefined ? undefined : `${publicAddress}${path}`;
  const bases = [...addresses, new URL(plan.address).origin];
  return {
    path,
    publicPath: published === undefined ? undefined : new URL(published).pathname,
    published,
    bases: basesFor(plan, addresses),
    accepted: new Set([...acceptedAt(path, bases), ...(published ? acceptedAt('', [published]) : [])]),
  };
}

function checkScheme({ port, transport }: Plan, publicAddress: string): void {
  if (transport === 'http' || publicAddress.startsWith('https:')) return;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `port ${port} can't have the public address ${publicAddress}: its policy wants TLS`,
    { hint: 'give an https address, for this port alone if need be: ports.NAME.publicAddress' },
  );
}

/** What is secured by the message may go over TLS, too; what TLS secures goes over nothing else. */
function basesFor({ transport }: Plan, addresses: readonly string[]): readonly string[] {
  const own = addresses.filter(base => base.startsWith(`${transport}:`));
  return transport === 'https' || own.length > 0 ? own : addresses;
}

/** Values of wsa:To that are the port of a path: a TCP port that is its scheme's own may be written or left out. */
export function acceptedAt(path: string, bases: readonly string[]): ReadonlySet<string> {
  const written = bases.flatMap(base => [base, base.replace(/^https?:\/\/[^/]*/i, new URL(base).origin)]);
  return new Set(written.map(base => `${base}${path}`));
}

/**
 * The same for a node that is mounted below a path.
 * @param mountPath `/soap`
 */
export function mountedBelow(addresses: PortAddresses, mountPath: string): PortAddresses {
  const { path, bases, accepted } = addresses;
  return { ...addresses, accepted: new Set([...accepted, ...acceptedAt(`${mountPath}${path}`, bases)]) };
}
