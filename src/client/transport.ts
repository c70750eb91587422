import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { PemPair } from '../crypto/pkcs12.ts';
import { certificatesIn } from '../crypto/tls-certificates.ts';
import { SecureConversationError } from '../errors.ts';
import { anyPlace, type Place, placeFor } from '../message/large-messages.ts';
import { octetsOf, toSend } from '../octets.ts';
import { tooLong } from '../xml/passed-limit.ts';
import { type CookieJar, cookieJar } from './cookies.ts';
import { AnswerTrouble, NetworkError } from './network-error.ts';
import type { RetryHeaders } from './service-busy.ts';
import { unreadProxyHint } from './unread-proxy.ts';

/** What came back over HTTP. */
export interface HttpResponse extends RetryHeaders {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** Undefined where it is not said. */
  readonly contentType: string | undefined;
}

/** HTTP headers by name. */
export type PostHeaders = Readonly<Record<string, string>>;

/** The wait for an answer. */
export interface PostWait {
  /** Longest wait for the whole answer; default: the transport's. */
  readonly withinMs?: number;
  /** Ends the wait, and the connection that it is for. */
  readonly signal?: AbortSignal | undefined;
  /** Of an answer that becomes large; default: it waits for none. */
  readonly place?: Place;
}

/** Posts messages over connections that are kept. */
export interface Transport {
  /**
   * @param headers of HTTP; Content-Length is added
   * @param wait how long, and until when, the whole answer is waited for; default: as long as the transport does
   * @throws {NetworkError} where no whole answer came, or one that is too long
   * @throws {SecureConversationError} `CLOSED` after `close()`
   */
  post(address: string, message: string, headers: PostHeaders, wait?: PostWait): Promise<HttpResponse>;
  /** The same by other agents, where there are any; cookies are those of this one. */
  through(agents: Agents): Transport;
  /** Closes its own connections for good; those of agents that were handed in are their owner's. */
  close(): void;
}

/** Agents that somebody else makes connections with, such as through a proxy; absent: those of the transport. */
export interface Agents {
  readonly httpAgent?: Agent;
  readonly httpsAgent?: TlsAgent;
}

/** Options of a {@link Transport}. */
export interface TransportOptions {
  /** Trusted CA certificates (PEM); default: Node's own. */
  readonly ca: string | undefined;
  /** The client's own certificate and key, for a service that asks for them; default: none. */
  readonly own?: PemPair | undefined;
  /** Longest wait for the whole answer, counted from when the message is given to be sent: 1 ms to a day. */
  readonly timeoutMs: number;
  /** Most connections to one address at once; further messages wait for one. Default 256. */
  readonly maxSockets?: number;
  /** Longest answer. */
  readonly maxBytes: number;
  /** Whether cookies are kept and given back. Default false. */
  readonly cookies?: boolean;
  /** Default: agents of its own. */
  readonly agents?: Agents;
}

/** What the posts of a transport share. */
interface Shared {
  readonly plain: Agent;
  readonly tls: TlsAgent;
  /** What TLS is begun with, also where an agent of the caller's makes the connection. */
  readonly tlsSettings: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly jar: CookieJar | undefined;
  isClosed: boolean;
}

/**
 * How long a connection without work is kept: below the server's keep-alive time (65 s), so that a request seldom meets
 * a closing one.
 */
const keptIdleMs = 30_000;

/**
 * Opens a transport on node:http and node:https.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` for a `ca` without certificates
 */
export function openTransport(options: TransportOptions): Transport {
  if (options.ca !== undefined) certificatesIn(options.ca, 'ca');
  const { ca, own, agents = {}, maxSockets = 256 } = options;
  const settings = { keepAlive: true, timeout: keptIdleMs, maxSockets, scheduling: 'lifo' } as const;
  const tlsSettings = {
    ...(ca === undefined ? {} : { ca }),
    ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
  };
  const shared: Shared = {
    plain: new Agent(settings),
    tls: new TlsAgent({ ...settings, ...tlsSettings }),
    tlsSettings,
    jar: options.cookies === true ? cookieJar() : undefined,
    isClosed: false,
  };
  return transportBy(agents, shared, options);
}

