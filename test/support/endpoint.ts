import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/crypto/random.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import type { Endpoint } from '../../src/server/open-endpoint.ts';
import { authenticate, keptLog, notedService, wsdl } from './node.ts';
import { pem } from './pem.ts';

/** One node of a farm with sockets of its own on loopback. */
export interface ListeningNode {
  readonly endpoint: Endpoint;
  readonly http: number;
  readonly https: number;
  /** Address of a WSDL port on this node. */
  address(port: string): string;
  readonly calls: string[];
  readonly lines: string[];
  close(): Promise<void>;
}

/** A ring for nodes that are to be one farm. */
export const freshRing = () => createRing({ nowMs: Date.now(), random: systemRandom });

const given = new Set<number>();

/**
 * A TCP port of localhost that nothing listens on. It is none of those that a system takes for outgoing connections or
 * gives who asks for any, nor of those that a farm takes for its nodes: nobody has it before it is listened on.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 20_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Starts a node; `addresses`: further ones that clients may send to, beside its own. */
export async function listen(
  options: Partial<EndpointOptions> = {},
  ring: RingRecords = freshRing(),
): Promise<ListeningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'listening-node-'));
  const file = join(folder, 'ring.json');
  writeRingFile(file, ring);
  const calls: string[] = [];
  const { log, lines } = keptLog();
  const [http, https] = [await freePort(), await freePort()];
  const endpoint = createEndpoint({
    wsdl,
    services: notedService(calls),
    ring: file,
    // Where somebody else issues, these are theirs.
    ...(options.issuer === undefined
      ? { authenticate, certificate: pem.service.certificate, key: pem.service.key }
      : {}),
    tls: { certificate: pem.tls.certificate, key: pem.tls.key },
    log,
    ...options,
    addresses: [`http://localhost:${http}`, `https://localhost:${https}`, ...(options.addresses ?? [])],
  });
  await endpoint.listen({ http, https, host: 'localhost' });
  return {
    endpoint,
    http,
    https,
    address: port =>
      port === 'EchoSymmetric' ? `http://localhost:${http}/${port}` : `https://localhost:${https}/${port}`,
    calls,
    lines,
    async close() {
      await endpoint.close();
      rmSync(folder, { recursive: true });
    },
  };
}
