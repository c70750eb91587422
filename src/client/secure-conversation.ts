import { Readable } from 'node:stream';
import type { Client, ISecurity } from 'soap';
import { ConfigurationError } from '../errors.ts';
import { checkHeaderBlocks } from '../message/given-blocks.ts';
import { type PlainMessage, readPlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import { withToldDialects } from '../policy/told-dialect.ts';
import { firstUsable } from './alternatives.ts';
import { clientWsdl, plansIn } from './client-plan.ts';
import { ownMessage } from './own-message.ts';
import { type Answered, answeredOf, callBySchema, type ToldOptions } from './schema-calls.ts';
import { type SessionStatus, startSession } from './session.ts';
import { conversationOptions, type SecureConversationOptions } from './session-options.ts';
import { checkHttpClient, type RequestRoute, toldRoutes } from './told-route.ts';

/** node-soap's security object, which opens a conversation with the first call and keeps it. */
export interface SecureConversation extends ISecurity {
  addOptions(options: object): void;
  /**
   * Cancels the conversation, where the policy lets it, and closes the connections. Calls after it are rejected with
   * `CLOSED`.
   * @returns true where the service confirmed it
   */
  close(): Promise<boolean>;
  readonly session: SessionStatus;
}

/** What of an axios request an adapter gets and gives, as far as it is used here. */
interface AxiosRequest extends RequestRoute {
  /** The envelope; other than text where node-soap has packed it (attachments, forceMTOM, forceGzip). */
  readonly data: unknown;
  /** `stream` where node-soap's client was made with the option of that name. */
  readonly responseType?: string;
  /** Of the call's own options, or of the axios instance that node-soap was given. */
  readonly signal?: AbortSignal;
  readonly headers: { readonly [name: string]: unknown };
}

/**
 * The client plug-in: `client.setSecurity(secureConversation(client, { port, username, password }))`.
 *
 * Arguments are written by the schemas of the WSDL, and results read by them. node-soap puts them into an envelope in
 * clear, its axios adapter (`ISecurity.addOptions`) takes the Body and the header blocks (`client.addSoapHeader`) from
 * there: they are protected by the WSDL's policy, sent, and the verified answer is handed back as a plain envelope. A
 * header block is signed only where the policy names it, and never encrypted. WS-Addressing
 * and Security headers are written here; a call that brings its own is rejected with `CONFIG_INVALID`, and so is one
 * with a block whose `mustUnderstand` is that of the other version of SOAP: for a port of SOAP 1.2 node-soap's client
 * needs `forceSoap12Headers`, for one of 1.1 it must not have it. It does not matter otherwise.
 * Calls go to `addresses`, else to the endpoint that node-soap was given (`endpoint`, `setEndpoint()`), else to the
 * WSDL's address; what opens and ends the conversation goes there, too. Agents of node-soap's are taken (`httpAgent`,
 * `httpsAgent` of a call, or of the axios instance `request`).
 * @param client node-soap's client; its WSDL is read
 * @throws {SecureConversationError} `CONFIG_INVALID` or `CERTIFICATE_INVALID` naming an option that is missing, unknown
 * or unusable, `WSDL_INVALID` for an unknown port, `POLICY_INVALID` or `POLICY_UNSUPPORTED` for the port's policy
 */
export function secureConversation(client: Client, options: SecureConversationOptions): SecureConversation {
  const settings = conversationOptions.read(options, { of: 'secureConversation', path: '' });
  const { port, unprotectedPorts, acceptMixedDialects, dialect, ...rest } = settings;
  const wsdl = clientWsdl(client);
  const read = firstUsable(plansIn(wsdl, port, unprotectedPorts), rest);
  const plan = withToldDialects(read, { dialect, acceptMixedDialects });
  checkHttpClient(client);
  const routeOf = toldRoutes(client, rest.addresses);
  const session = startSession({ ...rest, plan });
  const adapterFor = (answered: Answered) => async (request: AxiosRequest) => {
    const { headers, body } = readCall(request);
    const operation = operationOf(body, request.headers, plan);
    checkHeaderBlocks(headers, operation.request, plan.soap);
    const { signal } = request;
    const result = await session.call({ operation, body, headers, signal, route: routeOf(request) });
    const { envelope, status, content, fault } = result;
    answered({ content, fault });
    const data = request.responseType === 'stream' ? Readable.from([envelope]) : envelope;
    return { data, status, statusText: '', headers: {}, config: request, request: undefined };
  };
  const conversation: SecureConversation = {
    addOptions(callOptions: ToldOptions) {
      Object.assign(callOptions, { adapter: adapterFor(answeredOf(callOptions)) });
    },
    toXML: () => '',
    close: () => session.close(),
    session,
  };
  callBySchema(client, conversation, wsdl, port);
  return conversation;
}

/** node-soap writes a Header where it was given blocks for it, and only there. */
const hasHeader = /:Header[ >]/;

function readCall({ data }: AxiosRequest): PlainMessage {
  if (typeof data !== 'string')
    throw new ConfigurationError('CONFIG_INVALID', 'attachments, forceMTOM and forceGzip are not offered', {
      hint: 'leave them out: binary content is an argument, as base64',
    });
  return ownMessage(() => readPlainEnvelope(data), hasHeader.test(data));
}

/**
 * The operation of a call, by the Body that node-soap wrote: its headers name an action only by the settings of the
 * client. Of several that have one Body, it is the one of the SOAPAction that node-soap names.
 */
function operationOf({ element: content }: OutgoingBody, headers: AxiosRequest['headers'], plan: Plan): OperationPlan {
  const meant = plan.operations.filter(
    ({ input }) => input.local === content?.local && input.namespace === content?.namespace,
  );
  const named = meant.filter(({ soapAction }) => soapAction !== '' && soapAction === soapActionOf(headers));
  const [operation] = meant.length > 1 ? named : meant;
  if (operation === undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      meant.length > 1
        ? `operations ${meant.map(({ name }) => name).join(', ')} have one Body, and node-soap names no SOAPAction`
        : `port ${plan.port} has no operation whose input is <${content?.name ?? ''}>`,
    );
  return operation;
}

/** The action that node-soap would post with: in a header of SOAP 1.1, or in the media type of SOAP 1.2. */
function soapActionOf({ SOAPAction, 'Content-Type': type }: AxiosRequest['headers']): string | undefined {
  return /^"([^"]*)"$/.exec(String(SOAPAction ?? ''))?.[1] ?? /; action="([^"]*)"$/.exec(String(type ?? ''))?.[1];
}
