// examples/failover.mjs: calls the running farm, kills the node that answered, and calls on in the same conversation.
import { readFileSync } from 'node:fs';
import soap from 'soap';
import { secureConversation } from 'soap-secure-conversation/client';

const farm = JSON.parse(readFileSync('data/farm.json', 'utf8'));
const client = await soap.createClientAsync('wsdl/echo.wsdl');
const conversation = secureConversation(client, {
  port: 'EchoSymmetric',
  addresses: farm.nodes.map(node => `${node.http}/EchoSymmetric`),
  retry: 'any',
  username: 'demo',
  password: readFileSync('data/demo-password', 'utf8').trim(),
  serviceCertificate: readFileSync('data/service.pem', 'utf8'),
});
client.setSecurity(conversation);

const [before] = await client.WhoAmIAsync({});
console.log(`${before.node} answered, conversation ${before.contextId} (${before.openedFrom})`);
const { nodes } = await (await fetch(`${farm.admin}/status.json`)).json();
for (const { name, pid } of nodes) if (name === before.node) process.kill(pid, 'SIGKILL');
console.log(`${before.node} killed`);
const [after] = await client.WhoAmIAsync({});
console.log(`${after.node} answered, conversation ${after.contextId} (${after.openedFrom})`);
await conversation.close();
