import { setTimeout } from 'node:timers/promises';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { ConfigurationError, refuse } from '../errors.ts';
import { readMessage, unsecuredFault } from '../message/message.ts';
import type { ContextKey } from '../message/protection-key.ts';
import { receive } from '../message/receive.ts';
import { type Sent, send } from '../message/send.ts';
import type { SendKeys } from '../message/sending-key.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Verified } from '../message/verified.ts';
import type { ExchangePlan, Plan } from '../policy/plan.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import { postHeaders } from '../soap/envelope-writer.ts';
import { defaultLimits } from '../xml/limits.ts';
import type { Element } from '../xml/tree.ts';
import { type Addresses, addressList, mayAskAgain, mayRetry, type RetryMode } from './addresses.ts';
import { NetworkError } from './network-error.ts';
import { ownMessage } from './own-message.ts';
import { PeerFault } from './peer-fault.ts';
import { parseRetryAfter, ServiceBusy } from './service-busy.ts';
import type { SessionSettings, WireExchange } from './session-options.ts';
import { type HttpResponse, openTransport, type Transport } from './transport.ts';

/** The time that exchanges take, and that a busy address is left alone. */
export interface ExchangeTime {
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

const realTime: ExchangeTime = { steadyClock: () => performance.now(), wait: ms => setTimeout(ms) };

/** What all exchanges of a session share. */
export interface ExchangeParts {
  readonly plan: Plan;
  readonly transport: Transport;
  readonly addresses: Addresses;
  readonly retry: RetryMode;
  readonly timeoutMs: number;
  readonly clockSkewMs: number;
  readonly random: RandomSource;
  readonly time: ExchangeTime;
  readonly trace: ((exchange: WireExchange) => void) | undefined;
}

/** One exchange: what to send, how it is protected and what may be answered. */
export interface ExchangeRequest {
  readonly plan: ExchangePlan;
  readonly keys: SendKeys;
  /** The conversation that the answer is of; undefined: it answers a bootstrap, by the key that the request carried. */
  readonly context: ContextKey | undefined;
  readonly action: string;
  readonly answerActions: readonly string[];
  readonly body: OutgoingBody;
  /** Header blocks of the user; absent: none. */
  readonly headers?: readonly Element[];
  /**
   * Whether it does no harm where it is done twice: what bootstraps, renewals and Cancels leave behind is a
   * conversation, or an Instance of one, without use.
   */
  readonly isHarmless: boolean;
  /** Send to this address alone; undefined: to the session's, in their order. */
  readonly address: string | undefined;
}

/** A verified answer. */
export interface Exchanged {
  readonly verified: Verified;
  readonly status: number;
  readonly address: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Prepares what the exchanges of a session share. */
export function exchangeParts(settings: SessionSettings, time: ExchangeTime = realTime): ExchangeParts {
  const { plan, ca, timeoutMs, clockSkewMs, order, retry, trace, addresses = [plan.address] } = settings;
  return {
    plan,
    transport: openTransport({ ca, timeoutMs, maxBytes: defaultLimits.maxBytes }),
    addresses: addressList(
      addresses.map(address => checkedAddress(address, plan)),
      order,
    ),
    retry,
    timeoutMs,
    clockSkewMs,
    random: randomBytesPooled,
    time,
    trace,
  };
}

/**
 * What TLS must protect is sent to no plain socket: the first message would have the password in it.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
function checkedAddress(address: string, { port, transport }: Plan): string {
  const scheme = URL.canParse(address) ? new URL(address).protocol : '';
  if (scheme === 'https:' || (scheme === 'http:' && transport === 'http')) return address;
  const wanted = transport === 'https' ? 'https' : 'http or https';
  throw new ConfigurationError('CONFIG_INVALID', `${address} is no ${wanted} address, as port ${port} needs one`);
}

/**
 * Least wait before a busy address is asked again; each turn doubles it, so that no Retry-After makes a client hammer.
 */
const leastWaitMs = 250;

/** Of the time-out, what must be left for an answer: an attempt without it would fail in a less telling way. */
const leastAnswerShare = 0.1;

/** An address that was busy, and when it may be asked again, by the steady clock. */
interface Busy {
  readonly error: ServiceBusy;
  readonly untilMs: number;
}

/**
 * Sends one request and verifies its answer, going on to further addresses as the session's retry mode says, and again
 * to those that were busy, when the wait that they asked for is over, all within `timeoutMs` of the first attempt. Each
 * attempt is signed anew, since a replayed copy is refused by whoever saw the first.
 */
export async function exchange(parts: ExchangeParts, request: ExchangeRequest): Promise<Exchanged> {
  const addresses = addressesFor(parts, request);
  const { timeoutMs, time } = parts;
  const endMs = time.steadyClock() + timeoutMs;
  const busy = new Map<string, Busy>();
  for (let turn = 0; ; turn += 1) {
    let failure: unknown;
    for (const address of addresses) {
      if ((busy.get(address)?.untilMs ?? 0) > time.steadyClock()) continue;
      busy.delete(address);
      try {
        const withinMs = turn === 0 ? timeoutMs : Math.max(1, Math.floor(endMs - time.steadyClock()));
        const exchanged = await attempt(parts, request, address, withinMs);
        parts.addresses.answered(address);
        return exchanged;
      } catch (error) {
        if (!mayGoOn(error, address, parts, request)) throw error;
        failure = error;
        if (error instanceof ServiceBusy) busy.set(address, { error, untilMs: untilMs(error, turn, parts) });
      }
    }
    await nextTurn(busy, endMs - timeoutMs * leastAnswerShare, failure, time);
  }
}

/**
 * Waits until the first busy address may be asked again.
 * @throws its error where that is after `lastMs`, `failure` where none was busy
 */
async function nextTurn(
  busy: ReadonlyMap<string, Busy>,
  lastMs: number,
  failure: unknown,
  { steadyClock, wait }: ExchangeTime,
): Promise<void> {
  const [first] = [...busy.values()].sort((one, other) => one.untilMs - other.untilMs);
  if (first === undefined) throw failure;
  if (first.untilMs > lastMs) throw first.error;
  await wait(first.untilMs - steadyClock());
}

/** As long as it was told and up to a quarter more, so that not all who were told the same come back at once. */
function untilMs({ retryAfterMs }: ServiceBusy, turn: number, { random, time }: ExchangeParts): number {
  const [byte = 0] = random(1);
  return time.steadyClock() + Math.max(retryAfterMs, leastWaitMs * 2 ** turn) * (1 + byte / 1_024);
}

function addressesFor({ addresses, plan, retry }: ExchangeParts, { address }: ExchangeRequest): readonly string[] {
  if (address !== undefined) return [checkedAddress(address, plan)];
  return retry === 'none' ? addresses.next().slice(0, 1) : addresses.next();
}

function mayGoOn(error: unknown, address: string, { retry }: ExchangeParts, { isHarmless }: ExchangeRequest): boolean {
  if (error instanceof ServiceBusy) return isHarmless || mayAskAgain(address, retry);
  return error instanceof NetworkError && mayRetry(error, retry);
}

async function attempt(
  parts: ExchangeParts,
  request: ExchangeRequest,
  address: string,
  withinMs: number,
): Promise<Exchanged> {
  const { plan, random, transport } = parts;
  const { soap, addressing } = plan;
  const { action, body, headers = [] } = request;
  const sent = ownMessage(
    () =>
      send(
        request.plan.request,
        { soap, addressing },
        request.keys,
        { action, to: address, replyToAnonymous: true, headers, body },
        { nowMs: Date.now(), random, timestampTtlMs },
      ),
    headers.length !== 0,
  );
  const response = await transport.post(address, sent.text, postHeaders(soap, action), withinMs);
  parts.trace?.({
    address,
    request: sent.text,
    status: response.status,
    response: Buffer.from(response.bytes).toString(),
  });
  const retryAfterMs = response.status === 503 ? parseRetryAfter(response, Date.now()) : undefined;
  if (retryAfterMs !== undefined) throw new ServiceBusy(address, retryAfterMs);
  if (response.bytes.length === 0)
    throw new NetworkError(address, new Error(`HTTP ${response.status} without a message`), true);
  const verified = await verify(parts, request, sent, response);
  return {
    verified,
    status: response.status,
    address,
    sentBytes: Buffer.byteLength(sent.text),
    receivedBytes: response.bytes.length,
  };
}

/**
 * A service that can't use what was encrypted or signed for it says no more than that (it must not), so the likely
 * cause is said here.
 */
function hintOf({ keys }: ExchangeRequest): string | undefined {
  if ('recipient' in keys)
    return "see whether serviceCertificate is the service's present certificate, and user name and password are right";
  return 'tokens' in keys ? 'see whether user name and password are right' : undefined;
}

async function verify(
  parts: ExchangeParts,
  request: ExchangeRequest,
  sent: Sent,
  response: HttpResponse,
): Promise<Verified> {
  const { dialect } = parts.plan;
  const message = readMessage(response.bytes, defaultLimits);
  const fault = unsecuredFault(message);
  if (fault !== undefined) throw new PeerFault(fault, dialect.wsc, hintOf(request));
  const verified = await receive(
    message,
    request.plan.response,
    request.context === undefined ? { encryptedKey: sent.encryptedKey } : { context: request.context },
    {
      nowMs: Date.now(),
      clockSkewMs: parts.clockSkewMs,
      timestampTtlMs,
      random: parts.random,
      limits: defaultLimits,
    },
  );
  // An answer to another request, or a request reflected as its own answer, is no answer (RelatesTo: WS-Addressing 1.0
  // §3.1).
  if (verified.addressing?.relatesTo !== sent.messageId) refuse('invalidAddressingHeader', 'relates-to');
  if (!request.answerActions.includes(verified.addressing?.action ?? '')) refuse('actionMismatch', 'answer-action');
  return verified;
}
