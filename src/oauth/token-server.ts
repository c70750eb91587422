import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { PemPair } from '../crypto/pkcs12.ts';
import { checkTlsCertificate } from '../crypto/tls-certificates.ts';
import { openRing } from '../keyring/ring-source.ts';
import { servedAlone } from '../server/admin.ts';
import { closeServer, listenOn, useTls } from '../server/listener.ts';
import { boundedLog, logOf } from '../server/log.ts';
import { nodeReadiness, type Readiness } from '../server/readiness.ts';
import type { Mounted, Served } from '../server/requests.ts';
import { cancelList } from '../state/cancel-list.ts';
import { revokedBefore } from '../state/revoked.ts';
import { memoryStore } from '../store/memory-store.ts';
import { type BearerTokens, bearerTokens } from './bearer-tokens.ts';
import { oauthPath } from './oauth-path.ts';
import { type BearerTokensOptions, readBearerTokensOptions } from './service-options.ts';
import type { TokenStatistics } from './token-statistics.ts';

/** A token service on a listener of its own, for a machine that does nothing else. */
export interface TokenServer {
  /**
   * Listens with TLS; `0` is any free port.
   * @returns the TCP port
   * @throws {SecureConversationError} `LISTEN_FAILED`
   */
  listen(options: { readonly https: number; readonly host?: string }): Promise<number>;
  /**
   * Uses another certificate for new connections.
   * @throws {SecureConversationError} `CERTIFICATE_INVALID` for what can't be used; then the one before stays
   */
  useCertificate(tls: PemPair): void;
  /** Stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
  statistics(): TokenStatistics;
  /** How it is, as its `/readyz` says it. */
  readiness(): Readiness;
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
export function createTokenServer(options: BearerTokensOptions, tls: PemPair): TokenServer {
  const settings = readBearerTokensOptions(options);
  const { clock, store = memoryStore({ clock }) } = settings;
  const log = logOf(settings);
  const ring = openRing(settings.ring);
  const tokens = bearerTokens({ ...options, ring, store, log });
  const ended = [cancelList(store, clock), revokedBefore(store, { clock })];
  const readiness = nodeReadiness({ ring, store, ended, clockSkewMs: ring.ring().policy.skewMs, clock });
  const now = () => readiness(served.isDraining);
  const served: Served = servedAlone({
    mounted: mountedTokens(tokens),
    readiness: now,
    log: boundedLog(log),
  });
  const servers: Server[] = [];
  let present = tls;
  return {
    async listen({ https, host }) {
      const server = await listenOn(served, { port: https, host, exclusive: false, tls: present });
      servers.push(server);
      return (server.address() as AddressInfo).port;
    },
    useCertificate(next) {
      checkTlsCertificate(next, { certificate: 'certificate', key: 'key' });
      present = next;
      for (const server of servers) useTls(server, next, {});
    },
    statistics: tokens.statistics,
    readiness: now,
    async drain(ms) {
      served.isDraining = true;
      await Promise.all(servers.splice(0).map(server => closeServer(server, ms)));
      // One that was given open is also others'.
      if (typeof settings.ring === 'string') ring.close();
    },
  };
}
