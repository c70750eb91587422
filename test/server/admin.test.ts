import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Admin, openAdmin } from '../../src/server/admin.ts';
import { boundedLog } from '../../src/server/log.ts';
import { keptLog, readyNode } from '../support/node.ts';

const { log, lines } = keptLog();
const opened: Admin[] = [];
afterEach(async () => {
  lines.length = 0;
  await Promise.all(opened.splice(0).map(admin => admin.close()));
});

async function open(sources: Partial<Parameters<typeof openAdmin>[1]> = {}, host = '127.0.0.1'): Promise<Admin> {
  const given = { readiness: readyNode, metrics: async () => 'up 1\n', ...sources };
  const admin = await openAdmin({ host, port: 0 }, given, boundedLog(log));
  opened.push(admin);
  return admin;
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly type: string | undefined;
}

function ask({ port }: Admin, path: string, { method = 'GET', host = 'localhost' } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, method, headers: { Host: host } }, response => {
      let text = '';
      response.on('data', part => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text, type: response.headers['content-type'] }));
    })
      .on('error', reject)
      .end();
  });
}

test('says that it is alive, how it is and what it counted, and leaves nothing in the log', async () => {
  const admin = await open();
  expect(await ask(admin, '/healthz')).toMatchObject({ status: 200, text: '{"alive":true}\n' });
  expect(await ask(admin, '/readyz')).toMatchObject({ status: 200, text: `${JSON.stringify(readyNode())}\n` });
  const metrics = { status: 200, text: 'up 1\n', type: 'text/plain; version=0.0.4; charset=utf-8' };
  expect(await ask(admin, '/metrics')).toEqual(metrics);
  expect(await ask(admin, '/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  expect((await ask(admin, '/nothing')).status).toBe(404);
  expect((await ask(admin, '/__proto__')).status).toBe(404);
  expect((await ask(admin, '/metrics', { method: 'POST' })).status).toBe(405);
  expect(lines).toEqual([]);
});

test('a node that is not ready is alive', async () => {
  const admin = await open({ readiness: () => ({ ...readyNode(), ready: false, reasons: ['draining'] }) });
  expect((await ask(admin, '/readyz')).status).toBe(503);
  expect((await ask(admin, '/healthz')).status).toBe(200);
});

test.each(['attacker.example', '127.0.0.1.attacker.example', '10.0.0.1', 'localhost@attacker.example'])(
  'a loopback address refuses the Host %j, so that a rebound DNS name reads nothing',
  async host => {
    const { status, text } = await ask(await open(), '/metrics', { host });
    expect([400, 421]).toContain(status);
    expect(text).not.toContain('up 1');
  },
);

test('any other address is asked by whatever name it has', async () => {
  const admin = await open({}, '0.0.0.0');
  expect((await ask(admin, '/metrics', { host: 'node1.cluster.example:9464' })).status).toBe(200);
});

test('what fails in a scrape ends it, with a line in the log, and nothing else', async () => {
  const admin = await open({
    metrics: async () => {
      throw new Error('no metrics now');
    },
  });
  await expect(ask(admin, '/metrics')).rejects.toThrow();
  expect(lines.join('')).toContain('no metrics now');
  expect((await ask(admin, '/healthz')).status).toBe(200);
});

test('an address that is taken is said so', async () => {
  const { port } = await open();
  await expect(
    openAdmin({ host: '127.0.0.1', port }, { readiness: readyNode, metrics: async () => '' }, boundedLog(log)),
  ).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});
