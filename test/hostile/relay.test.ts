import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { placesOf } from '../../src/server/relay-places.ts';
import { freePort, freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, loggedReasons } from '../support/faults.ts';
import { amend, type Conversation, call, converse, issueRequest, replaced } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { raw, request } from '../support/raw.ts';
import { type FalseSts, issuerAt, listenFalseSts, listenSts, post } from '../support/sts.ts';

const port = 'EchoSymmetric';
const wire = { addresses: ['http://localhost:8080', 'https://localhost:8443'] };
const ring = freshRing();
const soapType = 'application/soap+xml; charset=utf-8';

describe('a node before somebody who stands where its issuer should', () => {
  let sts: FalseSts;
  let node: ListeningNode;
  let hasty: ListeningNode;
  beforeAll(async () => {
    sts = await listenFalseSts();
    node = await listen({ issuer: issuerAt(sts.port, { timeoutMs: 60_000 }), ...wire }, ring);
    hasty = await listen({ issuer: issuerAt(sts.port, { timeoutMs: 1_000 }), ...wire }, ring);
  });
  afterAll(() => Promise.all([node, hasty, sts].map(each => each.close())));
  beforeEach(() => {
    sts.requests.length = 0;
    node.lines.length = 0;
  });

  const rst = () => issueRequest(port).sent.text;
  const postRst = (message: string | Uint8Array = rst(), headers: Record<string, string> = {}) =>
    post(node.address(port), message, headers);
  const answerWith = (status: number, headers: Record<string, string | number>, body: string | Uint8Array) => {
    sts.answer = (_, response) => void response.writeHead(status, headers).end(body);
  };

  test('hands on the octets of the message, and of its head nothing that the client wrote', async () => {
    answerWith(200, { 'Content-Type': soapType }, 'x');
    const message = `${rst()}\r\n<!-- GET / HTTP/1.1 \u{1F512} -->`;
    await postRst(message, {
      'Content-Type': 'application/soap+xml; x="a b"; charset="UTF-8"',
      SOAPAction: '',
      Forwarded: 'for=203.0.113.9',
      'X-Forwarded-For': '203.0.113.9',
      Cookie: 'a=b',
      Authorization: 'Basic eDp5',
      'X-Smuggled': 'yes',
    });
    const [{ url, rawHeaders, body } = { url: '', rawHeaders: [], body: Buffer.alloc(0) }] = sts.requests;
    expect(body.toString()).toBe(message);
    expect(url).toBe(`/${port}`);
    const names = rawHeaders.filter((_, i) => i % 2 === 0);
    expect(names).toEqual(['Content-Type', 'Content-Length', 'Forwarded', 'Host', 'Connection']);
    expect(rawHeaders[1]).toBe(
      'application/soap+xml; charset=utf-8; action="http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT"',
    );
    expect(rawHeaders[5]).toMatch(/^for=(?:127\.0\.0\.1|"\[::1\]")$/);
  });

  test('hands the octets of the answer on, whatever they are, and none of its headers', async () => {
    const octets = Buffer.from([0xef, 0xbb, 0xbf, 0x3c, 0x61, 0xff, 0x00, 0x0d, 0x0a, 0xc3, 0x28, 0x3e]);
    answerWith(
      200,
      { 'Content-Type': soapType, 'Set-Cookie': 'a=b', Server: 'x', 'Keep-Alive': 'timeout=1', 'X-Other': '1' },
      octets,
    );
    const { status, headers, bytes } = await postRst();
    expect(status).toBe(200);
    expect(bytes).toEqual(octets);
    expect(Object.keys(headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'date']);
    expect(headers['content-type']).toBe(soapType);
  });

  test('hands on that the issuer is too busy, and for how long', async () => {
    answerWith(503, { 'Content-Type': soapType, 'Retry-After': 7 }, '<busy/>');
    const { status, headers, body } = await postRst();
    expect({ status, after: headers['retry-after'], body }).toEqual({ status: 503, after: '7', body: '<busy/>' });
    for (const value of ['Mon, 30 Nov 2026 00:00:00 GMT', '-1', '0', '1e9', '999999']) {
      answerWith(503, { 'Content-Type': soapType, 'Retry-After': value }, '<busy/>');
      expect((await postRst()).headers['retry-after']).toBe('2');
    }
  });

  test.each<[string, number, Record<string, string | number>, string]>([
    ['a page', 200, { 'Content-Type': 'text/html' }, '<script>alert(1)</script>'],
    ['another version of SOAP', 200, { 'Content-Type': 'text/xml; charset=utf-8' }, '<x/>'],
    ['no media type', 200, {}, '<x/>'],
    ['a media type that is none', 200, { 'Content-Type': 'application/soap+xml; a=1; a=2' }, '<x/>'],
    ['a compressed message', 200, { 'Content-Type': soapType, 'Content-Encoding': 'gzip' }, '<x/>'],
    ['that there is no such port', 404, { 'Content-Type': soapType }, '<x/>'],
    ['a redirect', 307, { 'Content-Type': soapType, Location: 'https://localhost:1/' }, '<x/>'],
    ['a request for a password', 401, { 'Content-Type': soapType, 'WWW-Authenticate': 'Basic' }, '<x/>'],
    ['that it accepts', 202, { 'Content-Type': soapType }, ''],
    ['more than 64 KiB', 200, { 'Content-Type': soapType }, 'x'.repeat(64 * 1024 + 1)],
  ])('that answers with %s, says no more than that the server is unable', async (_, status, headers, body) => {
    answerWith(status, headers, body);
    const answer = await postRst();
    expectFault(answer, 'server');
    expect(Object.keys(answer.headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'date']);
    expect(loggedReasons(node.lines)).toEqual(['issuer-answer']);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['hangs up', response => response.destroy()],
    [
      'hangs up in its answer',
      response => void response.writeHead(200, { 'Content-Type': soapType }).write('<x', () => response.destroy()),
    ],
    [
      'says less than it promised',
      response =>
        void response
          .writeHead(200, { 'Content-Type': soapType, 'Content-Length': 9 })
          .write('<x/>', () => response.destroy()),
    ],
    ['speaks no HTTP', response => void response.socket?.end('SSH-2.0-x\r\n\r\n')],
    [
      'gives an answer framed in two ways',
      response =>
        void response.socket?.end(
          `HTTP/1.1 200 OK\r\nContent-Type: ${soapType}\r\nContent-Length: 4\r\n` +
            'Transfer-Encoding: chunked\r\n\r\n4\r\n<x/>\r\n0\r\n\r\n',
        ),
    ],
    ['gives two answers', response => void response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\nx`)],
    ['says nothing', () => {}],
    [
      'says a byte now and then',
      response => {
        response.writeHead(200, { 'Content-Type': soapType });
        const timer = setInterval(() => response.write('x'), 100);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('that %s, refuses the message for now, within its time', async (_, answer) => {
    sts.answer = (_request, response) => answer(response);
    const refused = await post(hasty.address(port), rst());
    expectFault(refused, 'busy');
    expect(refused.headers['retry-after']).toBe('2');
    expect(loggedReasons(hasty.lines).at(-1)).toBe('issuer-down');
  });

  test('ends the request when its client hangs up, and gives its place back', async () => {
    const came = new Promise<ServerResponse>(resolve => {
      sts.answer = (_, response) => resolve(response);
    });
    const client = new AbortController();
    const posted = post(node.address(port), rst(), {}, client.signal).catch(error => error.name);
    const response = await came;
    client.abort();
    await once(response, 'close');
    expect(response.writableFinished).toBe(false);
    expect(await posted).toBe('AbortError');
    await expect.poll(() => loggedReasons(node.lines)).toEqual(['caller-gone']);
  });

  test('lets one address wait with 64 requests, refuses the next, and takes others when one is answered', async () => {
    const waiting: ServerResponse[] = [];
    sts.answer = (_, response) => void waiting.push(response);
    const client = new AbortController();
    const answers: Promise<unknown>[] = [];
    for (let count = 1; count <= 64; count += 1) {
      answers.push(post(node.address(port), rst(), {}, client.signal).catch(() => undefined));
      await expect.poll(() => waiting.length).toBe(count);
    }
    const refused = await postRst();
    expectFault(refused, 'busy');
    expect(loggedReasons(node.lines)).toEqual(['relay-full']);
    expect(waiting).toHaveLength(64);
    answerWith(200, { 'Content-Type': soapType }, 'x');
    waiting[0]?.writeHead(200, { 'Content-Type': soapType }).end('y');
    await expect.poll(async () => (await postRst()).status).toBe(200);
    client.abort();
    await Promise.all(answers);
  });

  describe('asks it of nothing but tokens:', () => {
    let issuing: ListeningNode;
    let conversation: Conversation;
    beforeAll(async () => {
      issuing = await listen(wire, ring);
      conversation = await converse(port, message => post(issuing.address(port), message));
    });
    afterAll(() => issuing.close());
    afterEach(() => expect(sts.requests).toEqual([]));

    test('a call is done by the node', async () => {
      expect((await postRst(call(conversation))).status).toBe(200);
    });

    test.each<[string, () => string, Parameters<typeof expectFault>[1], string]>([
      [
        'an action that nobody knows',
        () => replaced(rst(), '/RST/SCT<', '/RST/SCU<'),
        'badContextToken',
        'action-unknown',
      ],
      [
        'the action of the other dialect',
        () =>
          replaced(
            rst(),
            'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT<',
            'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT<',
          ),
        'badContextToken',
        'action-unknown',
      ],
      ['an Amend', () => amend(conversation), 'invalidRequest', 'amend-not-offered'],
      [
        'another address',
        () => issueRequest(port, { to: 'http://localhost:1/EchoSymmetric' }).sent.text,
        'invalidAddressingHeader',
        'to-unknown',
      ],
      ['no address', () => issueRequest(port, { to: undefined }).sent.text, 'addressingHeaderRequired', 'to-missing'],
      [
        'more than 64 KiB',
        () => replaced(rst(), '</s:Envelope>', `</s:Envelope>${' '.repeat(64 * 1024)}`),
        'malformed',
        'rst-bytes',
      ],
      ['what is no XML', () => `${rst()}<`, 'malformed', 'xml'],
    ])('%s is refused by the node', async (_, message, fault, reason) => {
      const answer = await postRst(message());
      if (reason === 'xml') expect(answer.status).toBe(400);
      else {
        expectFault(answer, fault);
        expect(loggedReasons(node.lines)).toEqual([reason]);
      }
    });

    test.each<[string, readonly string[], number]>([
      ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 400],
      ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 400],
      ['chunks in another coding', ['Transfer-Encoding: gzip, chunked'], 501],
      ['an action for others', ['Content-Length: 5', 'SOAPAction: "a"', 'SOAPAction: "b"'], 400],
    ])('a head with %s is refused by the node', async (_, framing, status) => {
      const head = ['Host: localhost', `Content-Type: ${soapType}`, ...framing];
      const { statuses } = await raw(node.http, request(`POST /${port}`, head, '0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n'));
      expect(statuses).toEqual([status]);
    });
  });

  test('hands on nothing that stands behind the message on the connection', async () => {
    answerWith(200, { 'Content-Type': soapType }, 'x');
    const message = rst();
    const head = ['Host: localhost', `Content-Type: ${soapType}`, `Content-Length: ${Buffer.byteLength(message)}`];
    const behind = 'POST /admin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx';
    const { statuses } = await raw(node.http, request(`POST /${port}`, head, message + behind));
    expect(statuses).toEqual([200, 404]);
    expect(sts.requests.map(({ body }) => body.toString())).toEqual([message]);
  });
});

describe('an issuer', () => {
  const wrong = { ...user, password: 'wrong' };

  test('limits wrong passwords by the address that a node says, which no client can choose', async () => {
    const sts = await listenSts(ring, { ...wire, loginLimits: { failuresPerAddress: 3 } });
    const node = await listen({ issuer: issuerAt(sts.relay), ...wire, trustedProxies: ['127.0.0.0/8', '::1'] }, ring);
    const from = (address: string, credentials = user) =>
      post(node.address(port), issueRequest(port, { credentials }).sent.text, { 'X-Forwarded-For': address });
    try {
      for (let i = 0; i < 3; i += 1)
        expectFault(await from(`203.0.113.${i}, 192.0.2.1`, wrong), 'failedAuthentication');
      expectFault(await from('203.0.113.9, 192.0.2.1', wrong), 'busy');
      expect(loggedReasons(sts.lines).at(-1)).toBe('failures-of-address');
      expectFault(await from('2001:db8::1', wrong), 'failedAuthentication');
      expect((await from('192.0.2.2')).status).toBe(200);
    } finally {
      await Promise.all([node.close(), sts.close()]);
    }
  });

  test.each([
    ['no certificate', {}],
    ['the certificate of a server', { cert: pem.tls.certificate, key: pem.tls.key }],
    ['a certificate of its own making', { cert: pem.ca.certificate, key: pem.ca.key }],
  ])('hears nothing from a peer with %s', async (_, own) => {
    const sts = await listenSts(ring, wire);
    try {
      const message = issueRequest('EchoTls13').sent.text;
      const socket = connectTls({ port: sts.relay, host: 'localhost', ca: pem.ca.certificate, ...own });
      let text = '';
      socket.on('data', chunk => {
        text += chunk;
      });
      socket.on('error', () => {});
      socket.write(
        request(
          'POST /EchoTls13',
          ['Host: localhost', `Content-Type: ${soapType}`, `Content-Length: ${Buffer.byteLength(message)}`],
          message,
        ),
      );
      await new Promise(resolve => socket.on('close', resolve));
      expect(text).toBe('');
      expect(sts.sts.statistics()).toMatchObject({ issued: 0, faults: {} });
    } finally {
      await sts.close();
    }
  });

  test.each([
    ['is none of those that it names', ['other.localhost', 'localhost'], 503],
    ['is one of those that it names', ['other.localhost', 'node.localhost'], 200],
  ])('takes messages of a node whose name %s, or does not', async (_, names, status) => {
    const sts = await listenSts(ring, { ...wire, relays: { ca: pem.ca.certificate, names } });
    const node = await listen({ issuer: issuerAt(sts.relay), ...wire }, ring);
    try {
      // The second time TLS goes on with the session of before.
      for (let i = 0; i < 2; i += 1)
        expect((await post(node.address(port), issueRequest(port).sent.text)).status).toBe(status);
      expect(sts.sts.statistics().issued).toBe(status === 200 ? 2 : 0);
      if (status === 503) expect(loggedReasons(sts.lines)).toContain('tls-peer-name');
    } finally {
      await Promise.all([node.close(), sts.close()]);
    }
  });

  test('that is down stops no call, and a node says once why; when it is back all is as before', async () => {
    const relay = await freePort();
    const node = await listen({ issuer: issuerAt(relay), ...wire }, ring);
    const begin = () => post(node.address(port), issueRequest(port).sent.text);
    const first = await listenSts(ring, wire, { relay });
    const conversation = await converse(port, message => post(node.address(port), message));
    await first.close();
    for (let i = 0; i < 3; i += 1) {
      const refused = await begin();
      expectFault(refused, 'busy');
      expect(refused.headers['retry-after']).toBe('2');
      expect((await post(node.address(port), call(conversation))).status).toBe(200);
    }
    const second = await listenSts(ring, wire, { relay });
    expect((await begin()).status).toBe(200);
    const said = node.lines.map(line => JSON.parse(line)).filter(({ issuer }) => issuer !== undefined);
    expect(said.map(({ msg }) => msg)).toEqual([
      'the issuer does not answer: no conversation can begin here',
      'the issuer answers again',
    ]);
    expect(said[0].err.code).toBe('ECONNREFUSED');
    await Promise.all([node.close(), second.close()]);
  });

  test('drops the password check of a client who hung up at the node', async () => {
    let waiting: AbortSignal | undefined;
    const sts = await listenSts(ring, {
      ...wire,
      authenticate: (_name, _password, { signal }) =>
        new Promise(resolve => {
          waiting = signal;
          signal.addEventListener('abort', () => resolve({ user: 'alice', roles: [] }));
        }),
    });
    const node = await listen({ issuer: issuerAt(sts.relay), ...wire }, ring);
    try {
      const client = new AbortController();
      const posted = post(node.address(port), issueRequest(port).sent.text, {}, client.signal).catch(
        error => error.name,
      );
      await expect.poll(() => waiting).toBeDefined();
      client.abort();
      await posted;
      await expect.poll(() => waiting?.aborted).toBe(true);
      await expect.poll(() => loggedReasons(sts.lines)).toContain('caller-gone');
      expect(sts.sts.statistics().issued).toBe(0);
    } finally {
      await Promise.all([node.close(), sts.close()]);
    }
  });
});

test('places are given to each address by itself, and to proxies that stand for many in all', () => {
  const places = placesOf({ inAll: 4, ofOneAddress: 2 });
  const from = (address: string, isLimited = true) => places.take({ address, isLimited });
  const [first, second] = [from('192.0.2.1'), from('192.0.2.1')];
  expect([first, second, from('192.0.2.1')].map(place => place === undefined)).toEqual([false, false, true]);
  // The addresses of one site of IPv6 are one.
  expect(from('2001:db8::1')).toBeDefined();
  expect(from('2001:db8::2')).toBeDefined();
  expect(from('192.0.2.2')).toBeUndefined();
  first?.();
  expect(from('192.0.2.9', false)).toBeDefined();
  expect(from('192.0.2.9', false)).toBeUndefined();
  second?.();
  expect(from('192.0.2.1')).toBeDefined();
});
