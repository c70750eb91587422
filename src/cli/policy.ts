import type { Command } from 'commander';
import { type GivenDialectName, givenDialects } from '../names.ts';
import { servedAlternatives, whyNotServed } from '../policy/alternatives.ts';
import { type CheckedPort, checkPorts } from '../policy/check.ts';
import { compileAlternatives } from '../policy/compile.ts';
import { explainAlternatives } from '../policy/explain.ts';
import { explainedAlternatives } from '../policy/explain-data.ts';
import { openWsdl } from '../policy/load-wsdl.ts';
import { usesOf } from '../policy/offered.ts';
import type { Plan } from '../policy/plan.ts';
import { alternativesIn } from '../policy/told-dialect.ts';
import { withUnprotectedPorts } from '../policy/unprotected.ts';
import { portNamed, type Wsdl } from '../policy/wsdl.ts';
import { pathConflicts } from '../server/routes.ts';
import { addApply } from './apply.ts';
import { nameList, oneOf } from './option-values.ts';
import { refusedLines } from './refused-lines.ts';
import { print, printJson } from './terminal.ts';
import { addWsdlOptions, dialectMeans, loadGiven, unprotectedMeans, type WsdlOptionValues } from './wsdl-options.ts';

interface PolicyOptions extends WsdlOptionValues {
  readonly port?: string;
  readonly json?: true;
  readonly unprotectedPorts?: readonly string[];
  readonly dialect?: GivenDialectName;
}

/** `wssc policy`: what a WSDL's policies come to. */
export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .summary("say what a WSDL's policies mean, and what is wrong with them")
    .description("What a WSDL's WS-SecurityPolicy means, and all that keeps it from being served.")
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc policy explain wsdl/echo.wsdl');
  const explaining = addSubcommand(
    policy,
    'explain',
    'Prints the plan of each port: tokens, keys, signed and encrypted parts.',
    explain,
  );
  explaining.option('--dialect <name>', dialectMeans, oneOf(givenDialects));
  addSubcommand(
    policy,
    'check',
    'Lists all that a port would be refused for, with file, line and what to change.\n' +
      'The exit code is 1 where a port would not be served.',
    check,
  );
  addApply(policy);
}

function addSubcommand(
  policy: Command,
  name: string,
  description: string,
  run: (wsdl: Wsdl, options: PolicyOptions) => void,
): Command {
  const command = policy
    .command(name)
    .description(description)
    .argument('<wsdl>', 'WSDL file, or its address')
    .option('--port <name>', 'only this WSDL port')
    .option('--unprotected-ports <port,…>', unprotectedMeans, nameList)
    .option('--json', 'print one line of JSON');
  return addWsdlOptions(command)
    .addHelpText('after', `\nExample:\n  $ wssc policy ${name} wsdl/echo.wsdl --port EchoSymmetric`)
    .action(async (wsdl: string, options: PolicyOptions) => {
      const read = openWsdl(await loadGiven(wsdl, options));
      run(withUnprotectedPorts(read, options.unprotectedPorts ?? []), options);
    });
}

function explain(wsdl: Wsdl, { port, json, dialect }: PolicyOptions): void {
  const compiled = compileAlternatives(wsdl, port === undefined ? {} : { ports: [port] });
  const ports = compiled.map(alternatives => alternativesIn(alternatives, dialect));
  if (json) printJson(ports.map(explainedAlternatives));
  else print(ports.map(explainAlternatives).join('\n\n'));
}

function check(wsdl: Wsdl, { port, json }: PolicyOptions): void {
  const ports = checkPorts(wsdl, port === undefined ? wsdl.ports : [portNamed(wsdl, port)]);
  const conflicts = pathConflicts(
    ports.flatMap(({ usable }) => (usable === undefined ? [] : servedAlternatives(usable.plans))),
  );
  const isServed = conflicts.length === 0 && ports.length > 0 && ports.every(({ usable }) => usable !== undefined);
  if (json) printJson({ ok: isServed, ports: ports.map(checkedPort), conflicts });
  else for (const line of [...ports.flatMap(linesOf), ...conflicts]) print(line);
  if (!isServed) process.exitCode = 1;
}

function checkedPort({ service, port, usable, problems, notCalled }: CheckedPort) {
  const { plans = [], leftOut = [] } = usable ?? {};
  const alternatives = plans.length;
  return { service, port, served: usable !== undefined, notCalled: notCalled ?? null, alternatives, leftOut, problems };
}

const clientMeans = 'a client takes the first that it was given the credentials for';

function linesOf(checked: CheckedPort): readonly string[] {
  const { port, usable, notCalled } = checked;
  if (usable === undefined) return refusedLines(checked, 'refused');
  const { plans, leftOut } = usable;
  return [
    `port ${port}: ${usesOf(notCalled)}`,
    ...(plans.length === 1 ? [] : choiceLines(plans)),
    ...leftOut.map(reason => `  left out: ${reason}`),
  ];
}

function choiceLines(plans: readonly Plan[]): readonly string[] {
  const reasons = whyNotServed(plans);
  const lines = reasons.flatMap((reason, index) =>
    reason === undefined ? [] : [`  alternative ${index + 1} is not served: ${reason}`],
  );
  const serverMeans =
    lines.length === 0 ? 'a server takes each' : `a server takes ${plans.length - lines.length} of them`;
  return [`  ${plans.length} alternatives: ${serverMeans}, ${clientMeans}`, ...lines];
}
