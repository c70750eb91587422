import { request as httpRequest, type RequestListener } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { listenOn } from '../../src/server/listener.ts';
import { defaultLimits } from '../../src/xml/limits.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, expectNoSecrets } from '../support/faults.ts';
import { type Conversation, call, converse, echoAction, echoContent, replaced } from '../support/initiator.ts';
import { keptLog, readyNode, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { type RawAnswer, raw, request } from '../support/raw.ts';

let node: ListeningNode;
let conversation: Conversation;
let dripping: Promise<RawAnswer>;
beforeAll(async () => {
  node = await listen({ mounted: { path: '/upload', handler: upload } });
  conversation = await converse('EchoSymmetric', post);
  dripping = raw(node.http, 'POST /EchoSymmetric HTTP/1.1\r\n', drip);
});
afterAll(() => node.close());

/** A header line each second for as long as the peer takes them: a request that is always about to begin. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('X: 1\r\n'), 1_000);
  socket.on('close', () => clearInterval(timer));
}

/** Says how many bytes came. */
const upload: RequestListener = async (received, response) => {
  let bytes = 0;
  for await (const chunk of received as AsyncIterable<Buffer>) bytes += chunk.length;
  response.end(`${bytes} bytes`);
};

/** A well-behaved POST on a connection of its own. */
function post(message: string, path = '/EchoSymmetric'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
    } as const;
    const sending = httpRequest(`http://localhost:${node.http}${path}`, options, response => {
      let body = '';
      response.setEncoding('utf8').on('data', chunk => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sending.on('error', reject).end(message);
  });
}

/** Whatever a test sent, the service was called for it as often as the test says, and the next call is served. */
let wantedCalls = 0;
afterEach(async () => {
  const { status } = await post(call(conversation));
  const calls = node.calls.splice(0);
  expect({ status, calls: calls.length }).toEqual({ status: 200, calls: wantedCalls + 1 });
  wantedCalls = 0;
});

const target = 'POST /EchoSymmetric';
const soapType = 'Content-Type: application/soap+xml; charset=utf-8';
const host = 'Host: localhost';
const close = 'Connection: close';

/** A genuine call over a raw socket with other header lines than it should have. */
function send(
  headers: (length: string) => readonly string[],
  body: string | Uint8Array = call(conversation),
  line = target,
) {
  return raw(node.http, request(line, headers(`Content-Length: ${Buffer.byteLength(body)}`), body));
}

test('a genuine call over a raw socket is served', async () => {
  const { statuses } = await send(length => [host, soapType, length, close]);
  expect(statuses).toEqual([200]);
  wantedCalls = 1;
});

const twice = (header: string) => [header, header];

describe('two of a header that two servers could read differently are refused, though they say the same', () => {
  test.each<[string, (length: string) => readonly string[]]>([
    ['Host', length => [host, host, soapType, length]],
    ['Host, the other one first', length => ['Host: evil.example', host, soapType, length]],
    ['SOAPAction', length => [host, soapType, length, `SOAPAction: "${echoAction}"`, `SOAPAction: "${echoAction}"`]],
    ['SOAPAction without quotes', length => [host, soapType, length, ...twice(`SOAPAction: ${echoAction}`)]],
    ['Content-Type', length => [host, soapType, soapType, length]],
    ['Content-Type of two kinds', length => [host, 'Content-Type: text/plain', soapType, length]],
    ['Content-Length', length => [host, soapType, length, length]],
    ['Transfer-Encoding', () => [host, soapType, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    [
      'Content-Encoding',
      length => [host, soapType, length, 'Content-Encoding: identity', 'Content-Encoding: identity'],
    ],
    [
      'SOAPAction beside an action that says something else',
      length => [host, `${soapType}; action="${echoAction}"`, length, 'SOAPAction: "urn:other"'],
    ],
  ])('%s', async (_, headers) => {
    expect((await send(headers)).statuses).toEqual([400]);
  });
});

describe('a request whose end two servers could see in two places is refused, and nothing after it is read', () => {
  const hidden = () => {
    const inner = call(conversation);
    return request(target, [host, soapType, `Content-Length: ${Buffer.byteLength(inner)}`], inner).toString();
  };
  test.each<[string, readonly string[], (inner: string) => string]>([
    [
      'Content-Length and Transfer-Encoding',
      ['Content-Length: 4', 'Transfer-Encoding: chunked'],
      inner => `0\r\n\r\n${inner}`,
    ],
    [
      'Transfer-Encoding and Content-Length',
      ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      inner => `0\r\n\r\n${inner}`,
    ],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 4'], inner => inner],
    ['a list of lengths', ['Content-Length: 0, 4'], inner => inner],
    ['a signed length', ['Content-Length: +0'], inner => inner],
    ['a hexadecimal length', ['Content-Length: 0x0'], inner => inner],
    ['an unknown coding', ['Transfer-Encoding: xchunked'], inner => `0\r\n\r\n${inner}`],
    ['a coding after chunked', ['Transfer-Encoding: chunked, identity'], inner => `0\r\n\r\n${inner}`],
    ['a folded header', ['Transfer-Encoding:\r\n chunked', 'Content-Length: 4'], inner => `0\r\n\r\n${inner}`],
    ['a space before the colon', ['Transfer-Encoding : chunked', 'Content-Length: 4'], inner => `0\r\n\r\n${inner}`],
    ['a NUL in a header', ['X: a\0b', 'Content-Length: 0'], inner => inner],
    ['a bare LF after a header', ['X: a\nContent-Length: 0'], inner => inner],
    ['a chunk size that is none', ['Transfer-Encoding: chunked'], inner => `0x0\r\n\r\n${inner}`],
    [
      'a chunk extension without end',
      ['Transfer-Encoding: chunked'],
      inner => `0;${'a'.repeat(20_000)}\r\n\r\n${inner}`,
    ],
  ])('%s', async (_, headers, body) => {
    const { statuses } = await raw(node.http, request(target, [host, soapType, ...headers], body(hidden())));
    expect(statuses).toHaveLength(1);
    expect([400, 413]).toContain(statuses[0]);
  });

  test('a second request behind one that is refused is not read', async () => {
    const bad = request(target, [host, 'Content-Type: text/plain', 'Content-Length: 2'], '{}');
    const { statuses } = await raw(node.http, Buffer.concat([bad, Buffer.from(hidden())]));
    expect(statuses).toEqual([415]);
  });

  test('a second request behind one that is served is read as one', async () => {
    const message = call(conversation);
    const first = request(target, [host, soapType, `Content-Length: ${Buffer.byteLength(message)}`], message);
    const last = call(conversation);
    const second = request(target, [host, soapType, close, `Content-Length: ${Buffer.byteLength(last)}`], last);
    expect((await raw(node.http, Buffer.concat([first, second]))).statuses).toEqual([200, 200]);
    wantedCalls = 2;
  });
});

describe('a request that is no POST of a SOAP message is answered with its status alone', () => {
  const bodyless = [host, close];
  test.each<[string, string, readonly string[], number]>([
    ['GET of a port', 'GET /EchoSymmetric', bodyless, 405],
    ['HEAD of a port', 'HEAD /EchoSymmetric', bodyless, 405],
    ['PUT', 'PUT /EchoSymmetric', bodyless, 405],
    ['DELETE', 'DELETE /EchoSymmetric', bodyless, 405],
    ['OPTIONS', 'OPTIONS /EchoSymmetric', bodyless, 405],
    ['TRACE', 'TRACE /EchoSymmetric', bodyless, 405],
    ['a path that is none', 'POST /nothing', bodyless, 404],
    ['GET of a path that is none', 'GET /nothing', bodyless, 404],
    ['?wsdl of a path that is none', 'GET /nothing?wsdl', bodyless, 404],
    ['a path with dots', 'POST /x/../EchoSymmetric', bodyless, 404],
    ['a path in percent', 'POST /%45choSymmetric', bodyless, 404],
    ['an absolute target on another host', 'POST http://evil.example/EchoSymmetric', bodyless, 400],
    ['no Host', 'POST /EchoSymmetric', [close], 400],
    ['an unknown expectation', 'POST /EchoSymmetric', [host, soapType, 'Expect: 200-ok', 'Content-Length: 0'], 417],
    ['no Content-Type', 'POST /EchoSymmetric', [host, 'Content-Length: 0'], 415],
    ['text/plain', 'POST /EchoSymmetric', [host, 'Content-Type: text/plain', 'Content-Length: 0'], 415],
    ['JSON', 'POST /EchoSymmetric', [host, 'Content-Type: application/json', 'Content-Length: 0'], 415],
    [
      'XML that is not said to be SOAP',
      'POST /EchoSymmetric',
      [host, 'Content-Type: application/xml', 'Content-Length: 0'],
      415,
    ],
    [
      'attachments',
      'POST /EchoSymmetric',
      [host, 'Content-Type: multipart/related; type="application/xop+xml"; boundary=x', 'Content-Length: 0'],
      415,
    ],
    ['UTF-7', 'POST /EchoSymmetric', [host, 'Content-Type: text/xml; charset=utf-7', 'Content-Length: 0'], 415],
    [
      'UTF-16',
      'POST /EchoSymmetric',
      [host, 'Content-Type: application/soap+xml; charset="utf-16"', 'Content-Length: 0'],
      415,
    ],
    ['65 headers', 'POST /EchoSymmetric', [host, soapType, ...Array.from({ length: 63 }, (_, i) => `X-${i}: 1`)], 431],
    ['17 KiB of headers', 'POST /EchoSymmetric', [host, soapType, `X: ${'a'.repeat(17_000)}`], 431],
  ])('%s', async (_, line, headers, status) => {
    const { statuses, text } = await raw(node.http, request(line, headers));
    expect(statuses).toEqual([status]);
    // An empty body, which Node's own answers write as a last chunk.
    expect(text.split('\r\n\r\n')[1]).toMatch(/^0?$/);
  });

  test('64 headers are served', async () => {
    const headers = Array.from({ length: 60 }, (_, i) => `X-${i}: 1`);
    expect((await send(length => [host, soapType, length, close, ...headers])).statuses).toEqual([200]);
    wantedCalls = 1;
  });

  test('a header that stands behind 64 others is not overlooked', async () => {
    const headers = Array.from({ length: 200 }, (_, i) => `X-${i}: 1`);
    const sent = send(length => [host, soapType, length, ...headers, 'Content-Encoding: gzip']);
    expect((await sent).statuses).toEqual([431]);
  });

  test.each(['gzip', 'br', 'zstd', 'deflate', 'gzip, gzip', 'identity'])('Content-Encoding %s', async coding => {
    const bomb = gzipSync(Buffer.alloc(1 << 20));
    expect((await send(length => [host, soapType, length, `Content-Encoding: ${coding}`], bomb)).statuses).toEqual([
      415,
    ]);
  });

  test('CONNECT', async () => {
    expect((await raw(node.http, request('CONNECT localhost:25', [host]))).text).not.toMatch(/^HTTP\/1\.1 2/);
  });
});

test('an offer of HTTP/2 is left alone: the call is served over HTTP/1.1', async () => {
  const offer = [
    'Connection: Upgrade, HTTP2-Settings, close',
    'Upgrade: h2c',
    'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
  ];
  const { statuses } = await send(length => [host, soapType, length, ...offer]);
  expect(statuses).toEqual([200]);
  wantedCalls = 1;
});

describe('a body that waits for 100 Continue', () => {
  const expecting = 'Expect: 100-continue';

  test('is asked for, then the call is served', async () => {
    const { statuses } = await send(length => [host, soapType, length, close, expecting]);
    expect(statuses).toEqual([100, 200]);
    wantedCalls = 1;
  });

  test('is asked for by what is mounted beside the ports', async () => {
    const octets = request('POST /upload', [host, 'Content-Length: 5', close, expecting], 'hello');
    const { statuses, text } = await raw(node.http, octets);
    expect(statuses).toEqual([100, 200]);
    expect(text).toContain('5 bytes');
  });

  test.each<[number, string, readonly string[]]>([
    [413, target, [soapType, `Content-Length: ${defaultLimits.maxBytes + 1}`]],
    [415, target, ['Content-Type: text/plain', 'Content-Length: 5']],
    [405, 'PUT /EchoSymmetric', [soapType, 'Content-Length: 5']],
    [404, 'POST /nothing', [soapType, 'Content-Length: 5']],
    [403, 'POST /EchoTls13', [soapType, 'Content-Length: 5']],
  ])('is not asked for where the request is refused: %i, and the connection ends', async (status, line, headers) => {
    expect((await raw(node.http, request(line, [host, ...headers, expecting]))).statuses).toEqual([status]);
  });

  test('and was not asked for ends its connection: nobody knows whether it still comes', async () => {
    const { statuses } = await raw(node.http, request('GET /?wsdl', [host, 'Content-Length: 5', expecting]));
    expect(statuses).toEqual([200]);
  });
});

describe('a request that is refused before its message is read is one line of the log', () => {
  test.each<[number, string | undefined, string, readonly string[]]>([
    [400, 'EchoSymmetric', target, [host, host, soapType]],
    [403, 'EchoTls13', 'POST /EchoTls13', [host, soapType, 'Content-Length: 0']],
    [404, undefined, 'POST /nothing', [host, soapType, 'Content-Length: 0']],
    [404, undefined, 'GET /nothing', [host]],
    [405, 'EchoSymmetric', 'GET /EchoSymmetric', [host]],
    [405, 'EchoSymmetric', 'PUT /EchoSymmetric', [host]],
    [413, 'EchoSymmetric', target, [host, soapType, 'Content-Length: 100000000000']],
    [415, 'EchoSymmetric', target, [host, 'Content-Type: application/json', 'Content-Length: 0']],
    [417, 'EchoSymmetric', target, [host, soapType, 'Expect: 200-ok', 'Content-Length: 0']],
    [431, 'EchoSymmetric', target, [host, soapType, ...Array.from({ length: 63 }, (_, i) => `X-${i}: 1`)]],
  ])('%i on %s: %s', async (status, port, line, headers) => {
    const before = node.lines.length;
    expect((await raw(node.http, request(line, headers))).statuses).toEqual([status]);
    const lines = node.lines.slice(before).map(text => JSON.parse(text));
    expect(lines).toEqual([expect.objectContaining({ level: 40, reason: `http-${status}`, msg: 'request refused' })]);
    expect(lines[0].port).toBe(port);
  });

  test('also where the body proves too long while it comes', async () => {
    const before = node.lines.length;
    const size = defaultLimits.maxBytes + 1;
    const body = `${size.toString(16)}\r\n${' '.repeat(size)}\r\n0\r\n\r\n`;
    await raw(node.http, request(target, [host, soapType, 'Transfer-Encoding: chunked'], body));
    expect(node.lines.slice(before).map(text => JSON.parse(text).reason)).toEqual(['http-413']);
  });

  test('and a peer that goes away in the middle of one is none', async () => {
    const before = node.lines.length;
    await raw(node.http, request(target, [host, soapType, 'Content-Length: 9'], '<x>'), socket => socket.end());
    expect(node.lines.slice(before)).toEqual([]);
  });
});

test('an action that HTTP names must be the one of the message', async () => {
  for (const header of [`${soapType}; action="urn:other"`, 'Content-Type: application/soap+xml; action="a;b"'])
    expect((await send(length => [host, header, length, close])).text).toContain('f:ActionMismatch');
  expect((await send(length => [host, soapType, length, close, 'SOAPAction: "urn:other"'])).text).toContain(
    'f:ActionMismatch',
  );
  expect((await send(length => [host, `${soapType}; action="${echoAction}"`, length, close])).statuses).toEqual([200]);
  expect(
    (await send(length => [host, `${soapType}; action="${echoAction}"`, length, close, 'SOAPAction: ""'])).statuses,
  ).toEqual([200]);
  wantedCalls = 2;
});

describe('a body', () => {
  const { maxBytes } = defaultLimits;
  /** A message that is refused for what it says, of as many bytes as asked for. */
  const sized = (bytes: number) => {
    const message = call(conversation);
    return replaced(message, '</s:Envelope>', `${' '.repeat(bytes - Buffer.byteLength(message))}</s:Envelope>`);
  };
  const chunked = (text: string, size: number) => {
    const parts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    return `${parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
  };

  test('as long as the limit is served, with its length said or not', async () => {
    expect((await send(length => [host, soapType, length, close], sized(maxBytes))).statuses).toEqual([200]);
    const unsaid = request(
      target,
      [host, soapType, close, 'Transfer-Encoding: chunked'],
      chunked(sized(maxBytes), 65_536),
    );
    expect((await raw(node.http, unsaid)).statuses).toEqual([200]);
    wantedCalls = 2;
  });

  test('longer by a byte is refused, with its length said or not', async () => {
    expect((await send(length => [host, soapType, length, close], sized(maxBytes + 1))).statuses).toEqual([413]);
    const unsaid = request(
      target,
      [host, soapType, close, 'Transfer-Encoding: chunked'],
      chunked(sized(maxBytes + 1), 65_536),
    );
    expect((await raw(node.http, unsaid)).statuses).toEqual([413]);
  });

  test('that says it is 100 GB is refused before any of it comes', async () => {
    expect((await raw(node.http, request(target, [host, soapType, 'Content-Length: 100000000000']))).statuses).toEqual([
      413,
    ]);
  });

  test('in chunks of one byte is served', async () => {
    const message = call(conversation);
    const octets = request(target, [host, soapType, close, 'Transfer-Encoding: chunked'], chunked(message, 1));
    expect((await raw(node.http, octets)).statuses).toEqual([200]);
    wantedCalls = 1;
  });

  test('that is long, and comes byte by byte, is refused before it is there', async () => {
    const octets = request(target, [host, soapType, 'Transfer-Encoding: chunked'], chunked(sized(32_768), 1));
    expect((await raw(node.http, octets)).statuses).toEqual([413]);
    const pieces = request(target, [host, soapType, close, 'Transfer-Encoding: chunked'], chunked(sized(maxBytes), 64));
    expect((await raw(node.http, pieces)).statuses).toEqual([200]);
    wantedCalls = 1;
  });

  test.each<[string, () => string | Uint8Array]>([
    ['that is empty', () => ''],
    ['that is no XML', () => 'hello'],
    ['that is JSON', () => '{"jsonrpc":"2.0"}'],
    ['that ends too early', () => call(conversation).slice(0, -20)],
    ['that is not UTF-8', () => Buffer.from(call(conversation).replace('anonymous', 'anonym\xffus'), 'latin1')],
    ['in UTF-16', () => Buffer.from(`\ufeff${call(conversation)}`, 'utf16le')],
    ['with a DOCTYPE', () => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${call(conversation)}`],
    ['with a processing instruction', () => `<?xml-stylesheet href="http://localhost/"?>${call(conversation)}`],
    ['that is another document', () => '<html xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['of two documents', () => call(conversation).repeat(2)],
    ['nested 10,000 deep', () => '<a>'.repeat(10_000)],
  ])('%s is answered with HTTP 400 alone', async (_, body) => {
    const { statuses, text } = await send(length => [host, soapType, length], body());
    expect(statuses).toEqual([400]);
    expect(text.split('\r\n\r\n')[1]).toBe('');
  });

  test('in SOAP 1.1, said to be SOAP 1.2, is answered with VersionMismatch in SOAP 1.1', async () => {
    const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/';
    const body = `<e:Envelope xmlns:e="${soap11}"><e:Body>${echoContent('x')}</e:Body></e:Envelope>`;
    const { statuses, text } = await send(
      length => [host, soapType, `SOAPAction: "${echoAction}"`, length, close],
      body,
    );
    expect(statuses).toEqual([500]);
    expect(text).toMatch(/^Content-Type: text\/xml; charset=utf-8\r$/m);
    expect(text.split('\r\n\r\n')[1]).toMatch(
      new RegExp(
        `^<s:Envelope xmlns:s="${soap11}">.*<faultcode>s:VersionMismatch</faultcode>` +
          '<faultstring>[^<]+</faultstring></s:Fault></s:Body></s:Envelope>$',
      ),
    );
  });
});

/** How many sockets of either end are open in this process. */
const sockets = () => process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap').length;

test('a client that goes away at any byte leaves no socket open', async () => {
  const before = sockets();
  const message = call(conversation);
  const octets = request(target, [host, soapType, `Content-Length: ${Buffer.byteLength(message)}`], message);
  for (let at = 0; at < octets.length; at += 97)
    await new Promise<void>(resolve => {
      const socket = connect({ port: node.http, host: 'localhost' }, () =>
        socket.write(octets.subarray(0, at), () => socket.resetAndDestroy()),
      );
      socket.on('close', () => resolve());
      socket.on('error', () => undefined);
    });
  await expect.poll(sockets).toBeLessThanOrEqual(before);
});

test('a client that goes away before its answer does not disturb the node', async () => {
  for (let i = 0; i < 20; i += 1) {
    const message = call(conversation);
    const octets = request(target, [host, soapType, `Content-Length: ${Buffer.byteLength(message)}`], message);
    await new Promise<void>(resolve => {
      const socket = connect({ port: node.http, host: 'localhost' }, () =>
        socket.write(octets, () => setImmediate(() => socket.resetAndDestroy())),
      );
      socket.on('close', () => resolve());
      socket.on('error', () => undefined);
    });
  }
  await expect.poll(() => node.calls.length).toBeLessThanOrEqual(20);
  await post(call(conversation));
  wantedCalls = node.calls.length;
});

describe('a port whose policy wants TLS', () => {
  test.each(['EchoTls11', 'EchoTls13'])(
    '%s is refused on a plain socket before its message is looked at',
    async port => {
      const { statuses, text } = await raw(
        node.http,
        request(`POST /${port}`, [host, soapType, 'Content-Length: 7'], '<hello>'),
      );
      expect(statuses).toEqual([403]);
      expect(text.split('\r\n\r\n')[1]).toBe('');
    },
  );

  test('does not speak TLS 1.1', async () => {
    const options = { ca: pem.ca.certificate, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', agent: false } as const;
    const code = await new Promise(resolve =>
      httpsRequest(`https://localhost:${node.https}/?wsdl`, options, response => resolve(response.statusCode))
        .on('error', error => resolve((error as NodeJS.ErrnoException).code))
        .end(),
    );
    expect(code).not.toBe(200);
  });

  test('closes a plain request to the TLS socket without an answer', async () => {
    const answered = await raw(node.https, request('GET /?wsdl', [host, close])).catch(error => error.code);
    expect(answered).not.toMatchObject({ statuses: [200] });
  });
});

test('the WSDL has no host of a peer’s choice in it, whatever it says of itself', async () => {
  const own = `http://localhost:${node.http}/EchoSymmetric`;
  const wsdl = async (name: string, more: string[] = []) =>
    (await raw(node.http, request('GET /?wsdl', [`Host: ${name}`, ...more, close]))).text;
  for (const more of ['X-Forwarded-Host: evil.example', 'Forwarded: proto=http;host=evil.example'])
    for (const name of ['evil.example:80', 'evil.example']) {
      const text = await wsdl(name, [more, 'X-Forwarded-Proto: http']);
      expect(text).toContain(own);
      expect(text).not.toMatch(/evil/);
    }
  for (const name of ['a"><evil/>', 'a/../b', 'user@evil', '<x>']) expect(await wsdl(name)).not.toMatch(/evil|\.\.\/b/);
});

test('the WSDL does not name keys, users, files or versions', async () => {
  const { text } = await raw(node.http, request('GET /?wsdl', [host, close]));
  expect(text).not.toMatch(
    new RegExp(`${process.cwd()}|${user.username}|${process.version}|X-Powered-By|^Server:`, 'm'),
  );
});

test('a client that sends its headers in drops is cut off with 408', async () => {
  expect((await dripping).statuses).toEqual([408]);
});

test('a listener, with TLS or without, has the time-outs and counts for slow, idle and greedy clients', async () => {
  const { log } = keptLog();
  const ready = Promise.resolve();
  const trustedProxies = () => false;
  const served = {
    ports: new Map(),
    wsdl: () => undefined,
    readiness: readyNode,
    maxBytes: () => 1,
    trustedProxies,
    ready,
    isDraining: false,
    refused: () => undefined,
    isClosed: false,
    tlsOffloadedFrom: () => false,
    log,
  };
  for (const tls of [undefined, pem.tls]) {
    const server = await listenOn(served, { port: 0, host: 'localhost', tls, exclusive: false });
    const { headersTimeout, requestTimeout, timeout, keepAliveTimeout, maxConnections, maxRequestsPerSocket } = server;
    expect({ headersTimeout, requestTimeout, timeout, keepAliveTimeout, maxConnections, maxRequestsPerSocket }).toEqual(
      {
        timeout: 30_000,
        headersTimeout: 10_000,
        requestTimeout: 30_000,
        keepAliveTimeout: 65_000,
        maxConnections: 1_000,
        maxRequestsPerSocket: 1_000,
      },
    );
    await new Promise(resolve => server.close(resolve));
  }
});

test('two sockets cannot have one port: the second listener says so and the first goes on', async () => {
  await expect(node.endpoint.listen({ http: node.http, host: 'localhost' })).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
  });
});

test('a tampered state over real sockets is the fault it is in process, and a genuine one is served', async () => {
  const message = call(conversation);
  for (let i = 0; i < 25; i += 1) {
    const sealed = Buffer.from(conversation.state, 'base64');
    const bit = systemRandom(4).reduce((number, byte) => number * 256 + byte, 0) % (sealed.length * 8);
    sealed[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expectFault(await post(replaced(message, conversation.state, sealed.toString('base64'))), 'badContextToken');
  }
});

test('the log of all this holds no secret, and the text of hostile requests as found alone', () => {
  const own = node.lines.map(line => JSON.stringify({ ...JSON.parse(line), found: '', path: '', claims: '' }));
  expectNoSecrets(node.lines, [user.password, conversation.state]);
  expectNoSecrets(own, ['evil.example', 'urn:other']);
  expect(node.lines.length).toBeGreaterThan(0);
});
