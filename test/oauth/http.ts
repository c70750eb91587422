import { once } from 'node:events';
import { Agent, createServer, type RequestListener, request, type Server } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** An answer as its bytes were, without the Date. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 16 });
const servers: Server[] = [];

/** Listens on a free port of this machine. @returns its base address */
export async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Certificate (PEM) of the authority that signed the server's. */
  readonly ca?: string;
}

export function send(url: string, { method = 'GET', headers = {}, body = '', ca }: Sent = {}): Promise<Answer> {
  const options = { method, headers: headers as Record<string, string> };
  return new Promise((resolve, reject) => {
    const outgoing = url.startsWith('https:')
      ? tlsRequest(url, { ...options, agent: tlsAgent, ...(ca === undefined ? {} : { ca }) })
      : request(url, { ...options, agent });
    outgoing.on('response', response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { date: _, ...rest } = response.headers as Record<string, string>;
        resolve({ status: response.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
