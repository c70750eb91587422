import type { Client } from 'soap';
import { ConfigurationError } from '../errors.ts';
import { type Describes, object, text } from '../fields.ts';
import type { SoapVersion } from '../names.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { clientWsdl, plansIn } from './client-plan.ts';
import { openClient } from './open-client.ts';
import { type SecureConversation, secureConversation } from './secure-conversation.ts';
import { type ServiceIdentityOptions, serviceCertificateOf, serviceIdentityMembers } from './service-certificate.ts';
import { conversationMembers, type SecureConversationOptions } from './session-options.ts';

/** Options of {@link secureClient}. */
export interface SecureClientOptions extends Omit<SecureConversationOptions, 'port'>, ServiceIdentityOptions {
  /** Name of the WSDL port to call. Default: the WSDL's only one. */
  readonly port?: string;
}

/** node-soap's client, with the conversation that protects its calls. */
export interface SecureClient {
  readonly client: Client;
  readonly conversation: SecureConversation;
}

/** Reads what is given of {@link SecureClientOptions}. */
export const secureClientOptions = object({
  ...conversationMembers,
  ...serviceIdentityMembers,
  port: { is: text, without: "the WSDL's only one", means: conversationMembers.port.means },
} satisfies Describes<SecureClientOptions>);

/**
 * Makes a client of a service from its WSDL: what it speaks and how it is protected stands there.
 * @param wsdl file or address
 * @throws {SecureConversationError} `NETWORK` where an address does not answer; `WSDL_INVALID`, `POLICY_INVALID` or
 * `POLICY_UNSUPPORTED` for what can't be called; `CONFIG_INVALID` or `CERTIFICATE_INVALID` naming an option that is
 * missing, unknown or unusable
 */
export async function secureClient(wsdl: string, options: SecureClientOptions = {}): Promise<SecureClient> {
  const read = secureClientOptions.read(options, { of: 'secureClient', path: '' });
  const { serviceTrust: _trust, serviceName: _name, serviceFingerprint: _fingerprint, ...settings } = read;
  const client = await openClient(wsdl, settings.ca);
  const documents = clientWsdl(client);
  const port = settings.port ?? onlyPort(documents);
  const plans = plansIn(documents, port, settings.unprotectedPorts);
  const serviceCertificate = await serviceCertificateOf(documents, plans, read, Date.now());
  const service = serviceCertificate === undefined ? {} : { serviceCertificate };
  const conversation = secureConversation(client, { ...settings, ...service, port });
  speak(client, plans[0].soap);
  client.setSecurity(conversation);
  return { client, conversation };
}

function onlyPort({ ports, name }: Wsdl): string {
  const [port, second] = ports;
  if (port !== undefined && second === undefined) return port.name;
  throw new ConfigurationError('CONFIG_INVALID', `secureClient: ${name} has ${ports.length} ports`, {
    hint: `give port, one of ${ports.map(each => each.name).join(', ')}`,
  });
}

/** Has node-soap write envelopes of the port's version, which the client was made without knowing. */
function speak(client: Client, soap: SoapVersion): void {
  // Private by node-soap's types, and read at each call.
  const { wsdl } = client as unknown as { wsdl: { readonly options: { forceSoap12Headers: boolean } } };
  wsdl.options.forceSoap12Headers = soap.forceSoap12Headers;
}