function transportBy(agents: Agents, shared: Shared, options: TransportOptions): Transport {
  return {
    async post(address, message, headers, { withinMs = options.timeoutMs, signal, place = anyPlace } = {}) {
      if (shared.isClosed) throw closed();
      return post(
        address,
        message,
        headers,
        { ...shared, ...agents },
        { ...options, timeoutMs: withinMs, signal, place },
      );
    },
    through: others => transportBy({ ...agents, ...others }, shared, options),
    close() {
      shared.isClosed = true;
      shared.plain.destroy();
      shared.tls.destroy();
    },
  };
}

/** What is said of a call of a client that was closed. */
export function closed(): SecureConversationError {
  return new SecureConversationError('CLOSED', 'the conversation was closed, and the client with it', {
    hint: 'make another one with secureConversation()',
  });
}

function post(
  address: string,
  message: string,
  headers: PostHeaders,
  shared: Shared & Agents,
  options: TransportOptions & Pick<PostWait, 'signal'> & { readonly place: Place },
): Promise<HttpResponse> {
  const { signal } = options;
  let deadline: NodeJS.Timeout | undefined;
  let leave = () => {};
  const answered = new Promise<HttpResponse>((resolve, reject) => {
    const url = new URL(address);
    const secure = url.protocol === 'https:';
    const { jar } = shared;
    const cookies = jar?.cookiesFor(url, Date.now());
    const said = toSend(message, 'utf8');
    const sentHeaders = {
      ...headers,
      ...(cookies === undefined ? {} : { Cookie: cookies }),
      'Content-Length': Buffer.byteLength(said),
    };
    const settings = { method: 'POST', headers: sentHeaders, ...connectionSettings(secure, shared) };
    let sent = false;
    const unread = settings.agent === shared.plain || settings.agent === shared.tls;
    const fail = (cause: Error) =>
      reject(new NetworkError(address, cause, sent, undefined, unread ? unreadProxyHint(url, process.env) : undefined));
    const sending = (secure ? httpsRequest : httpRequest)(url, settings, response => {
      const { statusCode: status = 0, headers } = response;
      const { 'retry-after': retryAfter, date, 'content-type': contentType, 'set-cookie': setCookies = [] } = headers;
      jar?.take(url, setCookies, Date.now());
      read(response, options).then(bytes => resolve({ status, bytes, contentType, retryAfter, date }), fail);
    });
    // No time-out of an idle socket: a peer that sends a byte now and then would never let it come.
    const giveUp = (why: string) => {
      fail(new Error(why));
      sending.destroy();
    };
    deadline = setTimeout(() => giveUp(`not within ${options.timeoutMs} ms`), options.timeoutMs);
    leave = () => giveUp('the caller has aborted the call');
    signal?.addEventListener('abort', leave, { once: true });
    // The message goes out with the connection's first flight at the earliest; a connection that was kept may have
    // carried it at once.
    sending.on('socket', socket => {
      if (sending.reusedSocket || !isConnecting(socket, secure)) sent = true;
      else
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          sent = true;
        });
    });
    sending.on('error', fail);
    sending.end(said);
  });
  return answered.finally(() => {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', leave);
  });
}

/** An agent that was handed in knows nothing of the session: what TLS is begun with goes along, its own comes first. */
function connectionSettings(secure: boolean, { plain, tls, tlsSettings, httpAgent, httpsAgent }: Shared & Agents) {
  if (!secure) return { agent: httpAgent ?? plain };
  return httpsAgent === undefined ? { agent: tls } : { ...tlsSettings, agent: httpsAgent };
}

/** Whether nothing can have been sent yet: an agent that was handed in may give a connection that is made already. */
function isConnecting(socket: Socket, secure: boolean): boolean {
  return secure ? (socket as { secureConnecting?: boolean }).secureConnecting === true : socket.connecting;
}

async function read(
  response: IncomingMessage,
  { maxBytes, place }: { readonly maxBytes: number; readonly place: Place },
): Promise<Uint8Array> {
  const declared = Number(response.headers['content-length']) || undefined;
  const octets = await octetsOf(response, maxBytes, declared, bytes => placeFor(bytes, place));
  if (octets === undefined) throw tooLongAnswer(maxBytes);
  return octets;
}

function tooLongAnswer(maxBytes: number): AnswerTrouble {
  const { problem, hint } = tooLong(maxBytes);
  return new AnswerTrouble(`the answer ${problem}, or comes in too many pieces`, hint);
}
