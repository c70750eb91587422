import { pino } from 'pino';
import { type Awaitable, after } from '../../../src/awaitable.ts';
import { bootstrap } from '../../../src/client/bootstrap.ts';
import { credentialsOf } from '../../../src/client/credentials.ts';
import { type ConversationParts, exchange, exchangeParts } from '../../../src/client/exchange.ts';
import { type SessionSettings, sessionOptions } from '../../../src/client/session-options.ts';
import type { Transport } from '../../../src/client/transport.ts';
import type { OwnCertificate } from '../../../src/crypto/x509.ts';
import { Refusal, SecureConversationError } from '../../../src/errors.ts';
import { writePlainEnvelope } from '../../../src/message/plain-envelope.ts';
import type { OperationPlan } from '../../../src/policy/plan.ts';
import { answerMessage } from '../../../src/server/pipeline.ts';
import { type Conversation, echoContent, planOf } from '../../support/initiator.ts';
import { caller, type PortName, type TestNode, user } from '../../support/node.ts';
import { pem } from '../../support/pem.ts';

/** Longer than any run: no message grows stale while it is read again and again. */
const clockSkewMs = 86_400_000;

/** Reads a message as a role does, to the end or up to its refusal. @returns how it ended, in words */
export type Subject = (message: Uint8Array) => Awaitable<string>;

/** A node that is measured. */
export interface MeasuredServer {
  subject(port: PortName): Subject;
  /** Private operations of RSA so far. */
  rsaOperations(): number;
}

/** The pipeline of a node from the bytes of a request to those of its answer. It takes each message again and again. */
export function measuredServer(node: TestNode): MeasuredServer {
  let lastReason = '';
  let operations = 0;
  const write = (line: string) => {
    lastReason = (JSON.parse(line) as { reason?: string; msg: string }).reason ?? 'operation failed';
  };
  const log = pino({ level: 'warn' }, { write });
  const counted = (certificate: OwnCertificate): OwnCertificate => ({
    ...certificate,
    get privateKey() {
      operations += 1;
      return certificate.privateKey;
    },
  });
  return {
    subject(name) {
      const port = node.ports.get(name);
      if (port === undefined) throw new TypeError(`no port ${name}`);
      const ownCertificates = port.parts.ownCertificates.map(counted);
      const served = {
        ...port,
        parts: { ...port.parts, log, ownCertificates, clockSkewMs, spend: () => 'new' as const },
      };
      return message => {
        lastReason = '';
        return after(answerMessage(message, undefined, served, caller), answered =>
          `${answered?.status ?? 'dropped'} ${lastReason}`.trim(),
        );
      };
    },
    rsaOperations: () => operations,
  };
}

/** The same bytes each time, so that a request has an id which an answer can have been made for. */
const constantRandom = (bytes: number) => Buffer.alloc(bytes, 1);
export const constantMessageId = 'urn:uuid:01010101-0101-4101-8101-010101010101';

const answerHead = { status: 200, contentType: undefined, retryAfter: undefined, date: undefined };

/** How a session with one port is opened. */
function settingsOf(port: PortName): SessionSettings {
  const options = { plan: planOf(port), ...user, serviceCertificate: pem.service.certificate };
  return sessionOptions.read(options, { of: 'subject', path: '' });
}

/** What a session shares, over a transport that brings one message for every answer. */
function partsOf(port: PortName, answered: () => Uint8Array): ConversationParts {
  const transport: Transport = {
    post: async () => ({ ...answerHead, bytes: answered() }),
    through: () => transport,
    close: () => undefined,
  };
  const credentials = { tls: undefined, answers: undefined, authorization: undefined };
  return { ...exchangeParts(settingsOf(port), credentials), plan: planOf(port), random: constantRandom, transport };
}

/** A subject that reads its message out of the answer to an exchange. */
function reader(port: PortName, read: (parts: ConversationParts) => Promise<unknown>): Subject {
  let answered: Uint8Array = Buffer.alloc(0);
  const parts = partsOf(port, () => answered);
  return message => {
    answered = message;
    return outcomeOf(() => read(parts));
  };
}

async function outcomeOf(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    if (error instanceof SecureConversationError) return error.code;
    throw error;
  }
}

/** A client that calls an operation and gets the message for an answer, up to the envelope that node-soap is given. */
export function measuredCaller({ port, keys }: Conversation, operation: OperationPlan): Subject {
  return reader(port, async parts => {
    const { verified } = await exchange(parts, {
      plan: operation,
      addressing: parts.plan.addressing,
      keys: { context: keys },
      context: keys,
      action: operation.inputAction,
      answerActions: [operation.outputAction],
      body: { declarations: '', content: echoContent('x') },
      address: undefined,
      isForIssuer: false,
    });
    return writePlainEnvelope(parts.plan.soap, verified.content);
  });
}

/** A client that asks for a conversation and gets the message for an answer. */
export function measuredBootstrap(port: PortName): Subject {
  const { keys } = credentialsOf(settingsOf(port));
  return reader(port, parts => bootstrap(keys, parts));
}
