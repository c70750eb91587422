import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { call, converse, echoContent } from '../support/initiator.ts';
import type { PortName } from '../support/node.ts';
import { endPostgresServers } from './postgres-server.ts';
import { endRedisServers } from './redis-server.ts';
import { emptyStores, endNodes, type ServeNode, serviceFolder, settledAnswer, startNode } from './serve-nodes.ts';

/* Processes that have a store in common, each of which gets the same bytes at the same moment. */

afterEach(endNodes);
afterAll(() => {
  endRedisServers();
  endPostgresServers();
  removeFolders();
});

const ports: readonly PortName[] = ['EchoSymmetric', 'EchoTls13'];
const rounds = 30;

/** Notes each text that is echoed, before it answers. */
const service = `
import { appendFileSync } from 'node:fs';
const operations = {
  Echo({ text }) {
    appendFileSync(new URL('calls.txt', import.meta.url), text + '\\n');
    return { text };
  },
};
export default { EchoService: { EchoSymmetric: operations, EchoTls13: operations } };`;

async function startNodes(words: readonly string[]) {
  const folder = await serviceFolder({
    service: 'service.mjs',
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
    ports: { EchoSymmetric: {}, EchoTls13: {} },
  });
  writeFileSync(join(folder, 'service.mjs'), service);
  const nodes = await Promise.all([0, 1, 2].map(() => startNode(folder, '--https', '0', ...words)));
  const file = join(folder, 'calls.txt');
  /** How often the text of each call was echoed, at whichever node. */
  const runs = () => {
    const counts = new Map<string, number>();
    const texts = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    return counts;
  };
  return { nodes, runs };
}

async function statusesOf(nodes: readonly ServeNode[], message: string, port: PortName) {
  const answers = await Promise.all(nodes.map(node => node.post(message, port)));
  const isStoreLate = answers.some(({ body }) => body.includes('Receiver'));
  return { statuses: answers.map(({ status }) => status).sort(), isStoreLate };
}

describe.each(emptyStores)('R3: three nodes with %s and shared replays', (_, words) => {
  test.each(ports)('run an operation of %s once, to all of which its bytes are sent at once', async port => {
    const { nodes, runs } = await startNodes(['--replay', 'shared', ...(await words())]);
    const [first] = nodes as [ServeNode];
    const conversation = await eventually(() => converse(port, message => first.post(message, port)));
    for (const node of nodes) expect((await settledAnswer(node, () => call(conversation), port)).status).toBe(200);
    let raced = 0;
    for (let round = 0; raced < rounds && round < 5 * rounds; round += 1) {
      const message = call(conversation, { content: echoContent(`call ${round}`) });
      const { statuses, isStoreLate } = await statusesOf(nodes, message, port);
      // On a busy machine an answer of the store may be late: then nobody runs it, or one node does.
      expect(runs().get(`call ${round}`) ?? 0).toBe(statuses.filter(status => status === 200).length);
      if (isStoreLate) continue;
      expect(statuses).toEqual([200, 500, 500]);
      raced += 1;
    }
    expect(raced).toBe(rounds);
    expect([...runs()].filter(([text, count]) => text !== 'hello' && count !== 1)).toEqual([]);
    const log = () => nodes.map(node => node.log()).join('');
    await expect.poll(() => log().match(/"reason":"replay-elsewhere"/g)?.length).toBeGreaterThanOrEqual(2 * rounds);
  });
});

test('a node that was told of no store that others can have does not start with shared replays', async () => {
  const folder = await serviceFolder({ store: 'none' });
  await expect(startNode(folder, '--replay', 'shared')).rejects.toThrow('the node ended');
});
