// examples/typescript/aspnet-shop.mts: examples/aspnet-migration/shop.mjs, in the place of the ASP.NET application.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  katanaPurposes,
  katanaTicket,
  type MachineKey,
  type MachineKeyConfig,
  machineKey,
  sealKatanaToken,
} from 'soap-secure-conversation/aspnet';

const [element] = /<machineKey [^>]*>/.exec(
  readFileSync('examples/aspnet-migration/web.config', 'utf8'),
) as RegExpExecArray;
const attributes: MachineKeyConfig = Object.fromEntries(
  [...element.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
);

function accessToken(key: MachineKey): string {
  const claims = [
    { type: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name', value: 'alice' },
    { type: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role', value: 'clerk' },
  ];
  const nowMs = Date.now();
  const ticket = katanaTicket({ claims, issuedMs: nowMs, expiresMs: nowMs + 20 * 60_000 });
  return sealKatanaToken(ticket, katanaPurposes.accessToken, key);
}

async function show(what: string, token: string): Promise<void> {
  const response = await fetch('http://localhost:9082/orders', { headers: { authorization: `Bearer ${token}` } });
  console.log(what, response.status, response.ok ? await response.text() : response.headers.get('www-authenticate'));
}

await show("the application's token:", accessToken(machineKey(attributes)));
const otherKey = { ...attributes, validationKey: randomBytes(64).toString('hex') };
await show('a token of another key: ', accessToken(machineKey(otherKey)));
