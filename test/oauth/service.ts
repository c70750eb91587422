import { join } from 'node:path';
import express from 'express';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { type BearerTokens, bearerTokens } from '../../src/oauth/bearer-tokens.ts';
import type { BearerTokensOptions } from '../../src/oauth/service-options.ts';
import { addUser } from '../../src/users/users-file.ts';
import { emptyFolder } from '../keyring/made.ts';
import { noteSecret } from '../support/log-secrets.ts';
import { keptLog } from '../support/node.ts';
import { type Answer, listening, type Sent, send } from './http.ts';

const cheap = { N: 1024, r: 1, p: 1 };
export const records = createRing({ nowMs: Date.now(), random: randomBytesPooled });
export const ring = keyRing(records);
export const files = await makeFiles();
export const audience = 'https://orders.example';

async function makeFiles() {
  const folder = emptyFolder();
  const files = {
    ring: join(folder, 'ring.json'),
    users: join(folder, 'users.json'),
    clients: join(folder, 'clients.json'),
  };
  writeRingFile(files.ring, records);
  const people = [{ name: 'alice', password: 'correct horse', roles: ['reader', 'editor'] }];
  const clients = [
    { name: 'reports', password: 'a+secret: with %', roles: ['orders.read', 'orders.write'] },
    { name: 'stock', password: 'another secret', roles: ['orders.read'] },
  ];
  for (const user of people) await addUser(files.users, user, randomBytesPooled, cheap);
  for (const client of clients) await addUser(files.clients, client, randomBytesPooled, cheap);
  return files;
}

export type Parameters = Readonly<Record<string, string>>;
export const reports: Parameters = { client_id: 'reports', client_secret: 'a+secret: with %' };
export const stock: Parameters = { client_id: 'stock', client_secret: 'another secret' };
export const page: Parameters = { client_id: 'page' };
export const password: Parameters = { grant_type: 'password', username: 'alice', password: 'correct horse' };
for (const { client_secret } of [reports, stock]) noteSecret(client_secret ?? '');
noteSecret(password.password ?? '');

/** A token service on plain HTTP, with a clock that can be put forward. */
export interface TestService {
  readonly base: string;
  readonly tokens: BearerTokens;
  readonly clock: { aheadMs: number };
  readonly lines: string[];
  post(path: string, parameters: Parameters | string, sent?: Sent): Promise<Answer>;
  /** The answer's JSON, of a request that is to succeed. */
  granted(parameters: Parameters): Promise<Granted>;
  introspected(token: string): Promise<Record<string, unknown>>;
}

export interface Granted {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
}

export async function startService(options: Partial<BearerTokensOptions> = {}): Promise<TestService> {
  const { log, lines } = keptLog();
  const clock = { aheadMs: 0 };
  const tokens = bearerTokens({
    ring: files.ring,
    authenticate: files.users,
    clients: files.clients,
    publicClients: { page: ['orders.read'] },
    audience: [audience, 'https://stock.example'],
    dangerouslyAllowHttp: true,
    clock: () => Date.now() + clock.aheadMs,
    log,
    ...options,
  });
  const base = await listening(express().use('/oauth', tokens));
  const post = (path: string, parameters: Parameters | string, { headers = {} }: Sent = {}) =>
    send(`${base}/oauth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString(),
    });
  const read = async (path: string, parameters: Parameters) => {
    const answer = await post(path, parameters);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  };
  return {
    base,
    tokens,
    clock,
    lines,
    post,
    granted: parameters => read('/token', parameters),
    introspected: token => read('/introspect', { ...reports, token }),
  };
}
