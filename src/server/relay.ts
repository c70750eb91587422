import { Agent, type RequestOptions, request } from 'node:https';
import { isIPv6 } from 'node:net';
import type { PemPair } from '../crypto/pkcs12.ts';
import { CallerGone, Overload, refuse } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import { octetsOf } from '../octets.ts';
import { parseContentType } from '../soap/content-type.ts';
import { postHeaders } from '../soap/envelope-writer.ts';
import { outage } from '../store/outage.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import type { Log } from './log.ts';
import { placesOf } from './relay-places.ts';

/** Where the issuer is, and how a node and it know each other. */
export interface RelayOptions extends PemPair {
  /** Base address of the issuer's socket for nodes. */
  readonly address: string;
  /** CA certificates that vouch for the issuer (PEM). */
  readonly ca: string;
  /** Longest wait for one whole answer. */
  readonly timeoutMs: number;
}

/** A request for a token, as it came. */
export interface TokenMessage {
  readonly bytes: Uint8Array;
  /** Path of its WSDL port, which is the same at the issuer. */
  readonly path: string;
  readonly soap: SoapVersion;
  /** Its wsa:Action: one that the dialect of the port has for such requests. */
  readonly action: string;
}

/** What the issuer answered: `body` has one character for each octet. */
export interface IssuerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly isOctets: true;
  readonly retryAfterS?: number;
}

/** Hands requests for tokens on to the issuer. */
export interface Relay {
  /**
   * Sends a message as it is, and gives the answer as it came. It ends with the caller's connection.
   * @throws {Overload} where the issuer does not answer, or too many wait for it; {@link CallerGone}; {@link Refusal}
   * `server` for an answer that no issuer gives
   */
  send(message: TokenMessage, caller: CountedCaller): Promise<IssuerAnswer>;
  /** Shows another certificate to the issuer, or knows it by others. What is under way ends where it is. */
  use(change: PemPair | Pick<RelayOptions, 'ca'>): void;
  close(): void;
}

/** Longest wait for a connection: an issuer that is off must not hold the places of one that is slow. */
const connectMs = 5_000;

/** An answer to a request for a token is short: WCF takes no more either. */
const maxAnswerBytes = 64 * 1024;

/** Below the issuer's keep-alive time, so that a request seldom meets a closing connection. */
const keptIdleMs = 30_000;

/** When a client may try again where the issuer did not answer. */
const retryMs = 2_000;

/** Opens a relay over mutual TLS; nothing is sent before the first request. */
export function openRelay(options: RelayOptions, log: Pick<Log, 'warn' | 'error'>): Relay {
  const { address, timeoutMs } = options;
  let known: Pick<RelayOptions, 'ca' | 'certificate' | 'key'> = options;
  let agent = agentFor(known);
  /** Those before it, until nothing is under way on their connections any more. */
  const former = new Set<Agent>();
  const places = placesOf({ inAll: 256, ofOneAddress: 64 });
  const told = outage(
    cause => log.error({ issuer: address, err: cause }, 'the issuer does not answer: no conversation can begin here'),
    times => log.warn({ issuer: address, refused: times }, 'the issuer answers again'),
  );
  return {
    async send(message, caller) {
      if (caller.signal.aborted) throw new CallerGone();
      const leave = places.take(caller) ?? refuseBusy('relay-full');
      try {
        const answer = await post(message, caller, agent, options);
        told.answered();
        return checked(answer, message.soap);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        if (caller.signal.aborted) throw new CallerGone();
        told.missed(error.cause);
        return refuseBusy('issuer-down');
      } finally {
        leave();
      }
    },
    use(change) {
      const before = agent;
      former.add(before);
      setTimeout(() => {
        before.destroy();
        former.delete(before);
      }, timeoutMs).unref();
      known = { ...known, ...change };
      agent = agentFor(known);
    },
    close() {
      for (const each of [...former, agent]) each.destroy();
    },
  };
}

