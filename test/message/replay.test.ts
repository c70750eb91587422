import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { dialects } from '../../src/names.ts';
import type { MessagePlan } from '../../src/policy/plan.ts';
import { type BaseName, bases, build, contextId, contextSecret, nowMs } from './builder.ts';
import { found, noKeys } from './found.ts';
import { symmetricCalls, transportBootstrap, transportCalls } from './plans.ts';

const made = bases({ cipher: '', thumbprint: '', secret: contextSecret, sha1: '' });
const calls = symmetricCalls().request;
const tls = transportCalls(dialects.feb2005, 'Basic128').request;

async function open(
  base: BaseName,
  plan: MessagePlan,
  replay: (key: string) => 'new' | 'seen' | 'full',
  change = (text: string) => text,
) {
  const message = readMessage(Buffer.from(change(build(made[base]))));
  const findContext = () => found(contextId, new SecretKey(contextSecret));
  return receive(
    message,
    plan,
    { ...noKeys, findContext },
    { nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000, random: systemRandom, replay },
  );
}

function table() {
  const seen = new Set<string>();
  return (key: string) => {
    if (seen.has(key)) return 'seen';
    seen.add(key);
    return 'new';
  };
}

describe('a replay', () => {
  test('of a signed message is refused, whatever changed around its signature', async () => {
    const replay = table();
    await open('calls', calls, replay);
    const variants = [
      (text: string) => text,
      (text: string) => text.replace(/(<ds:SignatureValue>.{5})/, '$1\n'),
      (text: string) => text.replace('<wsse:Security', '<m:unsigned/> <wsse:Security'),
    ];
    for (const change of variants) {
      await expect(open('calls', calls, replay, change)).rejects.toMatchObject({
        fault: 'invalidSecurity',
        reason: 'replay',
      });
    }
  });

  test('over TLS is a second message with the same MessageID: equal signatures may be honest', async () => {
    const replay = table();
    await open('tls-calls', tls, replay);
    await expect(open('tls-calls', tls, replay)).rejects.toMatchObject({ reason: 'replay' });
    expect(
      (await open('tls-calls', tls, replay, text => text.replace('000000001<', '000000002<'))).context?.context.id,
    ).toBe(contextId);
  });

  test('that can’t be told because the table is full is the server’s fault', async () => {
    await expect(open('calls', calls, () => 'full')).rejects.toMatchObject({
      fault: 'server',
      reason: 'replay-table-full',
    });
  });
});

test('the key is the context with the decoded signature, or over TLS with the MessageID', async () => {
  const keys: string[] = [];
  const keep = (key: string) => {
    keys.push(key);
    return 'new' as const;
  };
  await open('calls', calls, keep);
  await open('tls-calls', tls, keep);
  expect(keys[0]).toMatch(new RegExp(`^${contextId}  [A-Za-z0-9+/]{27}=$`));
  expect(keys[1]).toBe(`${contextId}  urn:uuid:00000000-0000-4000-8000-000000000001`);
});

test('a message that nobody signed spends nothing', async () => {
  let calledTimes = 0;
  const plan = transportBootstrap(dialects.feb2005, 'Basic128').request;
  await open('tls-bootstrap', plan, () => {
    calledTimes += 1;
    return 'new';
  });
  expect(calledTimes).toBe(0);
});
