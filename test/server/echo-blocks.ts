import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import type { SecureConversation } from '../../src/client/secure-conversation.ts';
import { type Man, standBetween } from '../client/man.ts';
import { secureThrough } from '../client/secure-through.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { type PortName, wsdl } from '../support/node.ts';

/** The namespace of the header blocks that the policy `signed` names. */
export const app = 'urn:app';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/** A client, the man that it sends to, and the endpoint behind him. */
interface Connected<EchoClient> {
  readonly client: EchoClient;
  readonly man: Man;
  readonly endpoint: ListeningNode['endpoint'];
}

/** Nodes whose policy signs the header blocks of an application or does not, and a man between them and clients. */
export interface EchoBlocks<EchoClient extends Client> {
  readonly nodes: Readonly<Record<'plain' | 'signed', ListeningNode>>;
  connect(port: PortName, policy: 'plain' | 'signed'): Promise<Connected<EchoClient>>;
  /** Closes clients, and ends what the men do. */
  closeClients(): Promise<void>;
  end(): Promise<void>;
}

/** Starts the nodes with these operations at all ports. */
export async function startEchoBlocks<EchoClient extends Client>(operations: object): Promise<EchoBlocks<EchoClient>> {
  const folder = mkdtempSync(join(tmpdir(), 'echo-blocks-'));
  const signedWsdl = join(folder, 'signed.wsdl');
  const wanted = `<sp:Header Namespace="${app}"/>`;
  writeFileSync(
    signedWsdl,
    echoText({ within: 'wsu:Id="EchoSymmetric_message_policy"', from: '<sp:Body/>', to: `<sp:Body/>${wanted}` }),
  );
  const men = { http: await standBetween('http'), https: await standBetween('https') };
  const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
  const options = { addresses: [men.http.base, men.https.base], services: { EchoService: ports } };
  const nodes = { plain: await listen(options), signed: await listen({ ...options, wsdl: signedWsdl }) };
  const open: SecureConversation[] = [];
  return {
    nodes,
    async connect(port, policy) {
      const client = (await soap.createClientAsync(policy === 'plain' ? wsdl : signedWsdl, {
        forceSoap12Headers: true,
      })) as EchoClient;
      const { transport } = planOf(port);
      const man = men[transport];
      man.upstream = nodes[policy][transport];
      open.push(secureThrough(man, client, port));
      return { client, man, endpoint: nodes[policy].endpoint };
    },
    async closeClients() {
      await Promise.all(open.splice(0).map(each => each.close()));
      for (const man of Object.values(men)) man.meddle = undefined;
    },
    async end() {
      await Promise.all([...Object.values(nodes), ...Object.values(men)].map(each => each.close()));
      rmSync(folder, { recursive: true });
    },
  };
}
