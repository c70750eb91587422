import { afterEach, expect, test } from 'vitest';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { issueRequest } from '../support/initiator.ts';
import { listenSts, post } from '../support/sts.ts';

/* Messages are held to other limits while the service runs. */

const started: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(started.splice(0).map(each => each.close())));

async function startNode(): Promise<ListeningNode> {
  const node = await listen({ limits: { maxBytes: 1_000 } });
  started.push(node);
  return node;
}

const begins = async (address: string) => (await post(address, issueRequest('EchoTls13').sent.text)).status;

test('what was too long is taken, and then no more', async () => {
  const node = await startNode();
  const address = node.address('EchoTls13');
  expect(await begins(address)).toBe(413);
  node.endpoint.useLimits({ maxBytes: 100_000 });
  expect(await begins(address)).toBe(200);
  node.endpoint.useLimits({ maxBytes: 100_000, maxDepth: 3 });
  expect(await begins(address)).toBe(400);
  node.endpoint.useLimits({});
  expect(await begins(address)).toBe(200);
});

test('what can be no limit is refused by name, and all stay as they are', async () => {
  const node = await startNode();
  const useLimits = (limits: object) => () => node.endpoint.useLimits(limits);
  for (const [limits, message] of [
    [{ maxBytes: 0 }, /useLimits.*maxBytes/],
    [{ maxByte: 1 }, /useLimits.*maxByte/],
    [{ maxBytes: 100_000, maxDepth: 'deep' }, /useLimits.*maxDepth/],
  ] as const)
    expect(useLimits(limits)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  expect(await begins(node.address('EchoTls13'))).toBe(413);
});

test('an issuer has the same', async () => {
  const sts = await listenSts(freshRing(), { addresses: ['https://localhost:8443'], limits: { maxBytes: 1_000 } });
  started.push(sts);
  const address = `https://localhost:${sts.https}/EchoTls13`;
  expect(await begins(address)).toBe(413);
  sts.sts.useLimits({ maxBytes: 100_000 });
  expect(await begins(address)).not.toBe(413);
});
