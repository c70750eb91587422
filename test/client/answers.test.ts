import { describe, expect, test, vi } from 'vitest';
import { addressingVersions, ns, sessionFaultAction } from '../../src/names.ts';
import { freshRing, listen } from '../support/endpoint.ts';
import { planOf, replaced } from '../support/initiator.ts';
import { portNames, user } from '../support/node.ts';
import { manOf, men, nodes, open, say, useFarm } from './farm.ts';

useFarm();

describe.each(portNames)('a session on %s', port => {
  describe('takes no answer from a man in the middle', () => {
    const fault = (soap: string, code: string) =>
      soap === ns.soap12
        ? `<s:Fault><s:Code><s:Value>s:${code}</s:Value></s:Code><s:Reason>` +
          '<s:Text xml:lang="en">pay eve</s:Text></s:Reason></s:Fault>'
        : `<s:Fault><faultcode>s:${code}</faultcode><faultstring>pay eve</faultstring></s:Fault>`;
    const envelope = (body: string, soap: string = ns.soap12, header = '') =>
      `<s:Envelope xmlns:s="${soap}">${header && `<s:Header>${header}</s:Header>`}` +
      `<s:Body>${body}</s:Body></s:Envelope>`;
    const security = (content: string) => `<o:Security xmlns:o="${ns.wsse}">${content}</o:Security>`;
    const answer = `<EchoResponse xmlns="urn:soap-secure-conversation:echo"><text>pay eve</text></EchoResponse>`;

    test.each<[string, string, string]>([
      ['a fault in SOAP 1.2', envelope(fault(ns.soap12, 'Receiver')), 'FAULT'],
      ['a fault in SOAP 1.1', envelope(fault(ns.soap11, 'Server'), ns.soap11), 'FAULT'],
      [
        'a fault with an empty Security header',
        envelope(fault(ns.soap12, 'Receiver'), ns.soap12, security('')),
        'MESSAGE_REFUSED',
      ],
      ['an answer', envelope(answer), 'MESSAGE_REFUSED'],
      ['an answer with an empty Security header', envelope(answer, ns.soap12, security('')), 'MESSAGE_REFUSED'],
      ['an answer that is no XML', 'it works', 'MESSAGE_REFUSED'],
      ['a web page', '<html><body>502</body></html>', 'MESSAGE_REFUSED'],
      ['nothing', '', 'NETWORK'],
    ])('%s, whatever its status', async (_, response, code) => {
      const session = open(port);
      await say(session, port);
      for (const status of [200, 500, 502]) {
        manOf(port).meddle = async () => ({ status, response });
        const error = await say(session, port).catch(caught => caught);
        expect(error).toMatchObject({ code });
        expect(error.message).not.toContain('pay eve');
      }
      manOf(port).meddle = undefined;
      expect((await say(session, port)).status).toBe(200);
      expect(session.bootstraps).toBe(1);
    });

    test.each([
      [ns.soap12, 'Receiver'],
      [ns.soap11, 'Server'],
    ])('a fault of %s whose code is %s, of which it is not the password that is to be seen to', async (soap, code) => {
      manOf(port).meddle = async () => ({ status: 500, response: envelope(fault(soap, code), soap) });
      const hint = 'the service has a trouble of its own, which its log names; try again';
      await expect(say(open(port), port)).rejects.toMatchObject({ code: 'FAULT', hint });
    });

    test('the word that it must renew', async () => {
      const session = open(port);
      const { wsc } = planOf(port).dialect;
      const code =
        `<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:c="${wsc}">c:RenewNeeded</s:Value></s:Subcode>` +
        '</s:Code><s:Reason><s:Text xml:lang="en">renew</s:Text></s:Reason>';
      const action = `<a:Action xmlns:a="${ns.wsa10}">${sessionFaultAction}</a:Action>`;
      await say(session, port);
      manOf(port).meddle = async () => ({
        status: 500,
        response: envelope(`<s:Fault>${code}</s:Fault>`, ns.soap12, action),
      });
      await expect(say(session, port)).rejects.toMatchObject({ code: 'FAULT' });
      manOf(port).meddle = undefined;
      await say(session, port);
      expect([session.bootstraps, session.renewals]).toEqual([1, 0]);
    });

    test('the answer to another request, even to the same question', async () => {
      const session = open(port);
      const man = manOf(port);
      await say(session, port);
      const first = man.passages.at(-1);
      man.meddle = async () => ({ status: 200, response: first?.response ?? '' });
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED', reason: 'relates-to' });
    });

    test('its own request', async () => {
      const session = open(port);
      await say(session, port);
      manOf(port).meddle = async message => ({ status: 200, response: message });
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    });

    test('the answer to a bootstrap in place of that to a call, and the other way round', async () => {
      const session = open(port);
      const man = manOf(port);
      await say(session, port);
      const [issued, called] = man.passages.map(({ response }) => response);
      man.meddle = async () => ({ status: 200, response: issued ?? '' });
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
      man.meddle = async () => ({ status: 200, response: called ?? '' });
      await expect(say(open(port), port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    });

    test('an answer that is too old', async () => {
      const session = open(port);
      await say(session, port);
      manOf(port).meddle = async (message, forward) => {
        const answered = await forward(message);
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 400_000 });
        return answered;
      };
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED', fault: 'messageExpired' });
    });

    test('an answer that never ends', async () => {
      const session = open(port);
      await say(session, port);
      manOf(port).meddle = async () => ({ status: 200, response: ' '.repeat(2_200_000) });
      await expect(say(session, port)).rejects.toMatchObject({ code: 'NETWORK' });
    });
  });
});

