import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { type Conversation, call, converse, echoAction } from '../support/initiator.ts';
import { type RawAnswer, raw, request } from '../support/raw.ts';

let node: ListeningNode;
let conversation: Conversation;

let mountedCalls = 0;

/** Says what it was asked for, and by which header it would have been found. */
const mounted: RequestListener = (received, response) => {
  mountedCalls += 1;
  response.end(`${received.url} ${received.headers.host}`);
};

beforeAll(async () => {
  node = await listen({ mounted: { path: '/beside', handler: mounted } });
  conversation = await converse('EchoSymmetric', async message => {
    const { text } = await send({ message });
    return { body: text.slice(text.indexOf('\r\n\r\n') + 4) };
  });
});
afterAll(() => node.close());
beforeEach(() => {
  node.lines.length = 0;
  node.calls.length = 0;
});

interface Sent {
  /** Request line; default: the port's, with HTTP/1.1. */
  readonly line?: string;
  readonly host?: readonly string[];
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly message?: string;
}

/** A genuine call with another head than it should have. */
function send(sent: Sent): Promise<RawAnswer> {
  const {
    line = 'POST /EchoSymmetric HTTP/1.1',
    host = ['Host: localhost'],
    type = 'application/soap+xml; charset=utf-8',
    headers = [],
    message = call(conversation),
  } = sent;
  const length = `Content-Length: ${Buffer.byteLength(message)}`;
  const lines = [line, ...host, `Content-Type: ${type}`, length, 'Connection: close', ...headers];
  return raw(node.http, Buffer.from(`${lines.join('\r\n')}\r\n\r\n${message}`, 'latin1'));
}

/** A bare status, one line of the log, no call. */
function expectRefused({ statuses, text }: RawAnswer, status: number): void {
  expect(statuses).toEqual([status]);
  expect(text).toMatch(/\r\nConnection: close\r\n/);
  expect(text.split('\r\n\r\n')[1]).toBe('');
  expect(node.lines.map(line => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, reason: `http-${status}`, msg: 'request refused' }),
  ]);
  // What a peer wrote is what was found, and the path that it asked for; nothing else.
  const own = node.lines.map(line => ({ ...JSON.parse(line), found: undefined, path: undefined }));
  expect(JSON.stringify(own)).not.toContain('evil');
  expect(node.calls).toEqual([]);
}

function expectServed({ statuses }: RawAnswer): void {
  expect(statuses).toEqual([200]);
  expect(node.lines).toEqual([]);
  expect(node.calls).toHaveLength(1);
}

afterEach(async () => {
  node.lines.length = 0;
  node.calls.length = 0;
  expectServed(await send({}));
});

