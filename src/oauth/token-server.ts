import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { TlsCertificate } from '../crypto/tls-certificates.ts';
import { closeServer, listenOn } from '../server/listener.ts';
import { boundedLog } from '../server/log.ts';
import type { Mounted, Served } from '../server/requests.ts';
import { addressList } from '../users/addresses.ts';
import { type BearerTokens, bearerTokens } from './bearer-tokens.ts';
import { oauthPath } from './oauth-path.ts';
import { type BearerTokensOptions, readBearerTokensOptions } from './service-options.ts';

/** A token service on a listener of its own, for a machine that does nothing else. */
export interface TokenServer {
  /**
   * Listens with TLS; `0` is any free port.
   * @returns the TCP port
   * @throws {SecureConversationError} `LISTEN_FAILED`
   */
  listen(options: { readonly https: number; readonly host?: string }): Promise<number>;
  /** Stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
}

/** The token service as a listener of node:http mounts it. */
export function mountedTokens(tokens: BearerTokens): Mounted {
  const app = express();
  app.disable('x-powered-by');
  app.use(oauthPath, tokens);
  app.use((_request, response) => void response.status(404).end());
  return { path: oauthPath, handler: app as RequestListener };
}

/**
 * Makes a server for a token service alone, with the same time-outs and limits as a node's.
 * @param tls certificate and private key (PEM)
 * @throws {SecureConversationError} like {@link bearerTokens}
 */
export function createTokenServer(options: BearerTokensOptions, tls: TlsCertificate): TokenServer {
  const { log } = readBearerTokensOptions(options);
  const served: Served = {
    ports: new Map(),
    wsdl: () => undefined,
    mounted: mountedTokens(bearerTokens({ ...options, log })),
    maxBytes: 0,
    trustedProxies: addressList([]),
    ready: Promise.resolve(),
    isDraining: false,
    log: boundedLog(log),
  };
  const servers: Server[] = [];
  return {
    async listen({ https, host }) {
      const server = await listenOn(served, { port: https, host, exclusive: false, tls });
      servers.push(server);
      return (server.address() as AddressInfo).port;
    },
    async drain(ms) {
      served.isDraining = true;
      await Promise.all(servers.splice(0).map(server => closeServer(server, Math.min(ms / 2, 1_000), ms)));
    },
  };
}
