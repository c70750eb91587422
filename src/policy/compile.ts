/** From the policies of a WSDL port to the plan that server and client are run by. */
import type { Element } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { type AddressingVersion, addressingVersions, expandedName, ns } from '../names.ts';
import { compileCancel, compileOperation, compileRenew, readFrame } from './application.ts';
import { effectivePolicy } from './attachment.ts';
import { readBootstrap } from './bootstrap.ts';
import { childNamed, failAt, requiredAttribute } from './document.ts';
import { type EndpointDraft, readEndpoint, type TrustDraft } from './endpoint.ts';
import type { Alternative } from './normal-form.ts';
import { readBinding, readOperations, type SoapBinding } from './operations.ts';
import type { Entropy, Plan } from './plan.ts';
import { firstImplemented } from './protection.ts';
import type { Reading } from './vocabulary.ts';
import { portNamed, readWsdl, requiredChild, type Wsdl, type WsdlPort } from './wsdl.ts';

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
  const wanted = options.ports ?? read.ports.map(port => port.name);
  if (wanted.length === 0) throw new ConfigurationError('WSDL_INVALID', `${read.name}: no port`);
  return wanted.map(name => planOf(read, name));
}

/**
 * Plan of one port.
 *
 * Where a policy leaves a choice, the first alternative that is implemented decides, for the server as for the client.
 * @throws {SecureConversationError} as {@link compilePolicy}.
 */
export function planOf(wsdl: Wsdl, portName: string): Plan {
  const port = portNamed(wsdl, portName);
  try {
    return frozen(compilePort(wsdl, port));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(error.code, `${error.message} (port ${portName})`, { cause: error });
  }
}

function compilePort(wsdl: Wsdl, port: WsdlPort): Plan {
  const binding = readBinding(wsdl, port.element);
  const policy = effectivePolicy([binding.element, port.element, binding.portType, port.serviceElement]);
  return firstImplemented(policy, binding.element, alternative => compileEndpoint(wsdl, port, binding, alternative));
}

function compileEndpoint(wsdl: Wsdl, port: WsdlPort, soapBinding: SoapBinding, alternative: Alternative): Plan {
  const reading: Reading = { securityPolicy: undefined };
  const frame = readFrame(wsdl, soapBinding, readEndpoint(alternative, reading), reading);
  const addressing = addressingOf(frame.endpoint, port.element, soapBinding.element);
  const bootstrap = readBootstrap(frame, addressing);
  const operations = readOperations(wsdl, soapBinding, addressing).map(operation => compileOperation(frame, operation));
  if (operations.length === 0) failAt('WSDL_INVALID', soapBinding.element, 'the binding has no operation');
  const transport = [frame.binding.kind, bootstrap.binding.kind].includes('transport') ? 'https' : 'http';
  return {
    service: port.service,
    port: port.name,
    address: addressOf(port.element, soapBinding, transport),
    audience: `${expandedName(port.service.namespace, port.service.local)}/${port.name}`,
    soap: soapBinding.soap,
    addressing,
    dialect: frame.dialect,
    suite: frame.binding.suite,
    transport,
    entropy: entropyOf(bootstrap.endpoint.trust ?? frame.endpoint.trust),
    mayCancel: frame.context.mayCancel,
    mayRenew: frame.context.mayRenew,
    operations,
    bootstrap: bootstrap.exchange,
    renew: compileRenew(frame, bootstrap.exchange),
    cancel: compileCancel(frame, operations),
  };
}

/** Location of a port. TLS does what a TransportBinding asks for, so its address can't be a plain one. */
function addressOf(port: Element, { extension }: SoapBinding, transport: 'https' | 'http'): string {
  const element = requiredChild(port, extension, 'address');
  const address = requiredAttribute(element, 'location');
  if (transport === 'https' && /^http:/i.test(address)) {
    failAt('POLICY_INVALID', element, `a TransportBinding at the plain address ${address.slice(0, 120)}`);
  }
  return address;
}

function addressingOf(endpoint: EndpointDraft, port: Element, binding: Element): AddressingVersion {
  if (endpoint.addressing !== undefined) return endpoint.addressing.version;
  const extension = [port, binding].some(element => childNamed(element, ns.wsaw, 'UsingAddressing') !== undefined);
  if (extension) return addressingVersions['1.0'];
  return failAt('POLICY_UNSUPPORTED', binding, 'no addressing assertion: a port without WS-Addressing is not served');
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
