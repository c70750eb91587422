// examples/typescript/bearer-client.mts: examples/bearer-client.mjs, which logs in, calls, refreshes and revokes.
import { readFileSync } from 'node:fs';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const base = 'https://localhost:9444';

async function ask(path: string, form: Readonly<Record<string, string>>): Promise<Tokens> {
  const body = new URLSearchParams({ client_id: 'shop', ...form });
  const response = await fetch(`${base}/oauth${path}`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text === '' ? ({} as Tokens) : JSON.parse(text);
}

async function orders({ access_token: token }: Tokens): Promise<void> {
  const response = await fetch(`${base}/orders`, { headers: { authorization: `Bearer ${token}` } });
  console.log(response.status, response.ok ? await response.text() : response.headers.get('www-authenticate'));
}

const password = readFileSync('data/demo-password', 'utf8').trim();
const first = await ask('/token', { grant_type: 'password', username: 'demo', password, scope: 'orders.read' });
await orders(first);
const second = await ask('/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token });
await orders(second);
await ask('/revoke', { token: second.refresh_token });
await orders(second);
