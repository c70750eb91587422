/** One look at an address over HTTP: what answers there, by which clock, with which certificates. */
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { httpDateMs } from '../../client/service-busy.ts';
import { octetsOf } from '../../octets.ts';
import { getOnce } from '../../policy/fetch-document.ts';

/** What one look takes at most. */
export const lookLimits = { ms: 5_000, bodyBytes: 65_536, certificates: 8 } as const;

/** What a server shows of itself when TLS begins. */
export interface ShownTls {
  /** OpenSSL's or Node's code of what is wrong with it; undefined where the chain is trusted and names the host. */
  readonly problem: string | undefined;
  /** Its own certificate first, then who issued it, as far as it can be told from what was sent and is trusted. */
  readonly chain: readonly X509Certificate[];
}

/** What was seen. */
export interface Seen {
  readonly status: number;
  /** Empty where the look was not for it. */
  readonly body: string;
  /**
   * How far the Date of the answer (RFC 9110 §6.6.1) is ahead of the clock here, to about a second; undefined where
   * there is none.
   */
  readonly aheadMs: number | undefined;
  /** Undefined without TLS. */
  readonly tls: ShownTls | undefined;
}

/** How a look is taken. */
export interface Looking {
  /** Trusted CA certificates (PEM); undefined: Node's own. */
  readonly ca: string | undefined;
  readonly clock: () => number;
  /** Whether the body is read; default: no. */
  readonly wantsBody?: true;
}

/**
 * Asks an address with a GET that holds nothing but its path. Certificates are judged and told about, and no reason to
 * hang up: one that has expired may do so by a clock that is wrong, and nothing that is a secret is sent or believed.
 * @throws {Error} Node's, where nothing answers within 5 s; rejects with it
 */
export function lookAt(address: URL, { ca, clock, wantsBody }: Looking): Promise<Seen> {
  const options = {
    signal: AbortSignal.timeout(lookLimits.ms),
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca }),
  };
  const sentMs = clock();
  return getOnce(address, options, response => seen(response, (sentMs + clock()) / 2, wantsBody === true));
}

async function seen(response: IncomingMessage, atMs: number, wantsBody: boolean): Promise<Seen> {
  const { statusCode: status = 0, headers, socket } = response;
  const tls = socket instanceof TLSSocket ? shownBy(socket) : undefined;
  const octets = wantsBody ? await octetsOf(response, lookLimits.bodyBytes) : undefined;
  return { status, body: octets?.toString('utf8') ?? '', aheadMs: aheadOf(httpDateMs(headers.date), atMs), tls };
}

/** A Date has its fraction of a second cut off: half a second on average. */
function aheadOf(dateMs: number | undefined, atMs: number): number | undefined {
  return dateMs === undefined ? undefined : dateMs + 500 - atMs;
}

function shownBy(socket: TLSSocket): ShownTls {
  const { authorizationError: problem } = socket;
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < lookLimits.certificates) {
    chain.push(next);
    const issuer: X509Certificate | undefined = next.issuerCertificate;
    next = issuer?.fingerprint256 === next.fingerprint256 ? undefined : issuer;
  }
  // Node's type says Error; what is there is its code.
  return { problem: problem ? String(problem) : undefined, chain };
}
