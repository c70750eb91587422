import { resolve } from 'node:path';
import { createClientAsync } from 'soap';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { WireExchange } from '../../src/client/session-options.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import type { Made } from './certificates.ts';
import { type ListeningNode, listen } from './endpoint.ts';
import { pem } from './pem.ts';

/* The port whose bootstrap is protected between certificates, its service and its client. */

const wsdl = resolve('test/interop/wsdl/ping.wsdl');
export const pingPort = '_X10_IPingService';

const said = (name: string) => ({
  $xml:
    `<p:${name} xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>O</p:origin>` +
    `<p:text>T</p:text></p:${name}>`,
});

/** @param authority who clients are trusted by */
export function listenPing(authority: Made, options: Partial<EndpointOptions> = {}): Promise<ListeningNode> {
  return listen({
    wsdl,
    services: { PingService: { [pingPort]: { Ping: () => said('PingResponse') } } },
    ports: { [pingPort]: {} },
    trust: authority.pem,
    ...options,
  });
}

/** Calls Ping as a client who begins a conversation for it. @returns the error, or null */
export async function ping(
  { pem: certificate, key }: Made,
  address: string,
  trace: (exchange: WireExchange) => void = () => {},
): Promise<unknown> {
  const client = await createClientAsync(wsdl);
  client.setSecurity(
    secureConversation(client, {
      port: pingPort,
      serviceCertificate: pem.service.certificate,
      certificate,
      key,
      addresses: [address],
      trace,
    }),
  );
  return new Promise(done => {
    client.PingService[pingPort].Ping(said('Ping'), (error: unknown) => done(error));
  });
}