describe.each(['EchoTls11', 'EchoTls13'] as const)('a session on %s, whose answers are not signed', port => {
  const otherAction =
    (action: RegExp) =>
    async (message: string, forward: (text: string) => Promise<{ status: number; response: string }>) => {
      const { status, response } = await forward(message);
      return { status, response: replaced(response, action, 'urn:example:other') };
    };
  const refused = { code: 'MESSAGE_REFUSED', fault: 'actionMismatch', reason: 'answer-action' };

  test('takes no answer with the Action of another message, to a call or to a bootstrap', async () => {
    const session = open(port);
    await say(session, port);
    manOf(port).meddle = otherAction(/(?<=Action[^>]*>)[^<]*EchoResponse/);
    await expect(say(session, port)).rejects.toMatchObject(refused);
    manOf(port).meddle = otherAction(/(?<=Action[^>]*>)[^<]*RSTRC?\/[^<]*/);
    await expect(say(open(port), port)).rejects.toMatchObject(refused);
  });

  test('takes none whose WS-Addressing is of another version, or none', async () => {
    const session = open(port);
    await say(session, port);
    const headers = /<a:(Action|RelatesTo|To|MessageID)[ >].*?<\/a:\1>/g;
    const changes: ((response: string) => string)[] = [
      response => response.replaceAll(ns.wsa10, addressingVersions['2004/08'].namespace),
      response => response.replace(headers, ''),
    ];
    for (const change of changes) {
      manOf(port).meddle = async (message, forward) => {
        const { status, response } = await forward(message);
        expect(change(response)).not.toBe(response);
        return { status, response: change(response) };
      };
      await expect(say(session, port)).rejects.toMatchObject({ reason: 'addressing-version' });
    }
  });

  test('takes none without an Action or without RelatesTo', async () => {
    const session = open(port);
    await say(session, port);
    for (const [header, code] of [
      [/<a:RelatesTo[ >].*?<\/a:RelatesTo>/, 'relates-to'],
      [/<a:Action[ >].*?<\/a:Action>/, 'action-missing'],
    ] as const) {
      manOf(port).meddle = async (message, forward) => {
        const { status, response } = await forward(message);
        return { status, response: replaced(response, header, '') };
      };
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED', reason: code });
    }
  });
});

describe('over plain HTTP', () => {
  const port = 'EchoSymmetric';
  const altered =
    (change: (response: string) => string) =>
    async (message: string, forward: (text: string) => Promise<{ status: number; response: string }>) => {
      const { status, response } = await forward(message);
      return { status, response: change(response) };
    };

  test('nothing that passes names the user, the password, the operation or its arguments', async () => {
    const session = open(port);
    await say(session, port, 'attack at dawn');
    await session.close();
    const passed = men.http.passages.map(({ request, response }) => request + response).join('');
    for (const text of [
      user.username,
      user.password,
      'attack at dawn',
      '<Echo',
      'EchoResponse xmlns',
      'UsernameToken>',
      '<t:',
    ])
      expect(passed).not.toContain(text);
  });

  test.each<[string, (response: string) => string]>([
    ['its Body', response => replaced(response, /(?<=CipherValue>)./, response.includes('CipherValue>A') ? 'B' : 'A')],
    [
      'its SignatureValue',
      response => replaced(response, /(?<=SignatureValue>)./, response.includes('SignatureValue>A') ? 'B' : 'A'),
    ],
    ['its Timestamp', response => replaced(response, /(?<=Expires>\d{3})\d/, 'x')],
    ['its RelatesTo', response => replaced(response, /(?<=RelatesTo[^>]*>urn:uuid:)./, 'x')],
    ['its Action', response => replaced(response, 'EchoPortType/EchoResponse', 'EchoPortType/AddResponse')],
    ['its signature, removed', response => replaced(response, /<(\w+:)?Signature .*<\/\1?Signature>/s, '')],
    ['its RelatesTo, removed', response => replaced(response, /<a:RelatesTo .*<\/a:RelatesTo>/, '')],
    ['its Security header, removed', response => replaced(response, /<o:Security .*<\/o:Security>/s, '')],
  ])('an answer with a change in %s is refused', async (_, change) => {
    const session = open(port);
    await say(session, port);
    men.http.meddle = altered(change);
    await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    men.http.meddle = undefined;
    expect((await say(session, port)).status).toBe(200);
    expect(session.bootstraps).toBe(1);
  });

  test('an answer from another conversation is refused', async () => {
    const [one, two] = [open(port), open(port)];
    await Promise.all([say(one, port), say(two, port)]);
    let other = '';
    men.http.meddle = async (message, forward) => {
      const answered = await forward(message);
      const response = other || answered.response;
      other = answered.response;
      return { ...answered, response };
    };
    await say(one, port);
    await expect(say(two, port)).rejects.toMatchObject({
      code: 'MESSAGE_REFUSED',
      fault: expect.not.stringContaining('Addressing'),
    });
  });

  test('a bootstrap answered by somebody without the key of the certificate is refused', async () => {
    const session = open(port);
    const issued: string[] = [];
    men.http.meddle = async (message, forward) => {
      const answered = await forward(message);
      issued.push(answered.response);
      return { status: 200, response: issued[0] ?? '' };
    };
    await say(open(port), port).catch(() => undefined);
    await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    expect(session.bootstraps).toBe(0);
  });
});

