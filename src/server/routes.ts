import { ConfigurationError } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import { type Plan, plansByPort } from '../policy/plan.ts';

/** What a port is told from the others of its path by. */
export interface Routed {
  readonly plan: Pick<Plan, 'port' | 'soap' | 'transport'>;
  /** Further alternatives of its policy, which may go another way; absent: there are none. */
  readonly others?: readonly Routed[];
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

function checkDistinct(routed: Routed, there: readonly Routed[], path: string): void {
  const { port, soap } = routed.plan;
  const ways = waysOf(routed);
  const other = there.find(route => route.plan.soap === soap && waysOf(route).some(way => ways.includes(way)));
  if (other === undefined) return;
  const transport = ways.find(way => waysOf(other).includes(way));
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `ports ${other.plan.port} and ${port} are both at the path ${path} in SOAP ${soap.name} over ${transport}`,
    { hint: 'give one of them another path in the WSDL, or name the ports to serve in ports' },
  );
}

function waysOf({ plan, others = [] }: Routed): readonly Plan['transport'][] {
  return [plan, ...others.map(other => other.plan)].map(({ transport }) => transport);
}

/** Checks the paths that a WSDL gives its ports. @throws {SecureConversationError} like {@link routesOf} */
export function checkPaths(plans: readonly Plan[]): void {
  const ports = plansByPort(plans).map(([plan, ...others]) => ({
    plan,
    others: others.map(other => ({ plan: other })),
  }));
  routesOf(ports, ({ plan }) => [new URL(plan.address).pathname]);
}

/** What is said of each port that can't be told from one before it by its path in the WSDL. */
export function pathConflicts(plans: readonly Plan[]): string[] {
  const conflicts: string[] = [];
  const told: Plan[] = [];
  for (const port of plansByPort(plans)) {
    try {
      checkPaths([...told, ...port]);
      told.push(...port);
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
  if (!isEncrypted) return ports.flatMap(inClear);
  return ports.length === 1 ? ports : [...ports].sort((one, other) => rank(one) - rank(other));
}

/** What of a port may be reached without TLS: the port, or those of its alternatives that do without. */
function inClear<P extends Routed>(port: P): readonly P[] {
  const { others } = port;
  const all = [port, ...((others ?? []) as readonly P[])];
  const [first, ...rest] = all.filter(({ plan }) => plan.transport === 'http');
  if (first === undefined) return [];
  return others === undefined ? [port] : [{ ...first, others: rest }];
}

function rank(port: Routed): number {
  return waysOf(port).includes('https') ? 0 : 1;
}

/** The SOAP versions that are spoken by ports. */
export function versionsOf(ports: readonly Routed[]): readonly SoapVersion[] {
  return ports.map(({ plan }) => plan.soap);
}
