import { resolve } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { type ConversationPlan, wantsCertificateToken, wantsUsername } from '../../src/policy/plan.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { allRows, isPlain } from '../interop/rows.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { compilePolicy } from '../support/plans.ts';

/** Our client at our server, on each port of the interop rows that both of them have. */
const wsdl = resolve('test/interop/wsdl/ping.wsdl');
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });

/** Those that CXF's DOM peers are expected to agree with. */
const rows = allRows.filter(row => !isPlain(row));
const ports = [...new Set(rows.map(({ port }) => port))].filter(port =>
  rows.every(row => row.port !== port || row.cxf !== 'DOM' || row.fails === undefined),
);
const plans = compilePolicy(wsdl, { ports });

const said = (name: string, origin: string, text: string) => ({
  $xml:
    `<p:${name} xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>${origin}</p:origin>` +
    `<p:text>${text}</p:text></p:${name}>`,
});

interface Answer {
  readonly PingResponse: object;
}

const lifetimeMs = 60_000;
let node: ListeningNode;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const operations = {
    Ping: ({ Ping: { text } }: { Ping: { text: string } }) =>
      said('PingResponse', currentContext().user ?? 'nobody', text),
  };
  node = await listen({
    wsdl,
    services: { PingService: Object.fromEntries(ports.map(port => [port, operations])) },
    ports: Object.fromEntries(ports.map(port => [port, {}])),
    trust: authority.pem,
    lifetimeMs,
  });
});
afterAll(() => {
  vi.useRealTimers();
  return node.close();
});

async function connect({ port, transport: scheme }: ConversationPlan) {
  const client = await createClientAsync(wsdl);
  const conversation = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    certificate: alice.pem,
    key: alice.key,
    addresses: [`${scheme}://localhost:${node[scheme]}/${port}`],
  });
  client.setSecurity(conversation);
  const ping = (text: string) =>
    new Promise<Answer>((resolve, reject) => {
      client.PingService[port].Ping(said('Ping', '', text), (error: unknown, answer: Answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  return { conversation, ping };
}

/** Whom a port's client proves itself to be. */
function userOf({ bootstrap: { request } }: ConversationPlan): string {
  if (wantsCertificateToken(request)) return 'CN=alice';
  return wantsUsername(request) ? user.username : 'nobody';
}

test('on every port a conversation is begun, used, renewed and cancelled', async () => {
  const connected = await Promise.all(plans.map(connect));
  const pinged = () => Promise.all(connected.map(async ({ ping }) => (await ping('ä')).PingResponse));
  const answers = plans.map(plan => ({ scenario: 'S', origin: userOf(plan), text: 'ä' }));
  expect(await pinged()).toEqual(answers);
  expect(await pinged()).toEqual(answers);
  vi.setSystemTime(Date.now() + lifetimeMs - 1_000);
  expect(await pinged()).toEqual(answers);
  expect(connected.map(({ conversation: { session } }) => [session.bootstraps, session.renewals])).toEqual(
    plans.map(() => [1, 1]),
  );
  const closed = await Promise.all(connected.map(({ conversation }) => conversation.close()));
  expect(closed).toEqual(plans.map(({ mayCancel }) => mayCancel));
  expect(loggedReasons(node.lines)).toEqual([]);
});
