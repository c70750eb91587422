import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { settlePorts } from '../../src/farm/ports.ts';

const hosts = ['127.0.0.1'];

test('each node gets the ports that follow the shared ones', async () => {
  const settled = async (first: number): ReturnType<typeof settlePorts> =>
    settlePorts({ admin: first, http: first + 100, https: first + 200, nodes: 2 }, hosts).catch(() =>
      settled(first + 7),
    );
  const { admin, http, https, nodes } = await settled(21_000);
  expect([http, https]).toEqual([admin + 100, admin + 200]);
  expect(nodes).toEqual([
    { http: http + 1, https: https + 1 },
    { http: http + 2, https: https + 2 },
  ]);
});

test('0 stands for free ports, all different', async () => {
  const { admin, http, https, nodes } = await settlePorts({ admin: 0, http: 0, https: 0, nodes: 3 }, hosts);
  const all = [admin, http, https, ...nodes.flatMap(node => [node.http, node.https])];
  expect(new Set(all).size).toBe(9);
  expect(all.every(port => port >= 20_000 && port < 32_768)).toBe(true);
});

test('a busy port is named in one sentence', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  await expect(settlePorts({ admin: port, http: 0, https: 0, nodes: 1 }, hosts)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: `port ${port} is already in use`,
  });
  busy.close();
});

test.each([
  [{ admin: 0, http: 8443, https: 8445, nodes: 3 }, 'port 8445 is wanted twice'],
  [{ admin: 8081, http: 8080, https: 0, nodes: 3 }, 'port 8081 is wanted twice'],
  [
    { admin: 0, http: 65_534, https: 0, nodes: 3 },
    "port 65536 is out of range: the nodes' own ports follow the shared one",
  ],
])('%o is refused before anything listens', async (wanted, message) => {
  await expect(settlePorts(wanted, hosts)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
});
