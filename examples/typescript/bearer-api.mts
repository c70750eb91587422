// examples/typescript/bearer-api.mts: examples/bearer-api.mjs, an API that gives out bearer tokens and takes them.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type Bearer, bearerTokens, requireBearer } from 'soap-secure-conversation/bearer';

const [ring, audience] = ['data/ring.json', 'https://orders.example'] as const;
const tokens = bearerTokens({
  ring,
  audience,
  authenticate: 'data/users.json',
  publicClients: { shop: ['orders.read', 'orders.write'] },
});
const readers = requireBearer({ ring, audience, scope: 'orders.read', revocations: tokens.revocations });

const api = express();
api.use('/oauth', tokens);
api.get('/orders', readers, (request, response) => {
  const { subject, claims, scope } = request.bearer as Bearer;
  response.json({ ordersOf: subject, roles: claims.map(({ value }) => value), scope });
});

const pem = (name: string) => readFileSync(`data/${name}.pem`, 'utf8');
const server = createServer({ cert: pem('tls'), key: pem('tls-key') }, api);
server.listen(Number(process.argv[2] ?? 9444), 'localhost', () =>
  console.log(`listening on https://localhost:${(server.address() as AddressInfo).port}`),
);
process.once('SIGINT', () => server.close());
