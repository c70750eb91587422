import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenServer, type TokenServer } from '../../src/oauth/token-server.ts';
import { closeServers } from '../oauth/http.ts';
import { audience, files, page, password, reports } from '../oauth/service.ts';
import { keptLog } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { request } from '../support/raw.ts';

/* What strangers send to a token service on its own listener: octets as they are, over TLS. */

const { log, lines } = keptLog();
let server: TokenServer;
let port = 0;

beforeAll(async () => {
  const options = { ring: files.ring, authenticate: files.users, clients: files.clients, audience, log };
  const attempts = { requestsPerMinute: 100_000 };
  const loginLimits = { failuresPerUserAndAddress: 1_000, failuresPerAddress: 100_000 };
  const tls = { certificate: pem.tls.certificate, key: pem.tls.key };
  server = createTokenServer({ ...options, publicClients: { page: ['orders.read'] }, attempts, loginLimits }, tls);
  port = await server.listen({ https: 0, host: 'localhost' });
});
afterAll(async () => {
  // Whatever was sent: nothing was a failure of the service's own, and it serves as before.
  expect(await ask(form({ ...password, ...page }))).toMatch(/^HTTP\/1\.1 200 /);
  expect(lines.join('')).not.toContain('token request failed');
  await server.drain(0);
  await closeServers();
});

/** Sends octets and reads until the peer closes the connection, or has answered whole. */
function ask(octets: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', ca: pem.ca.certificate }, () => socket.write(octets));
    let text = '';
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk;
      if (isWhole(text)) socket.end();
    });
    socket.on('error', error => (text === '' ? reject(error) : socket.destroy()));
    socket.on('close', () => resolve(text));
  });
}

function isWhole(text: string): boolean {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  return body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY);
}

const formType = 'Content-Type: application/x-www-form-urlencoded';

function post(body: string | Uint8Array, { path = '/oauth/token', headers = [] as readonly string[] } = {}): Buffer {
  return request(`POST ${path}`, ['Host: localhost', formType, `Content-Length: ${body.length}`, ...headers], body);
}

function form(parameters: Readonly<Record<string, string>>, path?: string): Buffer {
  return post(new URLSearchParams(parameters).toString(), path === undefined ? {} : { path });
}

/** Status and error code of an answer that has the form of RFC 6749 §5.2, and nothing more in it. */
function refusal(answer: string): string {
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  expect(head).toMatch(/^cache-control: no-store$/im);
  expect(head).toMatch(/^content-type: application\/json$/im);
  const { error, error_description: description, ...rest } = JSON.parse(body);
  expect(rest).toEqual({});
  expect(description).toMatch(/^[\w ,./-]+$/);
  return `${head.slice(9, 12)} ${error}`;
}

const good = new URLSearchParams({ ...password, ...page }).toString();
const withoutType = new URLSearchParams({ ...page, username: 'alice', password: 'correct horse' }).toString();
const kib64 = 'x'.repeat(65_536);

describe('a body', () => {
  test.each<[string, string, string]>([
    ['with a parameter twice, one of them in other characters', `${good}&grant%5Ftype=password`, '400 invalid_request'],
    ['with a parameter twice that nobody knows', `${good}&x=1&x=2`, '400 invalid_request'],
    ['of parameters without names', '=&=&=', '400 invalid_request'],
    ['of names that every object has', `${withoutType}&__proto__=password&constructor=x`, '400 invalid_request'],
    ['with a grant type in square brackets', `${withoutType}&grant_type[]=password`, '400 invalid_request'],
    ['with a grant type in JSON', `{"grant_type":"password","client_id":"page"}`, '401 invalid_client'],
    ['with semicolons', withoutType.replaceAll('&', ';'), '401 invalid_client'],
    ['with a NUL in the grant type', `${withoutType}&grant_type=password%00`, '400 unsupported_grant_type'],
    ['with a user name of NUL', `${good.replace('alice', 'alice%00')}`, '400 invalid_grant'],
    ['with a NUL between name and password', good.replace('alice', 'alice%00correct+'), '400 invalid_grant'],
    ['with octets that are no UTF-8', good.replace('alice', 'alice%ff%fe'), '400 invalid_grant'],
    ['with a lone surrogate', good.replace('alice', 'alice%ed%a0%80'), '400 invalid_grant'],
    ['with percent signs that encode nothing', good.replace('alice', '%zz%1%'), '400 invalid_grant'],
    ['with a user name of another case', good.replace('alice', 'ALICE'), '400 invalid_grant'],
    ['with a user name and a blank', good.replace('alice', 'alice+'), '400 invalid_grant'],
    ['with a password of 15 KiB', good.replace('horse', 'x'.repeat(15_360)), '400 invalid_grant'],
    ['with 5,000 parameters', `${good}${'&'.repeat(5_000)}`, '200'],
    ['with 2,000 names', `${good}${Array.from({ length: 2_000 }, (_, i) => `&${i}=`).join('')}`, '200'],
    ['of a scope with 7,000 names', `${good}&scope=${'a+'.repeat(7_000)}`, '400 invalid_scope'],
    ['that names another audience', `${good}&resource=${encodeURIComponent(`${audience}/`)}`, '400 invalid_target'],
    ['of 64 KiB', `${good}&x=${kib64}`, '413 invalid_request'],
    ['of 8 MiB', `${good}&x=${kib64.repeat(128)}`, '413 invalid_request'],
  ])('%s', async (_what, body, expected) => {
    const answer = await ask(post(body));
    if (expected === '200') expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    else expect(refusal(answer)).toBe(expected);
  });

  test('of 64 KiB in chunks that never end, or announced and never sent', async () => {
    const head = ['Host: localhost', formType];
    const chunked = request('POST /oauth/token', [...head, 'Transfer-Encoding: chunked'], `10000\r\n${kib64}\r\n`);
    const announced = request('POST /oauth/token', [...head, `Content-Length: ${65_536}`]);
    for (const octets of [chunked, announced]) expect(refusal(await ask(octets))).toBe('413 invalid_request');
  });

  test('that is compressed, or in another character set', async () => {
    for (const header of ['Content-Encoding: gzip', 'Content-Encoding: br', 'Content-Encoding: identity, gzip'])
      expect(refusal(await ask(post(good, { headers: [header] })))).toBe('415 invalid_request');
    const types = [
      'application/x-www-form-urlencoded; charset=utf-16',
      'application/x-www-form-urlencoded;charset=x;y=z',
    ];
    for (const type of types) {
      const octets = post(good).toString('latin1').replace(formType, `Content-Type: ${type}`);
      expect(refusal(await ask(octets))).toBe('415 invalid_request');
    }
  });
});

