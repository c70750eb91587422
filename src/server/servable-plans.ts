import { ConfigurationError } from '../errors.ts';
import { servedAlternatives } from '../policy/alternatives.ts';
import { checkPorts, type PolicyProblem } from '../policy/check.ts';
import { compileAlternatives, type PortAlternatives } from '../policy/compile.ts';
import type { Plan, QName } from '../policy/plan.ts';
import { type ToldDialects, withToldDialects } from '../policy/told-dialect.ts';
import { withUnprotectedPorts } from '../policy/unprotected.ts';
import { portNamed, type Wsdl } from '../policy/wsdl.ts';
import { atPath, type PathNames } from './port-addresses.ts';
import { checkPaths } from './routes.ts';

/** What options say of the ports that are to be served. */
export interface PortChoice {
  /** Their names, with what each is told; undefined: all. */
  readonly ports?: Readonly<Record<string, ToldDialects>> | undefined;
  /** What names the path of each. */
  readonly paths: PathNames;
  /** Those that may be without any security. */
  readonly unprotectedPorts: readonly string[];
  /** Whether those that can't be served are left out. */
  readonly skipUnsupported: boolean;
}

/** A port that is not served, because its policy can't be. */
export interface LeftOutPort {
  readonly service: QName;
  readonly port: string;
  /** All that it would be refused for. */
  readonly problems: readonly PolicyProblem[];
}

/** The ports of a WSDL that are served, with a plan for each alternative, and those that were left out. */
export interface ServablePlans {
  readonly plans: readonly Plan[];
  readonly leftOut: readonly LeftOutPort[];
}

/**
 * Plans of the ports of a WSDL that are to be served.
 * @throws {SecureConversationError} `WSDL_INVALID`, `POLICY_INVALID` or `POLICY_UNSUPPORTED`, naming file and place;
 * `CONFIG_INVALID` for two that no request could tell apart, and for one that has no path
 */
export function servablePlans(read: Wsdl, choice: PortChoice): ServablePlans {
  const { ports, paths, skipUnsupported } = choice;
  const wsdl = withUnprotectedPorts(read, choice.unprotectedPorts);
  const names = ports === undefined ? wsdl.ports.map(({ name }) => name) : Object.keys(ports);
  const leftOut = skipUnsupported ? refusedPorts(wsdl, names) : [];
  const kept = names.filter(name => !leftOut.some(({ port }) => port === name));
  const compiled = compiledPorts(wsdl, kept.length === 0 ? names : kept);
  const told = (plan: Plan): Plan => withToldDialects(plan, ports?.[plan.port] ?? {});
  const served = compiled.flatMap(({ plans }) => servedAlternatives(plans.map(told)));
  const plans = served.map(plan => atPath(plan, paths));
  checkPaths(plans);
  return { plans, leftOut };
}

/**
 * Those of the named ports that can't be served.
 * @throws {SecureConversationError} `WSDL_INVALID` for a name that no port has
 */
export function refusedPorts(wsdl: Wsdl, names: readonly string[]): readonly LeftOutPort[] {
  const checked = checkPorts(
    wsdl,
    names.map(name => portNamed(wsdl, name)),
  );
  return checked.filter(({ usable }) => usable === undefined);
}

/** The first port that can't be served is named; where others can, the hint says how these are served without it. */
function compiledPorts(wsdl: Wsdl, names: readonly string[]): readonly PortAlternatives[] {
  try {
    return compileAlternatives(wsdl, { ports: names });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const refused = refusedPorts(wsdl, names);
    if (refused.length === names.length) throw error;
    const without = `leave out what can't be served (${shortList(refused)}): skipUnsupported, --skip-unsupported`;
    const hint = error.hint === undefined ? without : `${error.hint}; or ${without}`;
    throw new ConfigurationError(error.code, error.message, { cause: error, hint });
  }
}

const mostNamed = 8;

function shortList(ports: readonly LeftOutPort[]): string {
  const named = ports.slice(0, mostNamed).map(({ port }) => port);
  const more = ports.length - named.length;
  return named.join(', ') + (more === 0 ? '' : ` and ${more} more`);
}
