import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { replaced } from '../support/initiator.ts';
import { user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { isCall } from './farm.ts';
import { type Man, standBetween } from './man.ts';

/* node-soap's client reads the header blocks of an answer by the same rules as its Body. */

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');
const echo = { Echo: (args: object) => args };
let node: ListeningNode;
let man: Man;
beforeAll(async () => {
  man = await standBetween('https');
  node = await listen({
    services: { EchoService: { EchoTls11: echo, EchoTls13: echo, EchoSymmetric: echo } },
    addresses: [man.base, 'http://localhost:1'],
  });
  man.upstream = node.https;
});
afterAll(async () => {
  await Promise.all([node.close(), man.close()]);
});

/** Calls a service that puts a block into its answer, and maybe something into the Body. */
async function called(block: string, into = '') {
  const client = (await soap.createClientAsync(wsdl, { forceSoap12Headers: true })) as Client & {
    EchoAsync(args: object): Promise<unknown[]>;
  };
  const options = { port: 'EchoTls13', ...user, ca: pem.ca.certificate, addresses: [`${man.base}/EchoTls13`] };
  const security = secureConversation(client, options);
  client.setSecurity(security);
  man.meddle = async (message, forward) => {
    const answer = await forward(message);
    if (!isCall(message)) return answer;
    const withBlock = replaced(answer.response, /(?=<o:Security )/, block);
    const response = into === '' ? withBlock : replaced(withBlock, /(?<=<tns:EchoResponse[^>]*>)/, into);
    return { ...answer, response };
  };
  try {
    return await client.EchoAsync({ text: 'x' }).then(
      () => 'taken',
      (error: { reason?: string }) => error.reason,
    );
  } finally {
    man.meddle = undefined;
    await security.close();
  }
}

test('a header block of an answer leaves nothing to all objects of the process', async () => {
  const outcome = await called('<h:B xmlns:h="urn:h" id="__proto__"><h:isAdmin>true</h:isAdmin></h:B>');
  const left = ({} as { obj?: unknown }).obj;
  delete (Object.prototype as { obj?: unknown }).obj;
  expect(left).toBeUndefined();
  expect(outcome).toBe('reference-name');
});

test('references to a header block make no more of a Body than it says', async () => {
  const members = Array.from({ length: 4000 }, (_, n) => `<h:m${n}/>`).join('');
  const references = '<r href="#x"/>'.repeat(4000);
  const outcome = await called(`<h:B xmlns:h="urn:h" id="x">${members}</h:B>`, references);
  expect(outcome).toBe('limit-references');
});
