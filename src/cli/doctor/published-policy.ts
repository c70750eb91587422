/** Whether a server publishes the policies that are meant here. */
import { type CheckedPort, checkPorts } from '../../policy/check.ts';
import { explainAlternatives } from '../../policy/explain.ts';
import type { Wsdl } from '../../policy/wsdl.ts';
import { printable } from '../../printable.ts';
import { type Finding, well, wrong } from './finding.ts';

/** The WSDL here, and the ports of it that are served. */
export interface LocalPorts {
  readonly wsdl: Wsdl;
  readonly ports: readonly string[];
}

/** Compares what the policies of the ports mean; addresses are each place's own. */
export function policyFindings(published: Wsdl, local: LocalPorts | undefined): readonly Finding[] {
  if (local === undefined) return [];
  const there = meanings(published);
  const here = meanings(local.wsdl);
  const unserved = [...there.keys()].filter(port => !local.ports.includes(port)).map(unservedFinding);
  return [...local.ports.map(port => portFinding(port, there.get(port), here.get(port) ?? [])), ...unserved];
}

/** Each port's plan as `wssc policy explain` prints it. */
function meanings(wsdl: Wsdl): ReadonlyMap<string, readonly string[]> {
  return new Map(checkPorts(wsdl).map(port => [port.port, linesOf(port)]));
}

function linesOf({ usable, problems }: CheckedPort): readonly string[] {
  if (usable === undefined) return problems.map(({ says }) => says);
  return explainAlternatives(usable)
    .split('\n')
    .filter(line => !/^ {2}address /.test(line));
}

function portFinding(port: string, there: readonly string[] | undefined, here: readonly string[]): Finding {
  if (there === undefined)
    return wrong('policy', 'error', `${port} is served here, and is not published`, 'see which node answered');
  const at = here.findIndex((line, index) => line !== there[index]);
  if (at === -1 && there.length === here.length) return well('policy', `${port}: the published policy is the one here`);
  const [theirs = 'nothing', ours = 'nothing'] = at === -1 ? [there[here.length]] : [there[at], here[at]];
  const says = `${port}: published is "${printable(theirs.trim(), 256)}", here is "${printable(ours.trim(), 256)}"`;
  return wrong('policy', 'error', says, 'give all nodes the same WSDL, and have clients read it again');
}

function unservedFinding(port: string): Finding {
  const says = `${printable(port, 128)} is published, and is not served by this configuration`;
  return wrong('policy', 'warning', says, 'give all nodes the same ports');
}
