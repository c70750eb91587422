// examples/client.mjs: calls the service of examples/server.mjs in one conversation.
import { readFileSync } from 'node:fs';
import soap from 'soap';
import { secureConversation } from 'soap-secure-conversation/client';

const client = await soap.createClientAsync('wsdl/echo.wsdl');
const conversation = secureConversation(client, {
  port: 'EchoSymmetric',
  addresses: ['http://localhost:9080/EchoSymmetric'],
  username: 'demo',
  password: readFileSync('data/demo-password', 'utf8').trim(),
  serviceCertificate: readFileSync('data/service.pem', 'utf8'),
});
client.setSecurity(conversation);
const [answer] = await client.EchoAsync({ text: 'hello' });
console.log(answer.text);
await conversation.close();