describe('the version of a request is 1.1 or 1.0', () => {
  test.each<[string, number]>([
    ['POST /EchoSymmetric', 400],
    ['POST /EchoSymmetric HTTP/0.9', 400],
    ['POST /EchoSymmetric HTTP/2.0', 505],
    ['POST /EchoSymmetric HTTP/1.2', 400],
    ['POST /EchoSymmetric HTTP/3.0', 400],
    ['POST /EchoSymmetric HTTP/01.1', 400],
    ['POST /EchoSymmetric HTTP/1.1 ', 400],
    ['POST /EchoSymmetric HTTP/', 400],
    ['POST /EchoSymmetric http/1.1', 400],
    ['POST HTTP/1.1', 400],
    ['GET /?wsdl', 400],
    ['GET /?wsdl HTTP/2.0', 505],
    ['GET /beside', 400],
    ['GET /beside HTTP/2.0', 505],
  ])('%s is %i', async (line, status) => expectRefused(await send({ line }), status));

  test('a line that is all of a request of HTTP/0.9 is 400', async () => {
    expectRefused(await raw(node.http, 'GET /?wsdl\r\n\r\n'), 400);
  });

  test('the preface of HTTP/2 is 400', async () => {
    expectRefused(await raw(node.http, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400);
  });
});

describe('HTTP/1.0, which balancers speak to the servers behind them,', () => {
  const line = 'POST /EchoSymmetric HTTP/1.0';

  test('is served with Host, and without', async () => {
    expectServed(await send({ line }));
    node.calls.length = 0;
    expectServed(await send({ line, host: [] }));
  });

  test('ends with its answer, whatever it asks for: what follows is not read', async () => {
    const kept = (message: string) =>
      `${line}\r\nContent-Type: application/soap+xml\r\nConnection: keep-alive\r\n` +
      `Content-Length: ${message.length}\r\n\r\n${message}`;
    expectServed(await raw(node.http, kept(call(conversation)) + kept(call(conversation))));
    mountedCalls = 0;
    const { statuses, text } = await raw(node.http, 'GET /beside HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'.repeat(2));
    expect({ statuses, mountedCalls }).toEqual({ statuses: [200], mountedCalls: 1 });
    expect(text).toMatch(/\r\nConnection: close\r\n/);
  });

  test('has no Transfer-Encoding, which one of its readers would pass over', async () => {
    const head = request('POST /EchoSymmetric', [
      'Host: localhost',
      'Content-Type: application/soap+xml',
      'Transfer-Encoding: chunked',
    ]);
    expectRefused(await raw(node.http, `${head}`.replace('HTTP/1.1', 'HTTP/1.0')), 400);
  });

  test('has a good Host where it has one', async () => expectRefused(await send({ line, host: ['Host: a b'] }), 400));
});

describe('Host is a host', () => {
  test.each([
    'Host:',
    'Host: ',
    'Host: user@localhost',
    'Host: localhost:80:80',
    'Host: localhost:65536',
    'Host: localhost:x',
    'Host: localhost, evil.example',
    'Host: localhost evil.example',
    'Host: localhost/',
    'Host: http://localhost',
    'Host: localhost?',
    'Host: localhost#',
    'Host: local%68ost',
    'Host: [::1',
    'Host: [evil]',
    'Host: localh\u00f6st',
    'Host: \u00a0localhost',
    'Host: localhost"><evil/>',
    `Host: ${'a'.repeat(254)}`,
    'HOST: a b',
  ])('%j is 400', async host => expectRefused(await send({ host: [host] }), 400));

  test.each([
    'Host: localhost',
    'Host: LOCALHOST:',
    'Host: \t127.0.0.1:1 \t',
    'Host: [::1]:65535',
    'host: a_b.example.',
  ])('%j is served', async host => expectServed(await send({ host: [host] })));

  test.each(['GET /?wsdl HTTP/1.1', 'GET /beside HTTP/1.1'])('also for %s', async line =>
    expectRefused(await send({ line, host: ['Host: user@evil.example'] }), 400),
  );

  test.each([
    ['Content_Length: 1'],
    ['Transfer_Encoding: chunked'],
    ['CONTENT_TYPE: text/plain'],
    ['Host: localhost', 'Host: localhost'],
    ['Host: localhost', 'host: evil.example'],
  ])('and a header is not there under another name: %s', async (...headers) => {
    expectRefused(await send({ headers }), 400);
  });

  test('a header with an underscore that is like none of them is left alone', async () =>
    expectServed(await send({ headers: ['X_Forwarded_For: 1.2.3.4'] })));
});

describe('a target is a path and a query', () => {
  test.each<[string, number]>([
    ['/EchoSymmetric#x', 400],
    ['/EchoSymmetric?a#b', 400],
    ['#', 400],
    ['*', 400],
    ['EchoSymmetric', 400],
    ['evil.example:80', 400],
    ['/EchoSymmetri\u00e9', 400],
    ['/Echo\\Symmetric', 404],
    ['//EchoSymmetric', 404],
    ['//localhost/EchoSymmetric', 404],
    ['/EchoSymmetric//', 404],
    ['/./EchoSymmetric', 404],
    ['/x/../EchoSymmetric', 404],
    ['/x/%2e%2e/EchoSymmetric', 404],
    ['/%45choSymmetric', 404],
    ['/EchoSymmetric%00', 404],
    ['/EchoSymmetric;a=b', 404],
    ['/echosymmetric', 404],
  ])('%s is %i', async (target, status) => expectRefused(await send({ line: `POST ${target} HTTP/1.1` }), status));

  test.each(['/EchoSymmetric', '/EchoSymmetric/', '/EchoSymmetric?', '/EchoSymmetric/?a=//b?c'])(
    '%s is the port',
    async target => expectServed(await send({ line: `POST ${target} HTTP/1.1` })),
  );

  test('two slashes are no WSDL', async () => {
    expectRefused(await send({ line: 'GET //?wsdl HTTP/1.1' }), 404);
  });

  test('* is a target of OPTIONS alone, and nothing of ours', async () => {
    expectRefused(await send({ line: 'OPTIONS * HTTP/1.1' }), 404);
  });

  test('CONNECT, with what was sent behind it, is 405', async () => {
    const hidden = request('GET /?wsdl', ['Host: localhost']);
    expectRefused(await raw(node.http, Buffer.concat([request('CONNECT evil.example:25', ['Host: a']), hidden])), 405);
  });
});

describe('an absolute target is that of this host, by the scheme of the connection', () => {
  test.each([
    'http://evil.example/EchoSymmetric',
    'http://localhost:81/EchoSymmetric',
    'http://user@localhost/EchoSymmetric',
    'http://user:password@localhost/EchoSymmetric',
    'http://localhost@evil.example/EchoSymmetric',
    'http://localhost\\@evil.example/EchoSymmetric',
    'http:///EchoSymmetric',
    'http:/EchoSymmetric',
    'http://:80/EchoSymmetric',
    'http://[localhost]/EchoSymmetric',
    'https://localhost/EchoSymmetric',
    'ftp://localhost/EchoSymmetric',
    'http://localhost#/EchoSymmetric',
  ])('%s is 400', async target => expectRefused(await send({ line: `POST ${target} HTTP/1.1` }), 400));

  test.each(['http://localhost/EchoSymmetric', 'HTTP://LocalHost:80/EchoSymmetric?a'])('%s is served', async target =>
    expectServed(await send({ line: `POST ${target} HTTP/1.1` })),
  );

  test('with the Host of another one it is 400, without any it is served to HTTP/1.0 alone', async () => {
    const target = 'POST http://localhost/EchoSymmetric';
    expectRefused(await send({ line: `${target} HTTP/1.1`, host: ['Host: evil.example'] }), 400);
    node.lines.length = 0;
    expectRefused(await send({ line: `${target} HTTP/1.1`, host: [] }), 400);
    node.lines.length = 0;
    expectServed(await send({ line: `${target} HTTP/1.0`, host: [] }));
  });

  test('whoever is mounted beside the ports reads it as a path', async () => {
    for (const [target, url] of [
      ['http://localhost/beside/x?y', '/beside/x?y'],
      ['http://localhost/beside', '/beside'],
    ]) {
      const { text } = await raw(node.http, request(`GET ${target}`, ['Host: localhost', 'Connection: close']));
      expect(text).toContain(`\r\n\r\n${url} localhost`);
    }
  });

  test('one without a path is the root', async () => {
    const { statuses } = await raw(
      node.http,
      request('GET http://localhost?wsdl', ['Host: localhost', 'Connection: close']),
    );
    expect(statuses).toEqual([200]);
  });
});

describe('the type of a message is that of the port', () => {
  test.each<[string, number]>([
    ['text/xml', 415],
    ['text/xml; charset=utf-8', 415],
    ['application/xml', 415],
    ['application/soap+xml; charset=utf-16', 415],
    ['application/soap+xml; charset="utf-7"', 415],
    ['application/soap+xml; charset=""', 415],
    ['', 400],
    ['application/soap+xml, text/plain', 400],
    ['application/soap+xml; charset=utf-8, text/plain', 400],
    ['application/soap+xml; charset=utf-8; charset=utf-8', 400],
    ['application/soap+xml; charset=utf-8; Charset=utf-16', 400],
    [`application/soap+xml; action="${echoAction}"; action="urn:evil"`, 400],
    ['application/soap+xml; charset =utf-8', 400],
    ['application/soap+xml; charset= utf-8', 400],
    ['application/soap+xml; charset', 400],
    ['application/soap+xml; charset="utf-8', 400],
    ['application/soap+xml; charset="ut\\f-8"', 400],
    [`application/soap+xml; action="${echoAction}`, 400],
    [`application/soap+xml; action=${echoAction}`, 400],
    ['application/soap+xml charset=utf-8', 400],
    ['application/soap+xml;\u00a0charset=utf-8', 400],
    ['application/soap+xml\u00a0', 400],
    ['application/soap+xml; action="urn:\u00e9vil"', 400],
  ])('%j is %i', async (type, status) => expectRefused(await send({ type }), status));

  test.each([
    'application/soap+xml',
    'Application/Soap+XML;Charset="UTF-8"',
    'application/soap+xml ; charset=utf-8 ;',
    `application/soap+xml; action="${echoAction}"; charset=UTF-8`,
    'application/soap+xml; charset=utf-8; start-info="evil; charset=utf-16"',
  ])('%j is served', async type => expectServed(await send({ type })));

  test('a line that goes on in the next one is 400', async () => {
    expectRefused(await send({ type: 'application/soap+xml;\r\n charset=utf-8' }), 400);
  });
});

describe('SOAPAction is one action, in quotes or without any', () => {
  test.each([`"${echoAction}`, `${echoAction}"`, `"${echoAction}""`, `"${echoAction}", "urn:evil"`, '"'])(
    '%s is 400',
    async action => expectRefused(await send({ headers: [`SOAPAction: ${action}`] }), 400),
  );

  test.each([`"${echoAction}"`, echoAction, '""', ''])('%j is served', async action =>
    expectServed(await send({ headers: [`SOAPAction: ${action}`] })),
  );

  test('an empty one does not hide the action parameter', async () => {
    const { text } = await send({ type: 'application/soap+xml; action="urn:evil"', headers: ['SOAPAction: ""'] });
    expect(text).toContain('f:ActionMismatch');
    node.calls.length = 0;
  });
});

describe('the end of a message is said in one way', () => {
  const chunked = (coding: string, headers: readonly string[] = []) => {
    const message = call(conversation);
    const body = `${message.length.toString(16)}\r\n${message}\r\n0\r\n\r\n`;
    const type = 'Content-Type: application/soap+xml';
    const lines = ['Host: localhost', type, 'Connection: close', `Transfer-Encoding: ${coding}`, ...headers];
    return raw(node.http, request('POST /EchoSymmetric', lines, body));
  };

  test.each(['gzip, chunked', 'identity, chunked', 'chunked;a=b', '"chunked"'])('%s is refused', async coding => {
    const answer = await chunked(coding);
    const status = answer.statuses[0] ?? 0;
    expect([400, 501]).toContain(status);
    expectRefused(answer, status);
  });

  test.each(['chunked', 'Chunked'])('%s is served', async coding => expectServed(await chunked(coding)));

  test('with a length beside it, it is 400', async () =>
    expectRefused(await chunked('chunked', ['Content-Length: 5']), 400));
});

describe('a header line is one', () => {
  test.each(['X@Y: 1', 'X\u00e9: 1', ': 1', 'X Y: 1', 'X\tY: 1', 'X', ' X: 1', 'X: a\rY: b', 'X(y): 1', 'X"y": 1'])(
    '%j is 400',
    async line => expectRefused(await send({ headers: [line] }), 400),
  );
});
