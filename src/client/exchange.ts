import { setTimeout } from 'node:timers/promises';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { ConfigurationError, refuse } from '../errors.ts';
import { type LargeMessages, largeMessages, leaving, type Place, placeFor } from '../message/large-messages.ts';
import { readMessage, unsecuredFault } from '../message/message.ts';
import type { CertificateKeys, ContextKey, InitiatorKeys } from '../message/protection-key.ts';
import { receive, spendKey } from '../message/receive.ts';
import { type Sent, send } from '../message/send.ts';
import type { SendKeys } from '../message/sending-key.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Verified } from '../message/verified.ts';
import type { AddressingVersion } from '../names.ts';
import {
  type ConversationPlan,
  type ExchangePlan,
  hasConversation,
  isHeldToRequest,
  type Plan,
  wantsBasicAuthentication,
} from '../policy/plan.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import { postHeaders } from '../soap/envelope-writer.ts';
import { replayTable } from '../state/replay.ts';
import type { Limits } from '../xml/limits.ts';
import { saidByLimit } from '../xml/passed-limit.ts';
import type { Element } from '../xml/tree.ts';
import { untilAborted } from './abort.ts';
import { type Addresses, addressList, mayAskAgain, mayRetry, type RetryMode } from './addresses.ts';
import { checkAnswerType, checkTaken } from './answer-type.ts';
import { clockHint, outOfTime } from './clock-hint.ts';
import type { Credentials } from './credentials.ts';
import { faultHint } from './fault-hint.ts';
import { NetworkError } from './network-error.ts';
import { ownMessage } from './own-message.ts';
import { PeerFault } from './peer-fault.ts';
import { parseRetryAfter, ServiceBusy } from './service-busy.ts';
import type { SessionSettings, WireExchange } from './session-options.ts';
import { type Agents, type HttpResponse, openTransport, type PostHeaders, type Transport } from './transport.ts';

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
  /** Where conversations are begun, renewed and cancelled. */
  readonly issuer: Addresses;
  readonly retry: RetryMode;
  readonly timeoutMs: number;
  readonly clockSkewMs: number;
  /** Of answers. */
  readonly limits: Limits;
  /** Bounds the large messages of all exchanges, those that are sent and their answers. */
  readonly large: LargeMessages;
  readonly random: RandomSource;
  readonly time: ExchangeTime;
  /** What answers of no conversation are read with; undefined: the key that the request carried. */
  readonly answerKeys: CertificateKeys | undefined;
  /** HTTP's, of requests whose plan has user name and password there; undefined: none has. */
  readonly authorization: string | undefined;
  /** Spends an answer that nothing relates to its request, so that it answers no second one. */
  readonly spend: (key: string) => 'new' | 'seen' | 'full';
  /** Remembers the signatures of requests whose answers nothing relates to them, by their SignatureValues. */
  readonly own: { keep(signatureValue: string): 'new' | 'seen' | 'full'; has(signatureValue: string): boolean };
  readonly trace: ((exchange: WireExchange) => void) | undefined;
}

/** The same of a port that is called in a conversation. */
export type ConversationParts = ExchangeParts & { readonly plan: ConversationPlan };

