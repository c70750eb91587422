import { describe, expect, test } from 'vitest';
import { freePort, type ListeningNode } from '../support/endpoint.ts';
import { expectFault } from '../support/faults.ts';
import { call, cancel, converse } from '../support/initiator.ts';
import { isCall, lost, men, nodes, open, say, unheard, useFarm } from './farm.ts';

useFarm();

describe('with several addresses', () => {
  const port = 'EchoSymmetric';
  const addressOf = (node: ListeningNode) => node.address(port);
  const lines = () => nodes.map(node => node.calls.length);
  const post = async (node: ListeningNode, body: string) => {
    const headers = { 'Content-Type': 'application/soap+xml' };
    const response = await fetch(addressOf(node), { method: 'POST', headers, body });
    return { status: response.status, body: await response.text() };
  };

  test('the first that works is kept, and only left when it fails', async () => {
    const dead = `http://localhost:${await freePort()}/${port}`;
    const session = open(port, { addresses: [dead, addressOf(nodes[0]), addressOf(nodes[1])] });
    for (let i = 0; i < 4; i += 1) expect((await say(session, port)).address).toBe(addressOf(nodes[0]));
    expect(lines()).toEqual([4, 0]);
    expect(session.bootstraps).toBe(1);
  });

  test('they take turns where they shall rotate, in one conversation', async () => {
    const session = open(port, { addresses: nodes.map(addressOf), order: 'rotate' });
    for (let i = 0; i < 6; i += 1) await say(session, port);
    expect(lines()).toEqual([3, 3]);
    expect(session.bootstraps).toBe(1);
    expect(nodes[0].calls.concat(nodes[1].calls).filter(call => call === 'Echo seal')).toHaveLength(1);
  });

  test('a dead one costs no call and no bootstrap in the modes connect and any', async () => {
    const dead = `http://localhost:${await freePort()}/${port}`;
    for (const retry of ['connect', 'any'] as const) {
      const session = open(port, { addresses: [dead, addressOf(nodes[1])], order: 'rotate', retry });
      for (let i = 0; i < 3; i += 1) expect((await say(session, port)).address).toBe(addressOf(nodes[1]));
      expect(session.bootstraps).toBe(1);
    }
  });

  test('none is tried a second time in the mode none', async () => {
    const dead = `http://localhost:${await freePort()}/${port}`;
    const session = open(port, { addresses: [dead, addressOf(nodes[1])], retry: 'none' });
    await expect(say(session, port)).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(lines()).toEqual([0, 0]);
  });

  test('all dead is one error that says so', async () => {
    const addresses = await Promise.all(
      [freePort(), freePort()].map(async tcpPort => `http://localhost:${await tcpPort}/${port}`),
    );
    await expect(say(open(port, { addresses }), port)).rejects.toMatchObject({ code: 'NETWORK' });
  });

  test('a call that may have been served is tried again in the mode any alone', async () => {
    const cut = `${men.http.base}/${port}`;
    men.http.meddle = async (message, forward) => {
      const answered = await forward(message);
      return isCall(message) ? undefined : answered;
    };
    const careful = open(port, { addresses: [cut, addressOf(nodes[1])] });
    await expect(say(careful, port)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(lines()).toEqual([1, 0]);
    const bold = open(port, { addresses: [cut, addressOf(nodes[1])], retry: 'any' });
    expect((await say(bold, port)).address).toBe(addressOf(nodes[1]));
    expect(lines()).toEqual([2, 1]);
  });

  test('a second try is another message: with its own MessageID and signature, in the same conversation', async () => {
    const passed = `${men.http.base}/${port}`;
    const session = open(port, { addresses: [passed, passed], retry: 'any' });
    await say(session, port);
    men.http.passages.length = 0;
    men.http.meddle = async (message, forward) => (men.http.passages.length === 1 ? undefined : forward(message));
    expect((await say(session, port, 'again')).status).toBe(200);
    const [first = '', second = ''] = men.http.passages.map(({ request }) => request);
    for (const part of [/<a:MessageID [^>]*>([^<]*)/, /SignatureValue>([^<]*)/, /CipherValue>([^<]*)/])
      expect(part.exec(first)?.[1]).not.toBe(part.exec(second)?.[1]);
    expect(/State[^>]*>([^<]*)/.exec(first)?.[1]).toBe(/State[^>]*>([^<]*)/.exec(second)?.[1]);
    expect(session.bootstraps).toBe(1);
  });

  test('an answer that is refused, or a fault, is never tried again elsewhere', async () => {
    const session = open(port, { addresses: [`${men.http.base}/${port}`, addressOf(nodes[1])], retry: 'any' });
    await say(session, port);
    men.http.meddle = async message => ({ status: 200, response: message });
    await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    men.http.meddle = async () => ({ ...lost('urn:other') });
    await expect(say(session, port)).rejects.toMatchObject({ code: 'FAULT' });
    expect(lines()).toEqual([1, 0]);
  });

  test('a call can be sent to one of them alone', async () => {
    const session = open(port, { addresses: nodes.map(addressOf) });
    expect((await say(session, port, 'x', addressOf(nodes[1]))).address).toBe(addressOf(nodes[1]));
    expect(lines()).toEqual([0, 1]);
  });

  test('a conversation that was cancelled on one is over on the other, which is told of it', async () => {
    const conversation = await converse(port, message => post(nodes[0], message));
    for (const node of nodes) expect((await post(node, call(conversation))).status).toBe(200);
    expect((await post(nodes[0], cancel(conversation))).status).toBe(200);
    for (const node of nodes) {
      expectFault(await post(node, call(conversation)), 'badContextToken');
      expectFault(await post(node, cancel(conversation)), 'badContextToken');
    }
    expect(lines()).toEqual([1, 1]);
  });

  test('a Cancel is answered also where the others could not be told', async () => {
    const conversation = await converse(port, message => post(nodes[0], message));
    unheard.add(conversation.token.id);
    expect((await post(nodes[0], cancel(conversation))).status).toBe(200);
    expectFault(await post(nodes[0], call(conversation)), 'badContextToken');
    expect(unheard.size).toBe(0);
  });
});
