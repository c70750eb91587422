// examples/bearer-api.mjs: an API that gives out bearer tokens and takes them, with the farm's key ring and users.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import express from 'express';
import { bearerTokens, requireBearer } from 'soap-secure-conversation/bearer';

const [ring, audience] = ['data/ring.json', 'https://orders.example'];
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
  const { subject, claims, scope } = request.bearer;
  response.json({ ordersOf: subject, roles: claims.map(({ value }) => value), scope });
});

const pem = name => readFileSync(`data/${name}.pem`, 'utf8');
const server = createServer({ cert: pem('tls'), key: pem('tls-key') }, api);
server.listen(Number(process.argv[2] ?? 9444), 'localhost', () =>
  console.log(`listening on https://localhost:${server.address().port}`),
);
process.once('SIGINT', () => server.close());
