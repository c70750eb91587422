// examples/typescript/server.mts: examples/server.mjs, an echo service as one more node of the farm, with types.
import { readFileSync } from 'node:fs';
import { createEndpoint, currentContext, type Endpoint } from 'soap-secure-conversation';

interface Text {
  readonly text: string;
}

const pem = (name: string) => readFileSync(`data/${name}.pem`, 'utf8');
const operations = { Echo: ({ text }: Text): Text => ({ text: `${currentContext().user} said ${text}` }) };

const endpoint: Endpoint = createEndpoint({
  wsdl: 'wsdl/echo.wsdl',
  services: { EchoService: { EchoTls13: operations, EchoSymmetric: operations } },
  ports: { EchoTls13: {}, EchoSymmetric: {} },
  ring: 'data/ring.json',
  authenticate: 'data/users.json',
  certificate: pem('service'),
  key: pem('service-key'),
  tls: { certificate: pem('tls'), key: pem('tls-key') },
  addresses: ['http://localhost:9080', 'https://localhost:9443'],
});
await endpoint.listen({ http: 9080, https: 9443, host: 'localhost' });
console.log('listening on http://localhost:9080 and https://localhost:9443');
process.once('SIGINT', () => endpoint.drain(5_000));