describe('octets that are no request', () => {
  test('are answered with 400 and no more, whatever they smuggle', async () => {
    const both = post(good, { headers: ['Transfer-Encoding: chunked'] });
    const lengths = post(good, { headers: ['Content-Length: 1'] });
    const folded = post(good, { headers: ['X: a\r\n b'] });
    const nothing = 'GARBAGE\r\n\r\n';
    for (const octets of [both, lengths, folded, nothing]) {
      const answer = await ask(octets);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(answer).not.toContain('access_token');
    }
  });

  test('without TLS get no answer', async () => {
    const answer = await new Promise<string>(resolve => {
      const socket = connectPlain({ port, host: 'localhost' }, () => socket.write(post(good)));
      let text = '';
      socket.setEncoding('latin1').on('data', chunk => {
        text += chunk;
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => resolve(text));
    });
    expect(answer).not.toContain('HTTP');
  });
});

test.each(['/token', '/introspect', '/revoke'])('%s takes nothing but POST', async path => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']) {
    const answer = await ask(request(`${method} /oauth${path}?${good}`, ['Host: localhost', 'Connection: close']));
    expect(answer).toMatch(/^HTTP\/1\.1 405 [^\r]*\r\n/);
    expect(answer).toMatch(/^allow: POST$/im);
  }
});

test.each([
  '/oauth',
  '/oauth/',
  '/oauth//token',
  '/oauth/token/x',
  '/oauth/../oauth/token',
  '/oauth/token%00',
  '/oauth/%',
  '/oauthtoken',
])('the path %s gives no token', async path => {
  const answer = await ask(post(good, { path }));
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(answer).not.toContain('access_token');
});

describe('a client that says who it is', () => {
  const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`;
  const grant = 'grant_type=client_credentials';
  const secret = encodeURIComponent(reports.client_secret ?? '');

  test.each<[string, readonly string[], string]>([
    ['with no header', [], '401 invalid_client'],
    ['with an empty header', ['Authorization: '], '401 invalid_client'],
    ['with a bearer token', ['Authorization: Bearer x'], '401 invalid_client'],
    ['with a name alone', [basic('reports')], '401 invalid_client'],
    ['with a name and an empty secret', [basic('reports:')], '401 invalid_client'],
    ['with an empty name', [basic(`:${secret}`)], '401 invalid_client'],
    ['as a page, with an empty secret', [basic('page:')], '401 invalid_client'],
    ['with a name of 10 kB', [basic(`${'r'.repeat(7_500)}:x`)], '401 invalid_client'],
    ['with a secret whose form is wrong', [basic('reports:%zz')], '401 invalid_client'],
    ['with its secret in quotes', [basic(`"reports":"${secret}"`)], '401 invalid_client'],
    ['twice', [basic(`reports:${secret}`), basic(`reports:${secret}`)], '400 invalid_request'],
    ['as two', [basic(`reports:${secret}`), basic('stock:another+secret')], '400 invalid_request'],
  ])('%s gets no token', async (_what, headers, expected) => {
    expect(refusal(await ask(post(grant, { headers })))).toBe(expected);
  });

  test('with the right secret gets one', async () => {
    expect(await ask(post(grant, { headers: [basic(`reports:${secret}`)] }))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a token that is none', () => {
  const odd = ['x', ' ', '\0', '9QE', 'A'.repeat(15_000), 'eyJhbGciOiJub25lIn0.e30.', '"', '../ring.json', '\ufffd'];

  test('is not active, in the same bytes', async () => {
    const answers = await Promise.all(odd.map(token => ask(form({ ...reports, token }, '/oauth/introspect'))));
    const bodies = answers.map(answer => answer.replace(/^date: .*$/im, ''));
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/\r\n\r\n\{"active":false\}$/);
  });

  test('is as good as revoked, and no good for another one', async () => {
    for (const token of odd) {
      expect(await ask(form({ ...page, token }, '/oauth/revoke'))).toMatch(/^HTTP\/1\.1 200 /);
      const refresh = { ...page, grant_type: 'refresh_token', refresh_token: token };
      expect(refusal(await ask(form(refresh)))).toBe('400 invalid_grant');
    }
  });
});
