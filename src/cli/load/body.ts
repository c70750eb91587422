import type { Client, ISecurity } from 'soap';
import { clientWsdl } from '../../client/client-plan.ts';
import { ownMessage } from '../../client/own-message.ts';
import { callBySchema } from '../../client/schema-calls.ts';
import { ConfigurationError } from '../../errors.ts';
import { readGivenFile } from '../../files/given-file.ts';
import { readPlainEnvelope, writePlainEnvelope } from '../../message/plain-envelope.ts';
import type { OutgoingBody } from '../../message/sent-body.ts';
import type { SoapVersion } from '../../names.ts';
import type { OperationPlan, Plan } from '../../policy/plan.ts';
import { printable } from '../../printable.ts';
import { operationOf, operationPlan, parseArguments } from '../operation.ts';
import { type FieldSource, parseTemplate } from './template.ts';

/** What each call sends, and how its answer is known to be a good one. */
export interface Request {
  readonly operation: OperationPlan;
  /** The Body of the next call. */
  body(): OutgoingBody;
  /** Text that a good answer has as a value; undefined: each answer is good that is no fault. */
  readonly expected: string | undefined;
}

/** Options that say what is called. */
export interface RequestOptions {
  readonly operation?: string;
  readonly body?: string;
  readonly bodyFile?: string;
  readonly payload?: number;
}

const echo = 'Echo';
const usualPayloadChars = 1_000;

/**
 * What the options want to be sent: the operation that they name, else an echo.
 * @throws {SecureConversationError} `CONFIG_INVALID` for what can't be sent, saying what is wrong with it
 */
export async function requestOf(
  client: Client,
  plan: Plan,
  options: RequestOptions,
  source: FieldSource,
): Promise<Request> {
  const { operation, body, bodyFile, payload = usualPayloadChars } = options;
  checkTogether(options);
  if (operation === undefined) return echoRequest(client, plan, payload);
  const given = bodyFile === undefined ? { text: body ?? '{}', place: '--body' } : readBody(bodyFile);
  parseTemplate(given.text);
  const meant = operationPlan(plan, operation);
  const written = isXml(given.text) ? xmlBody(given, meant, plan.soap) : await jsonBody(client, plan, operation, given);
  const filled = parseTemplate(written.content);
  return {
    operation: meant,
    body: filled === undefined ? () => written : () => ({ declarations: '', content: filled(source) }),
    expected: undefined,
  };
}

function checkTogether({ operation, body, bodyFile, payload }: RequestOptions): void {
  if (body !== undefined && bodyFile !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'give --body or --body-file, not both');
  if (operation === undefined && (body ?? bodyFile) !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', '--body and --body-file go with --operation');
  if (operation !== undefined && payload !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', '--payload is of the echo service alone, not of --operation');
}

async function echoRequest(client: Client, plan: Plan, payloadChars: number): Promise<Request> {
  const operation = plan.operations.find(({ name }) => name === echo);
  if (operation === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} has no operation ${echo}`, {
      hint: `say with --operation which to call: it has ${plan.operations.map(({ name }) => name).join(', ')}`,
    });
  const expected = 'soap-'.repeat(Math.ceil(payloadChars / 5)).slice(0, payloadChars);
  const body = await calledBody(client, plan, echo, { text: expected });
  return { operation, body: () => body, expected };
}

/** A body that was given, and where it stood, for errors. */
interface Given {
  readonly text: string;
  readonly place: string;
}

function readBody(file: string): Given {
  const text = readGivenFile(file, 'CONFIG_INVALID').toString('utf8');
  return { text: text.replace(/^\ufeff/, ''), place: file };
}

function isXml(text: string): boolean {
  return /^\s*</.test(text);
}

const declaration = /^\s*<\?xml\s[^?]*\?>/;

/** The element itself, as it is to stand in the Body. */
function xmlBody({ text, place }: Given, { name, input }: OperationPlan, soap: SoapVersion): OutgoingBody {
  const content = text.replace(declaration, '').trim();
  const { body } = ownMessage(() => readPlainEnvelope(writePlainEnvelope(soap, undefined, content)), false);
  const { element } = body;
  if (element?.local === input.local && element.namespace === input.namespace) return body;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `${place}: operation ${name} takes one element ${input.local} of the namespace ${input.namespace}, not ` +
      printable(element?.name ?? 'what stands there', 64),
  );
}

function jsonBody(client: Client, plan: Plan, operation: string, { text, place }: Given): Promise<OutgoingBody> {
  return calledBody(client, plan, operation, parseArguments(text, `${place} is`));
}

/** The Body that a call with these arguments has; nothing is sent. */
async function calledBody(client: Client, plan: Plan, operation: string, args: object): Promise<OutgoingBody> {
  let envelope: string | undefined;
  const adapter = async ({ data }: { readonly data: string }) => {
    envelope = data;
    throw new Error('the envelope is all that was wanted');
  };
  const security: ISecurity = { addOptions: options => Object.assign(options, { adapter }), toXML: () => '' };
  client.setSecurity(security);
  callBySchema(client, security, clientWsdl(client), plan.port);
  const failed = await operationOf(client, plan, operation)(args).catch((error: unknown) => error);
  const written = envelope;
  if (written === undefined)
    throw new ConfigurationError('CONFIG_INVALID', "these arguments can't be written", { cause: failed });
  return ownMessage(() => readPlainEnvelope(written), false).body;
}
