import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Awaitable } from '../awaitable.ts';
import { loopbackNames } from '../loopback-names.ts';
import { addressList } from '../users/addresses.ts';
import { parseHost } from './host.ts';
import { closeServer, listenOn } from './listener.ts';
import type { Log } from './log.ts';
import { alivePage, type Page, readinessPage } from './probes.ts';
import { pathOf } from './request-path.ts';
import type { Mounted, Served } from './requests.ts';

/** What a node says of itself to who runs it. */
export interface AdminSources {
  readonly readiness: () => { readonly ready: boolean };
  /** All metrics, as Prometheus reads them. */
  readonly metrics: () => Promise<string>;
  /** Further pages. */
  readonly more?: AdminPages | undefined;
}

/** An answer that has no end of its own. */
export interface Feed {
  /** Writes its head, and what there is from time to time. */
  readonly follow: (response: ServerResponse) => void;
}

/** What is answered, by path. */
export type AdminPages = Readonly<Record<string, () => Awaitable<Page | Feed>>>;

/** The text format of Prometheus, which is what `metrics()` of prom-client's registry is in. */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

function adminPages({ readiness, metrics, more }: AdminSources): AdminPages {
  return {
    ...more,
    '/healthz': alivePage,
    '/readyz': () => readinessPage(readiness()),
    '/metrics': async () => ({ status: 200, contentType: metricsType, body: await metrics() }),
  };
}

/** Where an admin address listens. */
export interface AdminAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** An admin address that is listened on. */
export interface Admin {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on an admin address, with the time-outs and limits of a node's own.
 * @throws {SecureConversationError} `LISTEN_FAILED`
 */
export async function openAdmin({ host, port }: AdminAddress, sources: AdminSources, log: Log): Promise<Admin> {
  const mounted = { path: '', handler: pagesListener(adminPages(sources), isLoopback(host), log) };
  const served = servedAlone({ mounted, readiness: sources.readiness, log });
  const server: Server = await listenOn(served, { port, host, exclusive: true, tls: undefined });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, 0),
  };
}

/** What a listener serves that has no ports of a WSDL. */
export function servedAlone({
  mounted,
  readiness,
  log,
}: {
  readonly mounted: Mounted;
  readonly readiness: Served['readiness'];
  readonly log: Log;
}): Served {
  return {
    ports: new Map(),
    wsdl: () => undefined,
    readiness,
    mounted,
    maxBytes: () => 0,
    trustedProxies: addressList([]),
    tlsOffloadedFrom: addressList([]),
    ready: Promise.resolve(),
    isDraining: false,
    isClosed: false,
    refused: () => undefined,
    log,
  };
}

const plain = 'text/plain';

function isLoopback(host: string): boolean {
  return loopbackNames.test(host.includes(':') ? `[${host}]` : host);
}

/**
 * Answers with pages. A page of another site that had its name point to a loopback address (DNS rebinding) would send
 * that name as Host.
 */
function pagesListener(pages: AdminPages, isLocal: boolean, log: Log): RequestListener {
  return (request, response) => {
    answerPage(pages, isLocal, request, response).catch(err => {
      log.error({ err }, 'admin page failed');
      response.destroy();
    });
  };
}

async function answerPage(
  pages: AdminPages,
  isLocal: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers, method } = request;
  const path = pathOf(request);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const name = parseHost(headers.host ?? 'localhost')?.name ?? '';
  if (isLocal && !loopbackNames.test(name)) end(response, { status: 421, contentType: plain, body: 'wrong host\n' });
  else if (page === undefined) end(response, { status: 404, contentType: plain, body: 'not found\n' });
  else if (method !== 'GET' && method !== 'HEAD')
    end(response.setHeader('Allow', 'GET, HEAD'), { status: 405, contentType: plain, body: 'GET only\n' });
  else answerWith(await page(), request, response);
}

function answerWith(page: Page | Feed, { method }: IncomingMessage, response: ServerResponse): void {
  if (!('follow' in page)) end(response, page);
  // Nobody follows what has no body.
  else if (method === 'HEAD') response.end();
  else page.follow(response);
}

function end(response: ServerResponse, { status, contentType, body, headers }: Page): void {
  response
    .writeHead(status, {
      ...headers,
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    })
    .end(body);
}