/** One exchange: what to send, how it is protected and what may be answered. */
export interface ExchangeRequest {
  readonly plan: ExchangePlan;
  /** Version of WS-Addressing that request and answer have; undefined: none. */
  readonly addressing: AddressingVersion | undefined;
  readonly keys: SendKeys;
  /** The conversation that the answer is of; undefined: none, as of the answer to a bootstrap. */
  readonly context: ContextKey | undefined;
  readonly action: string;
  readonly answerActions: readonly string[];
  readonly body: OutgoingBody;
  /** Header blocks of the user; absent: none. */
  readonly headers?: readonly Element[];
  /**
   * Whether it is for the issuer: bootstraps, renewals and Cancels. They do no harm where they are done twice: what
   * they leave behind is a conversation, or an Instance of one, without use.
   */
  readonly isForIssuer: boolean;
  /** Send to this address alone; undefined: to the session's, in their order. */
  readonly address: string | undefined;
  /** Ends it: nothing is sent again, and no answer is waited for. */
  readonly signal?: AbortSignal | undefined;
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
export function exchangeParts(
  settings: SessionSettings,
  { tls, answers: answerKeys, authorization }: Pick<Credentials, 'tls' | 'answers' | 'authorization'>,
  time: ExchangeTime = realTime,
): ExchangeParts {
  const { plan, ca, cookies, maxSockets, timeoutMs, clockSkewMs, limits, order, retry, trace } = settings;
  const { addresses: given, httpAgent, httpsAgent } = settings;
  const { issuer = hasConversation(plan) ? plan.issuer : undefined } = settings;
  // The WSDL's own address is checked when it is used: node-soap may be told another one.
  const addresses = addressList(given?.map(address => checkedAddress(address, plan)) ?? [plan.address], order);
  const agents = { ...(httpAgent && { httpAgent }), ...(httpsAgent && { httpsAgent }) };
  const [answers, requests] = [replayTable(), replayTable()];
  const retainMs = timestampTtlMs + 2 * clockSkewMs;
  return {
    plan,
    transport: openTransport({
      ca,
      own: tls,
      cookies,
      agents,
      maxSockets,
      timeoutMs,
      maxBytes: limits.maxBytes,
    }),
    addresses,
    issuer: issuer === undefined ? addresses : addressList([checkedAddress(issuer, plan)], order),
    retry,
    timeoutMs,
    clockSkewMs,
    limits,
    large: largeMessages(() => limits.maxLargeMessages),
    random: randomBytesPooled,
    time,
    answerKeys,
    authorization,
    spend: key => answers.insert(key, time.steadyClock(), retainMs),
    own: {
      keep: value => requests.insert(value, time.steadyClock(), retainMs),
      has: value => requests.has(value, time.steadyClock()),
    },
    trace,
  };
}

/** Where a caller told node-soap to send to, and through what. */
export interface Route {
  /** Address that takes the place of the session's; absent: theirs. */
  readonly endpoint?: string;
  readonly agents: Agents;
  /** Longest wait for each answer; absent: the session's. */
  readonly timeoutMs?: number;
}

/** The same by another route. Conversations are begun, renewed and cancelled there too, unless an issuer was named. */
export function routed<P extends ExchangeParts>(parts: P, { endpoint, agents, timeoutMs = parts.timeoutMs }: Route): P {
  const same = { ...parts, timeoutMs, transport: parts.transport.through(agents) };
  if (endpoint === undefined) return same;
  const addresses = addressList([endpoint], 'first');
  return { ...same, addresses, issuer: parts.issuer === parts.addresses ? addresses : parts.issuer };
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
  readonly error: unknown;
  readonly untilMs: number;
}

/**
 * Sends one request and verifies its answer, going on to further addresses as the session's retry mode says, and again
 * to those that were busy, when the wait that they asked for is over, all within `timeoutMs` of the first attempt. Each
 * attempt is signed anew, since a replayed copy is refused by the node that saw the first.
 * @throws {unknown} the reason of the request's signal, where that aborts
 */
export async function exchange(parts: ExchangeParts, request: ExchangeRequest): Promise<Exchanged> {
  request.signal?.throwIfAborted();
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
        const answered = await attempt(parts, request, address, withinMs);
        (request.isForIssuer ? parts.issuer : parts.addresses).answered(address);
        return answered;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!mayGoOn(error, address, parts, request)) throw error;
        failure = error;
        const afterMs = busyMs(error);
        if (afterMs !== undefined) busy.set(address, { error, untilMs: untilMs(afterMs, turn, parts) });
      }
    }
    await untilAborted(nextTurn(busy, endMs - timeoutMs * leastAnswerShare, failure, time), request.signal);
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

/**
 * How long who was asked wants to be left alone; undefined where it is not busy. A balancer without a node says 503, as
 * a service without room does, and may have one soon.
 */
function busyMs(error: unknown): number | undefined {
  if (error instanceof ServiceBusy) return error.retryAfterMs;
  return error instanceof NetworkError && error.status === 503 ? 0 : undefined;
}

/** As long as it was told and up to a quarter more, so that not all who were told the same come back at once. */
function untilMs(retryAfterMs: number, turn: number, { random, time }: ExchangeParts): number {
  const [byte = 0] = random(1);
  return time.steadyClock() + Math.max(retryAfterMs, leastWaitMs * 2 ** turn) * (1 + byte / 1_024);
}

function addressesFor(parts: ExchangeParts, { address, isForIssuer }: ExchangeRequest): readonly string[] {
  const { plan, retry } = parts;
  if (address !== undefined) return [checkedAddress(address, plan)];
  const addresses = (isForIssuer ? parts.issuer : parts.addresses).next().map(each => checkedAddress(each, plan));
  return retry === 'none' ? addresses.slice(0, 1) : addresses;
}

function mayGoOn(error: unknown, address: string, { retry }: ExchangeParts, { isForIssuer }: ExchangeRequest): boolean {
  if (busyMs(error) !== undefined) return isForIssuer || mayAskAgain(address, retry);
  return error instanceof NetworkError && (isForIssuer || mayRetry(error, retry));
}

