import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTokenServer, type TokenServer } from '../../src/oauth/token-server.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { files } from './service.ts';

let ca = '';
let tls: { certificate: string; key: string };
let server: TokenServer;
let port = 0;
/** Logins that wait for the test's word. */
const waiting: (() => void)[] = [];

beforeAll(async () => {
  const data = await newData();
  const pem = (name: string) => readFileSync(`${data}/${name}.pem`, 'utf8');
  ca = pem('ca');
  tls = { certificate: pem('tls'), key: pem('tls-key') };
  const authenticate = (user: string) =>
    new Promise<{ user: string; roles: string[] }>(resolve => waiting.push(() => resolve({ user, roles: [] })));
  const publicClients = { page: ['orders.read'] };
  server = createTokenServer({ ring: files.ring, authenticate, publicClients, audience: 'x' }, tls);
  port = await server.listen({ https: 0, host: 'localhost' });
});
afterAll(async () => {
  await server.drain(0);
  removeFolders();
});

function login(name: string): string {
  const body = `grant_type=password&client_id=page&username=${name}&password=x`;
  const head = `POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}

async function open(): Promise<{ socket: TLSSocket; received: () => string }> {
  const socket = connect({ port, host: 'localhost', ca });
  let text = '';
  socket.setEncoding('utf8').on('data', chunk => {
    text += chunk;
  });
  await once(socket, 'secureConnect');
  return { socket, received: () => text };
}

const answers = (text: string) => text.match(/HTTP\/1\.1 \d+/g)?.length ?? 0;

test('requests of one connection are served one after the other', async () => {
  const { socket, received } = await open();
  socket.write(login('first') + login('second'));
  await expect.poll(() => waiting.length).toBe(1);
  waiting.shift()?.();
  await expect.poll(() => answers(received())).toBe(1);
  await expect.poll(() => waiting.length).toBe(1);
  waiting.shift()?.();
  await expect.poll(() => answers(received())).toBe(2);
  socket.destroy();
});

test('what is under way when it drains is answered, and the connection closed with it', async () => {
  const { socket, received } = await open();
  socket.write(login('alice'));
  await expect.poll(() => waiting.length).toBe(1);
  const drained = server.drain(5_000);
  waiting.shift()?.();
  await once(socket, 'close');
  expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(received()).toContain('"access_token"');
  await drained;
  const late = connect({ port, host: 'localhost', ca });
  const [error] = await once(late, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
