/** Everything that is wrong with the policies of a WSDL's ports: all of it, where the compiler throws the first. */
import type { Element } from '@xmldom/xmldom';
import { type ConfigurationCode, ConfigurationError } from '../errors.ts';
import { type AddressingVersion, ns } from '../names.ts';
import { compileOperation, type Frame, inConversation, messagePolicy, readFrame } from './application.ts';
import { effectivePolicy } from './attachment.ts';
import { readBootstrap } from './bootstrap.ts';
import { addressingOf, alternativesOf, type PortAlternatives } from './compile.ts';
import { checkToldApart } from './dispatch.ts';
import { childrenNamed, failAt, fileOf, nameOf, subjectOf } from './document.ts';
import { type EndpointDraft, readEndpoint, readMessagePolicy } from './endpoint.ts';
import type { Alternative, Assertion } from './normal-form.ts';
import { whyNotCalled } from './offered.ts';
import { type Operation, readBinding, readOperation, type SoapBinding } from './operations.ts';
import type { OperationPlan, QName } from './plan.ts';
import { addressOf, issuerOf } from './port-address.ts';
import { attempt, type Reading } from './vocabulary.ts';
import type { Wsdl, WsdlPort } from './wsdl.ts';

/** One thing that a port is refused for. */
export interface PolicyProblem {
  readonly code: ConfigurationCode;
  /** The assertion, or the element of the WSDL; undefined where it is about no single one. */
  readonly name: QName | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** What is wrong. */
  readonly says: string;
  /** What to change. */
  readonly todo: string;
}

/** A port, with what keeps it from being served or called. */
export interface CheckedPort {
  readonly service: QName;
  readonly port: string;
  /** The alternatives that are implemented; undefined where there is none. */
  readonly usable: PortAlternatives | undefined;
  /** What keeps it from being served and called. */
  readonly problems: readonly PolicyProblem[];
  /** What keeps this package's client alone from calling it; undefined: nothing. */
  readonly notCalled: string | undefined;
}

/** Checks ports, in the order of the WSDL. Nothing in a policy makes it throw. */
export function checkPorts(wsdl: Wsdl, ports: readonly WsdlPort[] = wsdl.ports): CheckedPort[] {
  return ports.map(port => checkPort(wsdl, port));
}

function checkPort(wsdl: Wsdl, port: WsdlPort): CheckedPort {
  const { service, name } = port;
  const refusals: ConfigurationError[] = [];
  let usable: PortAlternatives | undefined;
  attempt({ problems: refusals }, () => {
    usable = alternativesOf(wsdl, name);
  });
  const [refusal] = refusals;
  const problems = refusal === undefined ? [] : allProblems(wsdl, port, causeOf(refusal));
  return { service, port: name, usable, problems, notCalled: usable && whyNoneIsCalled(usable) };
}

/** The compiler's own error, without the name of the port behind it. */
function causeOf(refusal: ConfigurationError): ConfigurationError {
  return refusal.cause instanceof ConfigurationError && subjectOf(refusal) === undefined ? refusal.cause : refusal;
}

