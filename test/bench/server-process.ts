/**
 * A server in a process of its own, so that its CPU time is its own. Arguments: kind of server, and its settings as
 * JSON.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import express from 'express';
import echoService from '../../src/farm/echo-service.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';

/** What the servers need. */
export interface ServerSettings {
  readonly wsdl: string;
  readonly ring: string;
  readonly users: string;
  readonly service: { readonly certificate: string; readonly key: string };
  readonly tls: { readonly certificate: string; readonly key: string };
}

/** TCP ports that a server listens on. */
export interface Started {
  readonly http: number;
  readonly https: number;
}

/** CPU time of the process so far, in microseconds. */
export interface Usage {
  readonly cpuUs: number;
}

const host = '127.0.0.1';

async function startOurs(settings: ServerSettings): Promise<Started> {
  const text = (file: string) => readFileSync(file, 'utf8');
  const { wsdl, ring, users, service, tls } = settings;
  const ports = { http: await freePort(), https: await freePort() };
  const endpoint = createEndpoint({
    wsdl,
    services: echoService,
    ring,
    authenticate: users,
    certificate: text(service.certificate),
    key: text(service.key),
    tls: { certificate: text(tls.certificate), key: text(tls.key) },
    addresses: [`http://localhost:${ports.http}`, `https://localhost:${ports.https}`],
  });
  await endpoint.listen({ ...ports, host });
  return ports;
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** node-soap on express without any security, as its documentation shows it. */
function startExpress({ wsdl }: ServerSettings): Promise<Started> {
  const soap: typeof import('soap') = createRequire(import.meta.url)('soap');
  const { Echo, Add } = echoService.EchoService.EchoSymmetric;
  const application = express();
  return new Promise((resolve, reject) => {
    const server = application.listen(0, host, error => {
      if (error) reject(error);
      soap.listen(application, {
        path: '/EchoSymmetric',
        services: { EchoService: { EchoSymmetric: { Echo, Add } } },
        xml: readFileSync(wsdl, 'utf8'),
        uri: wsdl,
        forceSoap12Headers: true,
        callback: () => resolve({ http: (server.address() as AddressInfo).port, https: 0 }),
      });
    });
  });
}

const starts: Readonly<Record<string, (settings: ServerSettings) => Promise<Started>>> = {
  ours: startOurs,
  express: startExpress,
};

const [kind = '', settings = '{}'] = process.argv.slice(2);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system } satisfies Usage);
});
// The bench ends its servers; a profile is written only by a process that exits by itself.
process.on('disconnect', () => process.exit(0));
process.send?.(await starts[kind]?.(JSON.parse(settings)));
