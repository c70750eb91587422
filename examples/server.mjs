// A SOAP service behind WS-SecureConversation: node server.mjs DATA_FOLDER (made by `npm start`), listens on free ports.
import { readFileSync } from 'node:fs';
import { createEndpoint, currentContext } from 'soap-secure-conversation';

const data = process.argv[2] ?? 'data';
const pem = name => readFileSync(`${data}/${name}`, 'utf8');
const operations = { Echo: ({ text }) => ({ text: `${currentContext().user}: ${text}` }) };

const endpoint = createEndpoint({
  wsdl: new URL('../wsdl/echo.wsdl', import.meta.url).pathname,
  services: { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } },
  ring: `${data}/ring.json`,
  authenticate: async (username, password) => (password === 'secret' ? { user: username, roles: [] } : undefined),
  certificate: pem('service.crt'),
  key: pem('service.key'),
  tls: { certificate: pem('tls.crt'), key: pem('tls.key') },
  addresses: process.argv.slice(3),
});
const { addresses } = await endpoint.listen({ http: 0, https: 0, host: 'localhost' });
console.log(JSON.stringify(addresses));
process.once('SIGTERM', () => endpoint.drain(5_000));
