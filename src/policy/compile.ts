/** From the policies of a WSDL port to the plan that server and client are run by. */
import { isDeepStrictEqual } from 'node:util';
import type { Element } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { type AddressingVersion, addressingVersions, expandedName } from '../names.ts';
import { addressingExtension } from './addressing.ts';
import { boundAlternatives } from './alternatives.ts';
import {
  type ConversationFrame,
  compileCancel,
  compileOperation,
  compileRenew,
  inConversation,
  readFrame,
} from './application.ts';
import { effectivePolicy } from './attachment.ts';
import { type Bootstrap, readBootstrap } from './bootstrap.ts';
import { checkToldApart } from './dispatch.ts';
import { failAt } from './document.ts';
import { type EndpointDraft, readEndpoint, type TrustDraft } from './endpoint.ts';
import type { Alternative } from './normal-form.ts';
import { readBinding, readOperations, type SoapBinding } from './operations.ts';
import type { ConversationPlan, Entropy, Plan, PortPlan } from './plan.ts';
import { addressOf, issuerOf } from './port-address.ts';
import { allImplemented } from './protection.ts';
import { unprotectedPlan } from './unprotected.ts';
import type { Reading } from './vocabulary.ts';
import { portNamed, readWsdl, type Wsdl, type WsdlPort } from './wsdl.ts';

/**
 * Compiles the policies of a WSDL's ports to plans, in the order of the WSDL.
 * @param wsdl a WSDL file, or one already read
 * @param options `ports`: names of the ports wanted (default: all of them); a port that is not asked for may be one
 * that isn't implemented
 * @throws {SecureConversationError} WSDL_INVALID, POLICY_INVALID or POLICY_UNSUPPORTED; the message holds file, line,
 * name and port.
 */
export function compilePolicy(wsdl: string | Wsdl, options: { readonly ports?: readonly string[] } = {}): Plan[] {
  const read = typeof wsdl === 'string' ? readWsdl(wsdl) : wsdl;
  return compileAlternatives(read, options).map(({ plans }) => plans[0]);
}

/** Same with all that the policy of each port leaves to choose from. */
export function compileAlternatives(wsdl: Wsdl, options: { readonly ports?: readonly string[] }): PortAlternatives[] {
  const wanted = options.ports ?? wsdl.ports.map(port => port.name);
  if (wanted.length === 0) throw new ConfigurationError('WSDL_INVALID', `${wsdl.name}: no port`);
  return wanted.map(name => alternativesOf(wsdl, name));
}

/** What the policy of a port leaves to choose from. */
export interface PortAlternatives {
  /** Plans of the alternatives that are implemented, each once, in the policy's order. */
  readonly plans: readonly [Plan, ...Plan[]];
  /** Why alternatives were left out: name of what is not implemented, file and line, each once. */
  readonly leftOut: readonly string[];
}

/**
 * Plan of one port: where its policy leaves a choice, that of the first alternative that is implemented.
 * @throws {SecureConversationError} as {@link compilePolicy}.
 */
export function planOf(wsdl: Wsdl, portName: string): Plan {
  return alternativesOf(wsdl, portName).plans[0];
}

/**
 * Plans of all alternatives of one port.
 * @throws {SecureConversationError} as {@link compilePolicy}, where none of them is implemented
 */
export function alternativesOf(wsdl: Wsdl, portName: string): PortAlternatives {
  const port = portNamed(wsdl, portName);
  try {
    return frozen(compilePort(wsdl, port));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new ConfigurationError(error.code, `${error.message} (port ${portName})`, { cause: error, ...hint });
  }
}

function compilePort(wsdl: Wsdl, port: WsdlPort): PortAlternatives {
  const binding = readBinding(wsdl, port.element);
  const policy = effectivePolicy([binding.element, port.element, binding.portType, port.serviceElement]);
  const { values, leftOut } = allImplemented(policy, binding.element, alternative =>
    compileEndpoint(wsdl, port, binding, alternative),
  );
  // What is optional and makes no difference would be a choice between equals.
  const [first, ...others] = values;
  const distinct = others.filter(
    (plan, index) => !values.slice(0, index + 1).some(one => isDeepStrictEqual(one, plan)),
  );
  const plans = boundAlternatives([first, ...distinct]) as [Plan, ...Plan[]];
  return { plans, leftOut: [...new Set(leftOut)] };
}

function compileEndpoint(wsdl: Wsdl, port: WsdlPort, soapBinding: SoapBinding, alternative: Alternative): Plan {
  const reading: Reading = { securityPolicy: undefined };
  const endpoint = readEndpoint(alternative, reading);
  const addressing = addressingOf(endpoint, port.element, soapBinding.element);
  if (wsdl.unprotectedPorts.has(port.name))
    return unprotectedPlan({ wsdl, port, binding: soapBinding, endpoint, addressing }, reading);
  const frame = readFrame(wsdl, soapBinding, endpoint, reading);
  const conversation = inConversation(frame) ? { frame, ...readBootstrap(frame, addressing) } : undefined;
  const operations = readOperations(wsdl, soapBinding, addressing).map(operation => compileOperation(frame, operation));
  if (operations.length === 0) failAt('WSDL_INVALID', soapBinding.element, 'the binding has no operation');
  const transport = [frame.binding.kind, conversation?.binding.kind].includes('transport') ? 'https' : 'http';
  checkToldApart({ operations, addressing, transport }, soapBinding.element);
  const plan = {
    service: port.service,
    port: port.name,
    address: addressOf(port.element, soapBinding, transport),
    audience: `${expandedName(port.service.namespace, port.service.local)}/${port.name}`,
    soap: soapBinding.soap,
    addressing,
    dialect: frame.dialect,
    suite: frame.binding.suite,
    transport,
    operations,
  } as const;
  return conversation === undefined ? plan : { ...plan, ...conversationOf(conversation, plan) };
}

/** What the plan of a port has beside, where it is called in a conversation. */
function conversationOf(
  { frame, endpoint, exchange }: Bootstrap & { readonly frame: ConversationFrame },
  { operations, addressing, transport }: PortPlan,
): Omit<ConversationPlan, keyof PortPlan> {
  const { context } = frame;
  return {
    issuer: issuerOf(context, transport),
    // As CXF bootstraps where a policy does not say.
    trustAddressing: endpoint.addressing?.version ?? addressing ?? addressingVersions['1.0'],
    entropy: entropyOf(endpoint.trust ?? frame.endpoint.trust),
    mayCancel: context.mayCancel,
    mayRenew: context.mayRenew,
    bootstrap: exchange,
    renew: compileRenew(frame, exchange),
    cancel: compileCancel(frame, operations),
  };
}

/** An assertion of the policy, else the extension of the WSDL (WS-Addressing 1.0 WSDL Binding §3.1). */
export function addressingOf(endpoint: EndpointDraft, port: Element, binding: Element): AddressingVersion | undefined {
  if (endpoint.addressing !== undefined) return endpoint.addressing.version;
  return addressingExtension([port, binding]);
}

function entropyOf(trust: TrustDraft | undefined): Entropy {
  return { client: trust?.clientEntropy ?? false, server: trust?.serverEntropy ?? false };
}

/** The same value, frozen in depth. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
