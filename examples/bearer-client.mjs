// examples/bearer-client.mjs: logs in at examples/bearer-api.mjs, calls its API, refreshes and revokes.
import { readFileSync } from 'node:fs';

const base = 'https://localhost:9444';

async function ask(path, form) {
  const body = new URLSearchParams({ client_id: 'shop', ...form });
  const response = await fetch(`${base}/oauth${path}`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

async function orders({ access_token: token }) {
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
