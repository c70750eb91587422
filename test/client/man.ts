import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { pem } from '../support/pem.ts';

/** A message as it passes, and what became of it. */
export interface Passage {
  readonly request: string;
  readonly soapAction: string;
  status: number;
  response: string;
}

/** An answer to give, with further headers. */
export interface Meddled {
  readonly status: number;
  readonly response: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Forward = (message: string) => Promise<{ status: number; response: string }>;

/** Stands between clients and a node, over TLS with a certificate that they trust. */
export interface Man {
  /** Base address. */
  readonly base: string;
  readonly passages: Passage[];
  /** Port of the node on localhost that messages are forwarded to. */
  upstream: number;
  /**
   * What is done with the next messages: an answer to give, undefined to cut the connection off.
   * Absent: forward them and give back what came.
   */
  meddle: ((message: string, forward: Forward) => Promise<Meddled | undefined>) | undefined;
  close(): Promise<void>;
}

const secureContext = createSecureContext({ ca: pem.ca.certificate });

export async function standBetween(scheme: 'http' | 'https'): Promise<Man> {
  const server = scheme === 'https' ? createTlsServer({ cert: pem.tls.certificate, key: pem.tls.key }) : createServer();
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const message = Buffer.concat(chunks).toString();
    const contentType = request.headers['content-type'] ?? '';
    const forward: Forward = text => post(`${scheme}://localhost:${man.upstream}${request.url}`, text, contentType);
    const passage = {
      request: message,
      soapAction: /action="([^"]*)"/.exec(contentType)?.[1] ?? '',
      status: 0,
      response: '',
    };
    man.passages.push(passage);
    const answer: Meddled | undefined = await (man.meddle ?? ((text, on) => on(text)))(message, forward);
    if (answer === undefined) return request.socket.destroy();
    const { status, response: text, headers } = answer;
    Object.assign(passage, { status, response: text });
    response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8', ...headers }).end(text);
  });
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  const man: Man = {
    base: `${scheme}://localhost:${(server.address() as AddressInfo).port}`,
    passages: [],
    upstream: 0,
    meddle: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return man;
}

function post(address: string, message: string, contentType: string): Promise<{ status: number; response: string }> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'Content-Type': contentType }, secureContext, agent: false };
    const sending = (address.startsWith('https') ? httpsRequest : httpRequest)(address, options, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, response: text }));
    });
    sending.on('error', reject).end(message);
  });
}
