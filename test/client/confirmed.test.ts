import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import type { OperationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { echoContent, replaced } from '../support/initiator.ts';
import { portNames, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { planOf } from '../support/plans.ts';
import { variantFile } from '../support/variants.ts';
import { type Man, standBetween } from './man.ts';

/* Conversations whose policies, those of the bootstraps among them, ask for SignatureConfirmation and ProtectTokens. */

const folder = mkdtempSync(join(tmpdir(), 'confirmed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = variantFile(folder, { soap: '1.2', addressing: undefined }, text =>
  text
    .replace(/<sp:Wss11><wsp:Policy\/>/g, '<sp:Wss11><wsp:Policy></wsp:Policy>')
    .replace(/<sp:Wss11>\s*<wsp:Policy>/g, '$&<sp:RequireSignatureConfirmation/>')
    .replace(/<sp:OnlySignEntireHeadersAndBody\/>/g, '$&<sp:ProtectTokens/>'),
);
const confirmations = (message: string) => message.match(/<k:SignatureConfirmation /g)?.length ?? 0;

describe.each(portNames)('a session on %s', port => {
  const plan = planOf(readWsdl(file), port);
  const operation = plan.operations.find(({ name }) => name === 'Echo') as OperationPlan;
  let man: Man;
  let node: ListeningNode;
  let session: Session;
  beforeAll(async () => {
    man = await standBetween(plan.transport);
    node = await listen({ wsdl: file, addresses: [man.base] });
    man.upstream = node[plan.transport];
    session = openSession({
      ...{ plan, ...user, ca: pem.ca.certificate, serviceCertificate: pem.service.certificate },
      addresses: [`${man.base}/${port}`],
    });
    await call('one');
  });
  afterEach(() => {
    man.meddle = undefined;
    man.passages.length = 0;
  });
  afterAll(() => Promise.all([session.close(), man.close(), node.close()]));

  const call = (text: string) => session.call({ operation, body: { declarations: '', content: echoContent(text) } });

  function checkPassages(count: number): void {
    expect(man.passages).toHaveLength(count);
    for (const { request, response } of man.passages) {
      expect(confirmations(request)).toBe(0);
      expect(confirmations(response)).toBe(1);
      const [, value] = /<ds:SignatureValue>([^<]*)</.exec(request) ?? [];
      expect(/<k:SignatureConfirmation [^>]* Value="([^"]*)"/.exec(response)?.[1]).toBe(value);
      const [, id] = /<(?:c:SecurityContextToken|e:EncryptedKey) [^>]*Id="([^"]*)"/.exec(request) ?? [];
      if (plan.transport === 'http') expect(request).toContain(`<ds:Reference URI="#${id}">`);
    }
  }

  test('signs its tokens, and has each signature of its requests confirmed: bootstrap and call', () =>
    checkPassages(2));

  test('takes no answer that confirms nothing', async () => {
    man.meddle = async (message, forward) => {
      const { status, response } = await forward(message);
      return { status, response: replaced(response, /<k:SignatureConfirmation .*?<\/k:SignatureConfirmation>/, '') };
    };
    await expect(call('two')).rejects.toMatchObject({ reason: 'signature-confirmation-count' });
  });

  test('takes no answer that confirms another request', async () => {
    await call('one');
    const { response: old = '' } = man.passages.at(-1) ?? {};
    man.meddle = async () => ({ status: 200, response: old });
    await expect(call('two')).rejects.toMatchObject({ reason: 'signature-confirmation' });
  });

  test('is told by its service what failed, under the same protection', async () => {
    const other = plan.operations.find(({ name }) => name === 'Add') as OperationPlan;
    const failing = { declarations: '', content: '<Add xmlns="urn:soap-secure-conversation:echo"><a>x</a></Add>' };
    await session.call({ operation: other, body: failing }).catch(() => undefined);
    expect(confirmations(man.passages.at(-1)?.response ?? '')).toBe(1);
  });

  test('has its end confirmed, too', async () => {
    await call('last');
    expect(await session.close()).toBe(true);
    checkPassages(2);
  });
});
