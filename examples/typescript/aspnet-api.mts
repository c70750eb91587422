// examples/typescript/aspnet-api.mts: examples/aspnet-migration/api.mjs, an API beside an ASP.NET application.
import express from 'express';
import { type Bearer, requireBearer } from 'soap-secure-conversation/bearer';

const users = requireBearer({ ring: 'examples/aspnet-migration/ring.json', audience: 'https://shop.example' });
const roleType = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';

const api = express();
api.get('/orders', users, (request, response) => {
  const { subject, claims } = request.bearer as Bearer;
  response.json({ ordersOf: subject, roles: claims.filter(({ type }) => type === roleType).map(({ value }) => value) });
});

// Plain HTTP, for this machine only: in earnest the balancer of both, or this server, has TLS.
const server = api.listen(9082, 'localhost', () => console.log('listening on http://localhost:9082'));
process.once('SIGINT', () => server.close());
