// examples/typescript/failover.mts: examples/failover.mjs, which kills the node that answered, with types.
import { readFileSync } from 'node:fs';
import soap from 'soap';
import { secureConversation } from 'soap-secure-conversation/client';

interface Farm {
  readonly admin: string;
  readonly nodes: readonly { readonly http: string }[];
}

interface Status {
  readonly nodes: readonly { readonly name: string; readonly pid: number }[];
}

interface WhoAmI {
  readonly node: string;
  readonly contextId: string;
  readonly openedFrom: string;
}

const farm: Farm = JSON.parse(readFileSync('data/farm.json', 'utf8'));
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

const [before]: [WhoAmI] = await client.WhoAmIAsync({});
console.log(`${before.node} answered, conversation ${before.contextId} (${before.openedFrom})`);
const { nodes } = (await (await fetch(`${farm.admin}/status.json`)).json()) as Status;
for (const { name, pid } of nodes) if (name === before.node) process.kill(pid, 'SIGKILL');
console.log(`${before.node} killed`);
const [after]: [WhoAmI] = await client.WhoAmIAsync({});
console.log(`${after.node} answered, conversation ${after.contextId} (${after.openedFrom})`);
await conversation.close();