/** Why none of the alternatives can be called. */
function whyNoneIsCalled({ plans }: PortAlternatives): string | undefined {
  const reasons = plans.map(whyNotCalled);
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/** @param refusal what the compiler says: it is among them, whatever else is found */
function allProblems(wsdl: Wsdl, port: WsdlPort, refusal: ConfigurationError): PolicyProblem[] {
  const problems: ConfigurationError[] = [];
  attempt({ problems }, () => {
    const binding = readBinding(wsdl, port.element);
    const subject = [binding.element, port.element, binding.portType, port.serviceElement];
    const alternatives = effectivePolicy(subject);
    for (const alternative of alternatives) gather({ wsdl, port, binding }, alternative, problems);
  });
  const found = [...problems, refusal].map(problemOf);
  return found
    .filter((problem, index) => found.findIndex(other => isSame(problem, other)) === index)
    .sort((one, other) => (one.file === other.file ? (one.line ?? 0) - (other.line ?? 0) : 0));
}

function isSame(one: PolicyProblem, other: PolicyProblem): boolean {
  return one.file === other.file && one.line === other.line && one.says === other.says;
}

function problemOf(error: ConfigurationError): PolicyProblem {
  const subject = subjectOf(error);
  return {
    code: error.code,
    name: subject && nameOf(subject.element),
    file: subject && fileOf(subject.element),
    line: subject?.element.lineNumber,
    says: subject?.text ?? error.message,
    todo: error.hint ?? 'correct it there, or leave the port out',
  };
}

interface CheckedBinding {
  readonly wsdl: Wsdl;
  readonly port: WsdlPort;
  readonly binding: SoapBinding;
}

/** First what each assertion is by itself, in all policies of the port; then what they come to together. */
function gather(checked: CheckedBinding, alternative: Alternative, problems: ConfigurationError[]): void {
  const reading: Reading = { securityPolicy: undefined, problems };
  const endpoint = readEndpoint(alternative, reading);
  for (const { nested = [] } of assertionsNamed(alternative, 'BootstrapPolicy')) readEndpoint(nested, reading);
  const addressing = addressingOf(endpoint, checked.port.element, checked.binding.element);
  const operations = gatherOperations(checked, addressing, reading);
  if (checked.wsdl.unprotectedPorts.has(checked.port.name)) return;
  gatherStructure(checked, { alternative, endpoint, addressing, operations }, reading);
}

/** Those of a name, however deep they stand. */
function assertionsNamed(alternative: Alternative, local: string): Assertion[] {
  return alternative.flatMap(assertion => [
    ...(assertion.name.local === local ? [assertion] : []),
    ...assertionsNamed(assertion.nested ?? [], local),
  ]);
}

function gatherOperations(
  { wsdl, binding }: CheckedBinding,
  addressing: AddressingVersion | undefined,
  reading: Reading,
): Operation[] {
  const operations: Operation[] = [];
  const elements = childrenNamed(binding.element, ns.wsdl, 'operation');
  attempt(reading, () => {
    if (elements.length === 0) failAt('WSDL_INVALID', binding.element, 'the binding has no operation');
  });
  for (const element of elements) {
    attempt(reading, () => {
      operations.push(readOperation(wsdl, binding, element, addressing));
    });
  }
  for (const operation of operations) {
    const { input, output } = operation;
    attempt(reading, () => gatherMessage(operation, 'input', input.message, reading));
    if (output !== undefined) attempt(reading, () => gatherMessage(operation, 'output', output.message, reading));
  }
  return operations;
}

/** Of several alternatives one will do: then there is nothing wrong with the others. */
function gatherMessage(operation: Operation, direction: 'input' | 'output', message: Element, reading: Reading): void {
  const alternatives = messagePolicy(operation, direction, message).map(alternative => {
    const problems: ConfigurationError[] = [];
    readMessagePolicy(alternative, { ...reading, problems });
    return problems;
  });
  if (alternatives.every(problems => problems.length > 0)) reading.problems?.push(...(alternatives[0] ?? []));
}

interface Gathered {
  readonly alternative: Alternative;
  readonly endpoint: EndpointDraft;
  readonly addressing: AddressingVersion | undefined;
  readonly operations: readonly Operation[];
}

/** What can't be said while an assertion that it is about is wrong itself is left for when that is mended. */
function gatherStructure(checked: CheckedBinding, gathered: Gathered, reading: Reading): void {
  const { port, binding } = checked;
  const frame = gatherFrame(checked, gathered, reading);
  if (frame === undefined) return;
  let isOverTls = frame.binding.kind === 'transport';
  attempt(reading, () => {
    if (!inConversation(frame)) return;
    isOverTls ||= readBootstrap({ ...frame, reading }, gathered.addressing).binding.kind === 'transport';
  });
  const strict = { ...frame, reading: { securityPolicy: reading.securityPolicy } };
  const operations: OperationPlan[] = [];
  for (const operation of gathered.operations) {
    attempt(reading, () => {
      operations.push(compileOperation(strict, operation));
    });
  }
  const transport = isOverTls ? 'https' : 'http';
  const { addressing } = gathered;
  attempt(reading, () => checkToldApart({ operations, addressing, transport }, binding.element));
  attempt(reading, () => addressOf(port.element, binding, transport));
  attempt(reading, () => {
    if (inConversation(frame)) issuerOf(frame.context, transport);
  });
}

function gatherFrame(
  { wsdl, binding }: CheckedBinding,
  { alternative, endpoint }: Gathered,
  reading: Reading,
): Frame | undefined {
  const { problems = [] } = reading;
  if (endpoint.binding === undefined && problems.length > 0) return undefined;
  // A conversation's token that is wrong itself was not read: then it is not missing.
  const isTokenWrong = problems.length > 0 && assertionsNamed(alternative, 'SecureConversationToken').length > 0;
  const beside: ConfigurationError[] = [];
  const missing: ConfigurationError[] = [];
  let frame: Frame | undefined;
  attempt({ problems: missing }, () => {
    frame = readFrame(wsdl, binding, endpoint, { ...reading, problems: beside });
  });
  problems.push(...beside, ...(isTokenWrong ? [] : missing));
  return frame;
}