function agentFor({ ca, certificate, key }: Pick<RelayOptions, 'ca' | 'certificate' | 'key'>): Agent {
  return new Agent({
    ...{ ca, cert: certificate, key, minVersion: 'TLSv1.2', keepAlive: true },
    ...{ timeout: keptIdleMs, maxFreeSockets: 16, scheduling: 'lifo' },
  });
}

function refuseBusy(reason: string): never {
  throw new Overload(reason, retryMs);
}

/** No whole answer came. */
class Unanswered extends Error {}

/** An answer as HTTP has it. */
interface HttpMessage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** undefined: longer than any answer of an issuer. */
  readonly bytes: Buffer | undefined;
}

/**
 * Posts a message. Its head is made of constants, of the one address and of an Action that is known: nothing that a
 * peer wrote stands in it.
 */
function post(
  { bytes, path, soap, action }: TokenMessage,
  { address, isLimited, signal }: CountedCaller,
  agent: Agent,
  { address: issuer, timeoutMs }: RelayOptions,
): Promise<HttpMessage> {
  let deadline: NodeJS.Timeout | undefined;
  const answered = new Promise<HttpMessage>((resolve, reject) => {
    const headers = {
      ...postHeaders(soap, action),
      'Content-Length': bytes.length,
      Forwarded: isLimited ? forwardedFor(address) : 'for=unknown',
    };
    const fail = (cause: unknown) => reject(new Unanswered('no answer', { cause }));
    const settings: RequestOptions = { method: 'POST', agent, signal, headers };
    const sending = request(`${issuer}${path}`, settings, response => {
      octetsOf(response, maxAnswerBytes).then(body => {
        // An issuer that says more than an answer has is not listened to.
        if (body === undefined) sending.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: body });
      }, fail);
    });
    const giveUp = (why: string) => sending.destroy(new Error(why));
    deadline = setTimeout(() => giveUp(`not within ${timeoutMs} ms`), timeoutMs);
    sending.on('socket', socket => {
      if (sending.reusedSocket) return;
      const connecting = setTimeout(() => giveUp(`no connection within ${connectMs} ms`), connectMs);
      for (const event of ['secureConnect', 'close']) socket.once(event, () => clearTimeout(connecting));
    });
    sending.on('error', fail);
    sending.end(bytes);
  });
  return answered.finally(() => clearTimeout(deadline));
}

/** RFC 7239 §6: an IPv6 address stands in brackets, and so in quotes. */
function forwardedFor(address: string): string {
  return isIPv6(address) ? `for="[${address}]"` : `for=${address}`;
}

/** What an issuer answers a message with that could be read: a token, a fault, or that it is too busy. */
const answerStatuses: ReadonlySet<number> = new Set([200, 500, 503]);

/**
 * The answer, where it is one to a SOAP message. Of its head nothing is handed on but the status and, of one that is
 * too busy, how long to wait (RFC 9110 §7.6).
 */
function checked({ status, headers, bytes }: HttpMessage, soap: SoapVersion): IssuerAnswer {
  if (bytes === undefined) return noAnswer('longer than 64 KiB');
  if (!answerStatuses.has(status)) return noAnswer(`HTTP ${status}`);
  const contentType = String(headers['content-type'] ?? '');
  if (parseContentType(contentType)?.type !== soap.contentType) return noAnswer('of another media type');
  if (headers['content-encoding'] !== undefined) return noAnswer('encoded');
  const answer = { status, contentType, body: bytes.toString('latin1'), isOctets: true } as const;
  return status === 503 ? { ...answer, retryAfterS: secondsOf(headers['retry-after']) } : answer;
}

function noAnswer(what: string): never {
  return refuse('server', 'issuer-answer', new Error(`the issuer's answer is none: ${what}`));
}

function secondsOf(value: string | readonly string[] | undefined): number {
  return typeof value === 'string' && /^[1-9]\d{0,4}$/.test(value) ? Number(value) : retryMs / 1_000;
}
