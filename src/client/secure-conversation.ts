import { Readable } from 'node:stream';
import type { Client, ISecurity } from 'soap';
import { ConfigurationError } from '../errors.ts';
import { type PlainMessage, readPlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import { clientPlan } from './client-plan.ts';
import { checkHeaderBlocks } from './header-blocks.ts';
import { ownMessage } from './own-message.ts';
import { type SessionStatus, startSession } from './session.ts';
import { conversationOptions, type SecureConversationOptions } from './session-options.ts';

/** node-soap's security object, which opens a conversation with the first call and keeps it. */
export interface SecureConversation extends ISecurity {
  addOptions(options: object): void;
  /**
   * Cancels the conversation, where the policy lets it, and closes the connections.
   * @returns true where the service confirmed it
   */
  close(): Promise<boolean>;
  readonly session: SessionStatus;
}

/** What of an axios request an adapter gets and gives, as far as it is used here. */
interface AxiosRequest {
  /** The envelope; other than text where node-soap has packed it (attachments, forceMTOM, forceGzip). */
  readonly data: unknown;
  /** `stream` where node-soap's client was made with the option of that name. */
  readonly responseType?: string;
  readonly headers: { readonly [name: string]: unknown };
}

/**
 * The client plug-in: `client.setSecurity(secureConversation(client, { port, username, password }))`.
 *
 * node-soap writes the call in clear, its axios adapter (`ISecurity.addOptions`) takes the Body and the header blocks
 * (`client.addSoapHeader`) from there: they are protected by the WSDL's policy, sent, and the verified answer is handed
 * back as a plain envelope. A header block is signed only where the policy names it, and never encrypted. WS-Addressing
 * and Security headers are written here; a call that brings its own is rejected with `CONFIG_INVALID`, and so is one
 * with a block whose `mustUnderstand` is that of SOAP 1.1: it needs a client with `forceSoap12Headers`, which does not
 * matter otherwise.
 * @param client node-soap's client; its WSDL is read
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` naming an option that is missing, unknown
 * or unusable, `WSDL_INVALID` for an unknown port, `POLICY_INVALID` or `POLICY_UNSUPPORTED` for the port's policy
 */
export function secureConversation(client: Client, options: SecureConversationOptions): SecureConversation {
  const { port, ...rest } = conversationOptions.read(options, { of: 'secureConversation', path: '' });
  const plan = clientPlan(client, port);
  const session = startSession({ ...rest, plan });
  const adapter = async (request: AxiosRequest) => {
    const { headers, body } = readCall(request);
    const operation = operationOf(body, plan);
    checkHeaderBlocks(headers, operation.request, plan.soap);
    const { envelope, status } = await session.call({ operation, body, headers });
    const data = request.responseType === 'stream' ? Readable.from([envelope]) : envelope;
    return { data, status, statusText: '', headers: {}, config: request, request: undefined };
  };
  return {
    addOptions(callOptions) {
      Object.assign(callOptions, { adapter });
    },
    toXML: () => '',
    close: () => session.close(),
    session,
  };
}

/** node-soap writes a Header where it was given blocks for it, and only there. */
const hasHeader = /:Header[ >]/;

function readCall({ data }: AxiosRequest): PlainMessage {
  if (typeof data !== 'string')
    throw new ConfigurationError('CONFIG_INVALID', 'attachments, forceMTOM and forceGzip are not offered');
  return ownMessage(() => readPlainEnvelope(data), hasHeader.test(data));
}

/**
 * The operation of a call, by the Body that node-soap wrote: its headers name an action only by the settings of the
 * client.
 */
function operationOf({ element: content }: OutgoingBody, plan: Plan): OperationPlan {
  const operation = plan.operations.find(
    ({ input }) => input.local === content?.local && input.namespace === content?.namespace,
  );
  if (operation === undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${plan.port} has no operation whose input is <${content?.name ?? ''}>`,
    );
  return operation;
}
