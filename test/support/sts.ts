import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { RingRecords } from '../../src/keyring/record.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import type { IssuerOptions } from '../../src/server/issuer-options.ts';
import { createSts, type Sts } from '../../src/server/sts.ts';
import type { StsOptions } from '../../src/server/sts-options.ts';
import { freePort } from './endpoint.ts';
import { authenticate, keptLog, wsdl } from './node.ts';
import { pem } from './pem.ts';

/** An issuer with sockets of its own on loopback. */
export interface ListeningSts {
  readonly sts: Sts;
  readonly http: number;
  readonly https: number;
  readonly relay: number;
  /** Address of a WSDL port at the issuer, for clients who know it. */
  address(port: string): string;
  readonly lines: string[];
  close(): Promise<void>;
}

/** What a node has to know of an issuer that listens there. */
export const issuerAt = (port: number, options: Partial<IssuerOptions> = {}): IssuerOptions => ({
  address: `https://localhost:${port}`,
  ca: pem.ca.certificate,
  certificate: pem.node.certificate,
  key: pem.node.key,
  ...options,
});

/**
 * Starts an issuer for wsdl/echo.wsdl.
 * @param own TCP ports of it; default: free ones
 */
export async function listenSts(
  ring: RingRecords,
  options: Partial<StsOptions> = {},
  own: Partial<Record<'http' | 'https' | 'relay', number>> = {},
): Promise<ListeningSts> {
  const folder = mkdtempSync(join(tmpdir(), 'listening-sts-'));
  const file = join(folder, 'ring.json');
  writeRingFile(file, ring);
  const { log, lines } = keptLog();
  const ports = { http: await freePort(), https: await freePort(), relay: await freePort(), ...own };
  const sts = createSts({
    wsdls: [wsdl],
    ring: file,
    authenticate,
    certificate: pem.service.certificate,
    key: pem.service.key,
    tls: { certificate: pem.tls.certificate, key: pem.tls.key },
    ownAddresses: [`http://localhost:${ports.http}`, `https://localhost:${ports.https}`],
    relays: { ca: pem.ca.certificate },
    log,
    ...options,
  });
  const close = async () => {
    await sts.drain(0);
    rmSync(folder, { recursive: true });
  };
  await sts.listen(ports, 'localhost').catch(async error => {
    await close();
    throw error;
  });
  return {
    sts,
    ...ports,
    address: port =>
      port === 'EchoSymmetric' ? `http://localhost:${ports.http}/${port}` : `https://localhost:${ports.https}/${port}`,
    lines,
    close,
  };
}

/** An answer as it was on the wire. */
export interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly body: string;
}

const secureContext = createSecureContext({ ca: pem.ca.certificate });

/** Posts a message over a connection of its own. */
export function post(
  address: string,
  message: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'Content-Type': 'application/soap+xml; charset=utf-8', ...headers },
      secureContext,
      agent: false as const,
      ...(signal === undefined ? {} : { signal }),
    };
    const sending = (address.startsWith('https') ? httpsRequest : httpRequest)(address, options, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, body: bytes.toString() });
      });
    });
    sending.on('error', reject).end(message);
  });
}

/** Something that stands where an issuer is expected, and answers as a test likes. */
export interface FalseSts {
  readonly port: number;
  /** The requests that came, in order. */
  readonly requests: { readonly url: string; readonly rawHeaders: readonly string[]; readonly body: Buffer }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function listenFalseSts(): Promise<FalseSts> {
  const server = createTlsServer(
    { cert: pem.tls.certificate, key: pem.tls.key, ca: pem.ca.certificate, requestCert: true },
    async (request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => {});
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { url = '', rawHeaders } = request;
      sts.requests.push({ url, rawHeaders, body: Buffer.concat(chunks) });
      sts.answer(request, response);
    },
  );
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  const sts: FalseSts = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    answer: (_, response) => void response.writeHead(500).end(),
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return sts;
}
