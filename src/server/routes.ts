import { ConfigurationError } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import type { Plan } from '../policy/plan.ts';

/** What a port is told from the others of its path by. */
export interface Routed {
  readonly plan: Pick<Plan, 'port' | 'soap' | 'transport'>;
}

/** The ports of an endpoint by their URL path: several may have one. */
export type Routes<P extends Routed> = ReadonlyMap<string, readonly P[]>;

/**
 * Finds the ports of each path. A request must be for one of them alone, by its listener (with TLS or without), its
 * path and its SOAP version.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming two ports that have all three in common
 */
export function routesOf<P extends Routed>(ports: readonly P[], pathsOf: (port: P) => readonly string[]): Routes<P> {
  const routes = new Map<string, readonly P[]>();
  for (const port of ports) {
    for (const path of new Set(pathsOf(port))) {
      const there = routes.get(path) ?? [];
      checkDistinct(port, there, path);
      routes.set(path, [...there, port]);
    }
  }
  return routes;
}

function checkDistinct({ plan }: Routed, there: readonly Routed[], path: string): void {
  const { port, soap, transport } = plan;
  const other = there.find(route => route.plan.soap === soap && route.plan.transport === transport);
  if (other === undefined) return;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `ports ${other.plan.port} and ${port} are both at the path ${path} in SOAP ${soap.name} over ${transport}`,
    { hint: 'give one of them another path in the WSDL, or name the ports to serve in ports' },
  );
}

/** Checks the paths that a WSDL gives its ports. @throws {SecureConversationError} like {@link routesOf} */
export function checkPaths(plans: readonly Plan[]): void {
  routesOf(
    plans.map(plan => ({ plan })),
    ({ plan }) => [new URL(plan.address).pathname],
  );
}

/** What is said of each port that can't be told from one before it by its path in the WSDL. */
export function pathConflicts(plans: readonly Plan[]): string[] {
  const conflicts: string[] = [];
  const told: Plan[] = [];
  for (const plan of plans) {
    try {
      checkPaths([...told, plan]);
      told.push(plan);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      conflicts.push(error.message);
    }
  }
  return conflicts;
}

/**
 * The ports of a path that a listener may pass messages to. A TransportBinding's policy is met by TLS alone, so without
 * it a port that wants it is none; with it, that port comes before one of the same version that does without.
 */
export function reachable<P extends Routed>(ports: readonly P[], isEncrypted: boolean): readonly P[] {
  if (!isEncrypted) return ports.filter(({ plan }) => plan.transport === 'http');
  return ports.length === 1 ? ports : [...ports].sort((one, other) => rank(one) - rank(other));
}

function rank({ plan }: Routed): number {
  return plan.transport === 'https' ? 0 : 1;
}

/** The SOAP versions that are spoken by ports. */
export function versionsOf(ports: readonly Routed[]): readonly SoapVersion[] {
  return ports.map(({ plan }) => plan.soap);
}
