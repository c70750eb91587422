import { randomBytesPooled } from '../../src/crypto/random.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { type Outgoing, send } from '../../src/message/send.ts';
import type { SendKeys } from '../../src/message/sending-key.ts';
import { ns } from '../../src/names.ts';
import type { OperationPlan, Plan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { scan } from '../../src/xml/scan.ts';
import { newContext } from './contexts.ts';
import { interleaved } from './rounds.ts';

/** What the server's own work for one call takes, without HTTP and without the service. */
export interface StageFigures {
  readonly requestBytes: number;
  readonly scanUs: number;
  /** From the bytes of a request to what was verified and decrypted; the scan is part of it. */
  readonly receiveUs: number;
  /** From the content of an answer to its text, signed and encrypted. */
  readonly sendUs: number;
}

const times = { clockSkewMs: 60_000, timestampTtlMs: 300_000 };
const textChars = 1_000;
/** As long as one that is sealed for a user with two roles. */
const state = 'A'.repeat(296);

/** Measures the stages of a call with a text of 1,000 characters, in a conversation that is in the cache. */
export async function measureStages(plan: Plan, rounds: number): Promise<StageFigures> {
  const operation = plan.operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new Error('no operation Echo');
  const context = newContext(Date.now());
  const bytes = Buffer.from(request(plan, operation, context));
  const found = { context, openedFrom: 'cache', keys: contextKeys(context.secret) } as const;
  const findContext = () => found;
  const receiveOne = async () => {
    const options = { ...times, nowMs: Date.now(), random: randomBytesPooled };
    const { content } = await receive(
      readMessage(bytes),
      operation.request,
      { ownCertificates: [], findContext },
      options,
    );
    if (content?.local !== 'Echo') throw new Error('the request was not read');
  };
  const answer = answerer(plan, operation, context);
  const [scanUs = 0, receiveUs = 0, sendUs = 0] = await interleaved(
    [
      { name: 'scan', times: 5_000, run: n => repeat(n, () => scan(bytes)) },
      {
        name: 'receive',
        times: 5_000,
        async run(n) {
          for (let i = 0; i < n; i++) await receiveOne();
        },
      },
      { name: 'send', times: 5_000, run: n => repeat(n, answer) },
    ],
    rounds,
  );
  return { requestBytes: bytes.length, scanUs, receiveUs, sendUs };
}

function repeat(count: number, work: () => unknown): void {
  for (let i = 0; i < count; i++) work();
}

function bodyOf(local: string, namespace: string): Outgoing['body'] {
  const content = `<e:${local}><e:text>${'x'.repeat(textChars)}</e:text></e:${local}>`;
  return { declarations: `xmlns:e="${namespace}"`, content };
}

function write({ soap, addressing }: Plan, plan: OperationPlan['request'], keys: SendKeys, outgoing: Outgoing): string {
  const { timestampTtlMs } = times;
  return send(plan, { soap, addressing }, keys, outgoing, {
    nowMs: Date.now(),
    random: randomBytesPooled,
    timestampTtlMs,
  }).text;
}

function request(
  plan: Plan,
  operation: OperationPlan,
  { id, instance, secret }: ReturnType<typeof newContext>,
): string {
  const { wsc } = plan.dialect;
  const token =
    `<c:SecurityContextToken xmlns:c="${wsc}" xmlns:u="${ns.wsu}" u:Id="sct"><c:Identifier>${id}</c:Identifier>` +
    `<k:State xmlns:k="${ns.state}">${state}</k:State></c:SecurityContextToken>`;
  const reference = writeContextReference(plan.dialect, '#sct');
  return write(
    plan,
    operation.request,
    { context: { id, instance, keys: contextKeys(secret), token, reference } },
    {
      action: operation.inputAction,
      to: plan.address,
      replyToAnonymous: true,
      body: bodyOf(operation.input.local, operation.input.namespace),
    },
  );
}

function answerer(plan: Plan, operation: OperationPlan, { id, instance, secret }: ReturnType<typeof newContext>) {
  const reference = writeContextReference(plan.dialect, id);
  const body = bodyOf('EchoResponse', operation.input.namespace);
  const keys = { context: { id, instance, keys: contextKeys(secret), token: undefined, reference } };
  return () =>
    write(plan, operation.response, keys, { action: operation.outputAction, relatesTo: 'urn:uuid:bench', body });
}
