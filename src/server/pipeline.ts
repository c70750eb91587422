import { type Awaitable, after } from '../awaitable.ts';
import { CallerGone, Overload, Refusal, refuse } from '../errors.ts';
import { EnvelopeRefusal, type Message, readMessage } from '../message/message.ts';
import { receive } from '../message/receive.ts';
import { send } from '../message/send.ts';
import type { ExchangePlan } from '../policy/plan.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import { contentTypeOf } from '../soap/envelope-writer.ts';
import { writeFault } from '../soap/fault.ts';
import type { ContextToken } from '../state/state-mode.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import { type Exchange, exchangeFor, type Reply } from './exchange.ts';
import type { ServedPort } from './port.ts';

/**
 * What goes back over HTTP. `body` undefined: nothing is said (no envelope could be read, or the request wants no
 * answer).
 */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  /** Seconds after which the same message is worth another try. */
  readonly retryAfterS?: number;
}

/**
 * The server's pipeline: bytes of one request in, bytes of its answer out.
 *
 * read → choose the exchange → receive (keys, signature, replay, decryption, digests, plan) → addressing → perform →
 * send. Every refusal on the way is answered with the constant fault of its class; nothing a peer sends makes this
 * throw or reject.
 * @param soapAction value of the HTTP SOAPAction header or `action` parameter, where there is one
 * @returns undefined where the caller went away before its turn came: nothing was done for it
 */
export function answerMessage(
  bytes: Uint8Array,
  soapAction: string | undefined,
  port: ServedPort,
  caller: CountedCaller,
): Awaitable<HttpAnswer | undefined> {
  let message: Message | undefined;
  const failed = (error: unknown) => (error instanceof CallerGone ? dropped(port) : answerFault(error, message, port));
  try {
    message = readMessage(bytes, port.parts.limits);
    if (message.envelope.soap !== port.plan.soap) refuse('versionMismatch', 'soap-version');
    const exchange = exchangeFor(message, port);
    const answered = after(received(message, exchange, port, caller), verified => {
      checkAddressing(verified.addressing, soapAction, exchange, port);
      return after(exchange.perform(verified, port, caller), reply =>
        reply === undefined ? accepted : protect(reply, exchange.plan, verified.addressing?.messageId, port),
      );
    });
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
}

/**
 * A one-way request that is being done: no envelope goes back (SOAP 1.2 Part 2 §7.5.1.2; WS-I Basic Profile 1.2 R2714).
 */
const accepted: HttpAnswer = { status: 202, contentType: undefined, body: undefined };

function received(message: Message, exchange: Exchange, port: ServedPort, caller: CountedCaller) {
  const { parts, plan, state } = port;
  const nowMs = parts.clock();
  const findContext = (token: ContextToken) => state.find(token, plan.audience, nowMs);
  return receive(
    message,
    exchange.plan.request,
    { ownCertificates: parts.ownCertificates, findContext, inTurn: work => parts.openKey(work, caller) },
    {
      nowMs,
      clockSkewMs: parts.clockSkewMs,
      timestampTtlMs,
      limits: parts.limits,
      random: parts.random,
      replay: parts.spend,
      isReplay: parts.isSpent,
    },
  );
}

/**
 * wsa:To must be this service by the farm's configured addresses (never by the Host header), and HTTP's action must
 * agree with wsa:Action.
 */
function checkAddressing(
  addressing: Message['addressing'],
  soapAction: string | undefined,
  { isOneWay }: Exchange,
  port: ServedPort,
): void {
  if (addressing === undefined) refuse('addressingHeaderRequired', 'addressing-missing');
  if (addressing.version !== port.plan.addressing) refuse('invalidAddressingHeader', 'addressing-version');
  // What no answer relates to needs none (WS-Addressing 1.0 Metadata §5.1.1), unless it is spent against replays.
  if (!isOneWay && addressing.messageId === undefined) refuse('addressingHeaderRequired', 'message-id-missing');
  if (addressing.to === undefined) refuse('addressingHeaderRequired', 'to-missing');
  if (!port.toAddresses.has(addressing.to)) refuse('invalidAddressingHeader', 'to-unknown');
  if (soapAction !== undefined && soapAction !== '' && soapAction !== addressing.action)
    refuse('actionMismatch', 'soap-action');
}

function protect(reply: Reply, plan: ExchangePlan, relatesTo: string | undefined, port: ServedPort): HttpAnswer {
  const { soap, addressing } = port.plan;
  const sent = send(
    plan.response,
    { soap, addressing },
    reply.keys,
    { action: reply.action, body: reply.body, ...(relatesTo === undefined ? {} : { relatesTo }) },
    { nowMs: port.parts.clock(), random: port.parts.random, timestampTtlMs },
  );
  return { status: reply.isFault ? 500 : 200, contentType: contentTypeOf(soap), body: sent.text };
}

/** Nobody is there to be answered. Whoever hangs up as fast as they can must not fill the log. */
function dropped({ parts, plan }: ServedPort): undefined {
  parts.log.debug({ port: plan.port, reason: 'caller-gone' }, 'message dropped');
}

/**
 * The answer to a message that was refused: HTTP 400 where no envelope could be read, else the fault of its class with
 * HTTP 500, or 503 where the same message may be good later (RFC 9110 §15.6.4).
 */
function answerFault(error: unknown, message: Message | undefined, port: ServedPort): HttpAnswer {
  const refusal = error instanceof Refusal ? error : new Refusal('server', 'internal', error);
  const { parts, plan } = port;
  parts.counters.fault(refusal.fault);
  const line = { port: plan.port, fault: refusal.fault, reason: refusal.reason };
  if (refusal.fault === 'server') parts.log.error({ ...line, err: refusal.cause }, 'request failed');
  else parts.log.warn(line, 'message refused');
  const soap = message?.envelope.soap ?? (error instanceof EnvelopeRefusal ? error.soap : undefined);
  if (soap === undefined) return { status: 400, contentType: undefined, body: undefined };
  const body = writeFault({
    fault: refusal.fault,
    soap,
    addressing: plan.addressing,
    dialect: plan.dialect,
    relatesTo: message?.addressing?.messageId,
  });
  const contentType = contentTypeOf(soap);
  return refusal instanceof Overload
    ? { status: 503, contentType, body, retryAfterS: refusal.retryAfterS }
    : { status: 500, contentType, body };
}