describe('a Lifetime in the answer to a bootstrap', () => {
  const lifetime = /<t:Lifetime>.*<\/t:Lifetime>/s;
  const times = (inner: string) => `<t:Lifetime xmlns:u="${ns.wsu}">${inner}</t:Lifetime>`;
  const issuedWith = (text: string) => {
    manOf('EchoTls13').meddle = async (message, forward) => {
      const { status, response } = await forward(message);
      return { status, response: lifetime.test(response) ? replaced(response, lifetime, text) : response };
    };
    return open('EchoTls13');
  };

  test.each([
    [
      'that ends before it begins',
      '<u:Created>2026-02-01T00:00:00Z</u:Created><u:Expires>2026-01-01T00:00:00Z</u:Expires>',
    ],
    [
      'that ends when it begins',
      '<u:Created>2026-01-01T00:00:00Z</u:Created><u:Expires>2026-01-01T00:00:00Z</u:Expires>',
    ],
    ['that is over, without a beginning', '<u:Expires>2020-01-01T00:00:00Z</u:Expires>'],
    ['whose end can’t be read', '<u:Created>2026-01-01T00:00:00Z</u:Created><u:Expires>tomorrow</u:Expires>'],
    [
      'of a day that there is none of',
      '<u:Created>2026-01-01T00:00:00Z</u:Created><u:Expires>2026-02-30T00:00:00Z</u:Expires>',
    ],
  ])('%s is an error, and no call is made', async (_, inner) => {
    const session = issuedWith(times(inner));
    await expect(say(session, 'EchoTls13')).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    expect(nodes[0].calls).toEqual([]);
  });

  test.each([
    ['that is not there', ''],
    ['without an end', times('<u:Created>2026-01-01T00:00:00Z</u:Created>')],
  ])('%s is taken for half an hour, with a warning', async (_, text) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const man = manOf('EchoTls13');
    const { upstream } = man;
    const ring = freshRing();
    const session = issuedWith(text);
    // The clock of a node must not jump, so that each moment has one of its own.
    for (const minutes of [0, 26, 3.5]) {
      vi.setSystemTime(Date.now() + minutes * 60_000);
      const node = await listen({ addresses: [man.base], lifetimeMs: 36_000_000 }, ring);
      man.upstream = node.https;
      await say(session, 'EchoTls13');
      expect(session.bootstraps + session.renewals).toBe(minutes === 3.5 ? 2 : 1);
      await node.close();
    }
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('30 minutes'), { code: 'WSSC_NO_LIFETIME' });
    warned.mockRestore();
    man.upstream = upstream;
  });
});

test('a Renew that is answered with another conversation is not taken, and a bootstrap follows', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const man = manOf('EchoTls13');
  const { upstream } = man;
  const node = await listen({ addresses: [man.base], lifetimeMs: 20_000 });
  man.upstream = node.https;
  const session = open('EchoTls13');
  await say(session, 'EchoTls13');
  vi.setSystemTime(Date.now() + 19_000);
  man.meddle = async (message, forward) => {
    man.meddle = undefined;
    const { status, response } = await forward(message);
    const changed = response.replace(/(?<=<c:Identifier>urn:uuid:)./, digit => (digit === '0' ? '1' : '0'));
    expect(changed).not.toBe(response);
    return { status, response: changed };
  };
  expect((await say(session, 'EchoTls13')).status).toBe(200);
  expect([session.bootstraps, session.renewals]).toEqual([2, 0]);
  await session.close();
  await node.close();
  man.upstream = upstream;
});
