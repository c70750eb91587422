import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/crypto/random.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { createEndpoint, type Endpoint, type EndpointOptions } from '../../src/server/endpoint.ts';
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

/** Starts a node; `addresses` of a farm's other nodes are whatever they are, because wsa:To says the WSDL's address unless told else. */
export async function listen(options: Partial<EndpointOptions> = {}, ring: RingRecords = freshRing()): Promise<ListeningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'listening-node-'));
  const file = join(folder, 'ring.json');
  writeRingFile(file, ring);
  const calls: string[] = [];
  const { log, lines } = keptLog();
  const addresses: string[] = [];
  const endpoint = createEndpoint({
    wsdl,
    services: notedService(calls),
    ring: file,
    authenticate,
    ...pem.service,
    tls: pem.tls,
    addresses,
    log,
    ...options,
  });
  const {
    addresses: { http = 0, https = 0 },
  } = await endpoint.listen({ http: 0, https: 0, host: 'localhost' });
  return {
    endpoint,
    http,
    https,
    address: port => (port === 'EchoSymmetric' ? `http://localhost:${http}/${port}` : `https://localhost:${https}/${port}`),
    calls,
    lines,
    async close() {
      await endpoint.close();
      rmSync(folder, { recursive: true });
    },
  };
}
