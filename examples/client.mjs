// A SOAP client that keeps a conversation: node client.mjs WSDL_URL PORT USER PASSWORD CA_FILE SERVICE_CERTIFICATE_FILE
import { readFileSync } from 'node:fs';
import soap from 'soap';
import { secureConversation } from 'soap-secure-conversation';

const [wsdl, port, username, password, ca, serviceCertificate] = process.argv.slice(2);
const client = await soap.createClientAsync(wsdl);
const security = secureConversation(client, {
  port,
  username,
  password,
  ca: readFileSync(ca, 'utf8'),
  serviceCertificate: readFileSync(serviceCertificate, 'utf8'),
});
client.setSecurity(security);
const [answer] = await client.EchoAsync({ text: 'hello' });
console.log(answer.text);
await security.close();
