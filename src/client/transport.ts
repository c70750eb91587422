import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { checkAuthorities } from '../crypto/tls-certificates.ts';
import { NetworkError } from './network-error.ts';
import type { RetryHeaders } from './service-busy.ts';

/** What came back over HTTP. */
export interface HttpResponse extends RetryHeaders {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** HTTP headers by name. */
export type PostHeaders = Readonly<Record<string, string>>;

/** Posts messages over connections that are kept. */
export interface Transport {
  /**
   * @param headers of HTTP; Content-Length is added
   * @param withinMs longest wait for the whole answer; default: the transport's
   * @throws {NetworkError} where no whole answer came
   */
  post(address: string, message: string, headers: PostHeaders, withinMs?: number): Promise<HttpResponse>;
  close(): void;
}

/** Options of a {@link Transport}. */
export interface TransportOptions {
  /** Trusted CA certificates (PEM); default: Node's own. */
  readonly ca: string | undefined;
  /** Longest wait for the whole answer, counted from when the message is given to be sent: 1 ms to a day. */
  readonly timeoutMs: number;
  /** Longest answer. */
  readonly maxBytes: number;
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
  if (options.ca !== undefined) checkAuthorities(options.ca, 'ca');
  const settings = { keepAlive: true, timeout: keptIdleMs, maxSockets: 256, scheduling: 'lifo' } as const;
  const plain = new Agent(settings);
  const tls = new TlsAgent({ ...settings, ...(options.ca === undefined ? {} : { ca: options.ca }) });
  return {
    post: (address, message, headers, withinMs = options.timeoutMs) =>
      post(address, message, headers, { plain, tls }, { ...options, timeoutMs: withinMs }),
    close() {
      plain.destroy();
      tls.destroy();
    },
  };
}

function post(
  address: string,
  message: string,
  headers: PostHeaders,
  agents: { plain: Agent; tls: TlsAgent },
  options: TransportOptions,
): Promise<HttpResponse> {
  let deadline: NodeJS.Timeout | undefined;
  const answered = new Promise<HttpResponse>((resolve, reject) => {
    const url = new URL(address);
    const secure = url.protocol === 'https:';
    const sentHeaders = { ...headers, 'Content-Length': Buffer.byteLength(message) };
    const settings = { method: 'POST', headers: sentHeaders, agent: secure ? agents.tls : agents.plain };
    let sent = false;
    const fail = (cause: Error) => reject(new NetworkError(address, cause, sent));
    const sending = (secure ? httpsRequest : httpRequest)(url, settings, response => {
      const { statusCode: status = 0, headers } = response;
      const { 'retry-after': retryAfter, date } = headers;
      read(response, options.maxBytes).then(bytes => resolve({ status, bytes, retryAfter, date }), fail);
    });
    // No time-out of an idle socket: a peer that sends a byte now and then would never let it come.
    deadline = setTimeout(() => {
      fail(new Error(`not within ${options.timeoutMs} ms`));
      sending.destroy();
    }, options.timeoutMs);
    // The message goes out with the connection's first flight at the earliest; a connection that was kept may have
    // carried it at once.
    sending.on('socket', socket => {
      if (sending.reusedSocket) sent = true;
      else
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          sent = true;
        });
    });
    sending.on('error', fail);
    sending.end(message);
  });
  return answered.finally(() => clearTimeout(deadline));
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`answer longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
