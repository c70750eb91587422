// examples/typescript/client.mts: examples/client.mjs, which calls the service in one conversation, with types.
import { readFileSync } from 'node:fs';
import soap from 'soap';
import { type SecureConversation, secureConversation } from 'soap-secure-conversation/client';

const client = await soap.createClientAsync('wsdl/echo.wsdl');
const conversation: SecureConversation = secureConversation(client, {
  port: 'EchoSymmetric',
  addresses: ['http://localhost:9080/EchoSymmetric'],
  username: 'demo',
  password: readFileSync('data/demo-password', 'utf8').trim(),
  serviceCertificate: readFileSync('data/service.pem', 'utf8'),
});
client.setSecurity(conversation);
const [answer]: [{ readonly text: string }] = await client.EchoAsync({ text: 'hello' });
console.log(answer.text);
await conversation.close();
