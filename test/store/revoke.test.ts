import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { runInProcess } from '../cli/in-process.ts';
import { removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { type Conversation, call, converse } from '../support/initiator.ts';
import { endPostgresServers } from './postgres-server.ts';
import { endRedisServers } from './redis-server.ts';
import {
  emptyStores,
  endNodes,
  refusedWithinASecond,
  type ServeNode,
  serviceFolder,
  settledAnswer,
  startNode,
} from './serve-nodes.ts';

/* `wssc revoke`, and processes that have nothing in common with it but the store. */

afterEach(endNodes);
afterAll(() => {
  endRedisServers();
  endPostgresServers();
  removeFolders();
});

const refused = { status: 500, body: expect.stringContaining('BadContextToken') };

describe.each(emptyStores)('three nodes with %s', (_, words) => {
  test('refuse within a second what was revoked, in each cache, and none forgets it over kill -9', async () => {
    const folder = await serviceFolder();
    const given = await words();
    const start = () => Promise.all([0, 1, 2].map(() => startNode(folder, ...given)));
    const revoke = async (...what: readonly string[]) => {
      const done = await runInProcess(['revoke', ...what, ...given, '--clock-skew', '0s'], folder, '');
      expect(done.status, done.stderr).toBe(0);
    };
    const begin = ([first]: readonly ServeNode[]) =>
      eventually(() => converse('EchoSymmetric', message => (first as ServeNode).post(message)));
    const nodes = await start();
    const [one, other] = [await begin(nodes), await begin(nodes)];
    const ask = (node: ServeNode, conversation: Conversation) => settledAnswer(node, () => call(conversation));
    for (const node of nodes)
      for (const conversation of [one, other]) expect((await ask(node, conversation)).status).toBe(200);

    await revoke('context', one.token.id);
    await refusedWithinASecond(nodes, one, given);
    for (const node of nodes) expect((await ask(node, other)).status).toBe(200);
    await revoke('user', 'alice');
    await refusedWithinASecond(nodes, other, given);

    const next = await begin(nodes);
    for (const node of nodes) expect((await ask(node, next)).status).toBe(200);
    // All end as soon as that is acknowledged.
    await revoke('before', new Date().toISOString());
    await Promise.all(nodes.map(node => node.kill()));
    const again = await start();
    for (const node of again)
      for (const ended of [one, other, next]) expect(await ask(node, ended)).toMatchObject(refused);
    const fresh = await begin(again);
    for (const node of again) expect((await ask(node, fresh)).status).toBe(200);
  });
});