async function attempt(
  parts: ExchangeParts,
  request: ExchangeRequest,
  address: string,
  withinMs: number,
): Promise<Exchanged> {
  const place = parts.large.place();
  return leaving(place, async () => {
    const waited = placeFor(request.body.content.length, place);
    if (waited !== undefined) await untilAborted(waited, request.signal);
    return exchanged(parts, request, { address, withinMs, place });
  });
}

/** Where one attempt goes, how long it may take, and its place where it is large. */
interface Attempt {
  readonly address: string;
  readonly withinMs: number;
  readonly place: Place;
}

async function exchanged(
  parts: ExchangeParts,
  request: ExchangeRequest,
  { address, withinMs, place }: Attempt,
): Promise<Exchanged> {
  const { plan, random, transport } = parts;
  const { soap } = plan;
  const { action, addressing, body, headers = [] } = request;
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
  if (!isHeldToRequest(request.plan.response, addressing)) keepOwn(parts, sent);
  const response = await transport.post(address, sent.text, headersOf(parts, request), {
    withinMs,
    signal: request.signal,
    place,
  });
  parts.trace?.({
    address,
    request: sent.text,
    status: response.status,
    response: Buffer.from(response.bytes).toString(),
  });
  const retryAfterMs = response.status === 503 ? parseRetryAfter(response, Date.now()) : undefined;
  if (retryAfterMs !== undefined) throw new ServiceBusy(address, retryAfterMs);
  const sentBytes = Buffer.byteLength(sent.text);
  checkTaken(address, response, sentBytes);
  checkAnswerType(address, response);
  const verified = await verify(parts, request, sent, response).catch((error: unknown) => {
    throw saidByLimit(error, parts.limits);
  });
  return {
    verified,
    status: response.status,
    address,
    sentBytes,
    receivedBytes: response.bytes.length,
  };
}

/** A password goes over TLS alone: what asks for it there has no other address. */
function headersOf({ plan: { soap }, authorization }: ExchangeParts, { plan, action }: ExchangeRequest): PostHeaders {
  const headers = postHeaders(soap, action);
  if (authorization === undefined || !wantsBasicAuthentication(plan.request)) return headers;
  return { ...headers, Authorization: authorization };
}

/** What the client itself has signed must not come back as an answer to another of its requests. */
function keepOwn({ own }: ExchangeParts, { signatureValues }: Sent): void {
  for (const value of signatureValues) spendKey(value, own.keep);
}

async function verify(
  parts: ExchangeParts,
  request: ExchangeRequest,
  sent: Sent,
  response: HttpResponse,
): Promise<Verified> {
  const { dialect } = parts.plan;
  const message = readMessage(response.bytes, parts.limits);
  // Of a port without security it is an answer like others.
  const fault = parts.plan.isUnprotected ? undefined : unsecuredFault(message);
  const nowMs = Date.now();
  const clocks = () => clockHint(response.date, nowMs, parts.clockSkewMs);
  if (fault !== undefined) throw new PeerFault(fault, dialect.wsc, clocks() ?? faultHint(fault, request.keys));
  const keys = awaitedKeys(parts, request, sent);
  // Before a private key is used: an old answer buys nobody another decryption.
  if ('ownCertificates' in keys) checkAnswered(message.addressing, request, sent);
  const verified = await outOfTime(clocks, () =>
    receive(message, request.plan.response, keys, {
      nowMs,
      clockSkewMs: parts.clockSkewMs,
      timestampTtlMs,
      random: parts.random,
      limits: parts.limits,
      confirmed: sent.signatureValues,
      isOwn: value => sent.signatureValues.includes(value) || parts.own.has(value),
      ...(isHeldToRequest(request.plan.response, request.addressing) ? {} : { replay: parts.spend }),
    }),
  );
  checkAnswered(verified.addressing, request, sent);
  return verified;
}

function awaitedKeys({ answerKeys }: ExchangeParts, { context }: ExchangeRequest, sent: Sent): InitiatorKeys {
  if (context !== undefined) return { context };
  return answerKeys ?? { encryptedKey: sent.encryptedKey };
}

/** What no header relates to a request is held to be an answer by its Body, and once. */
function checkAnswered(
  answered: Verified['addressing'],
  { addressing, answerActions }: ExchangeRequest,
  { messageId }: Sent,
): void {
  if (answered?.version !== addressing) refuse('invalidAddressingHeader', 'addressing-version');
  if (answered === undefined) return;
  // An answer to another request, or a request reflected as its own answer, is no answer (RelatesTo: WS-Addressing 1.0
  // §3.1).
  if (answered.relatesTo !== messageId) refuse('invalidAddressingHeader', 'relates-to');
  if (!answerActions.includes(answered.action)) refuse('actionMismatch', 'answer-action');
}
