/** The node that is attacked, in a process of its own. Argument: its settings as JSON. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import echoService from '../../../src/farm/echo-service.ts';
import { freePort, loopbackHosts } from '../../../src/farm/ports.ts';
import { createEndpoint } from '../../../src/server/endpoint.ts';

/** What the node is made of. */
export interface NodeSettings {
  readonly wsdl: string;
  readonly ring: string;
  readonly users: string;
  readonly certificate: string;
  readonly key: string;
}

/** What the node says of itself when it is asked. */
export interface NodeReport {
  readonly issued: number;
  readonly cpuUs: number;
}

const [settings = '{}'] = process.argv.slice(2);
const { wsdl, ring, users, certificate, key }: NodeSettings = JSON.parse(settings);
const http = await freePort(loopbackHosts());
const endpoint = createEndpoint({
  wsdl,
  services: echoService,
  ring,
  authenticate: users,
  certificate: readFileSync(certificate, 'utf8'),
  key: readFileSync(key, 'utf8'),
  addresses: [`http://127.0.0.1:${http}`],
  ports: { EchoSymmetric: {} },
  trustedProxies: ['127.0.0.1', '::1'],
  // Written and thrown away: a line for each refusal belongs to what a refusal costs.
  log: pino({ level: 'warn' }, pino.destination('/dev/null')),
});
await endpoint.listen({ http, host: '127.0.0.1' });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ issued: endpoint.statistics().issued, cpuUs: user + system } satisfies NodeReport);
});
process.on('disconnect', () => process.exit(0));
process.send?.(http);
