import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import type { ConversationPlan, OperationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { echoContent, replaced } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { planOf } from '../support/plans.ts';
import { variantFile } from '../support/variants.ts';
import { type Man, standBetween } from './man.ts';

/*
 * A SymmetricBinding has one key for both directions: what one side has signed is good where it comes back to it, once
 * the parts that nobody signs (token, references to it) are those of the other direction. Here request and answer have
 * the same element, too, and no header that is signed says which is which.
 */

const folder = mkdtempSync(join(tmpdir(), 'reflected-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sameElement = (text: string) => replaced(text, 'element="tns:EchoResponse"', 'element="tns:Echo"');
const unsigned = (text: string) => text.replace(/<sp:Header [^>]*>/g, '');
const files = {
  'without addressing headers': variantFile(folder, { soap: '1.1', addressing: undefined }, sameElement),
  'with addressing headers that nobody signs': variantFile(folder, { soap: '1.1', addressing: '1.0' }, text =>
    unsigned(sameElement(text)),
  ),
};

/** A request as its sender would take it for an answer, as far as somebody without a key can make it one. */
function asAnswer(request: string, { dialect, operations }: ConversationPlan, relatesTo: string): string {
  const [token = ''] = /<c:SecurityContextToken .*?<\/c:SecurityContextToken>/s.exec(request) ?? [];
  const [, id = ''] = /<c:Identifier>([^<]*)</.exec(token) ?? [];
  const [, instance] = /<c:Instance>([^<]*)</.exec(token) ?? [];
  const [attached = ''] =
    /(?<=<c:DerivedKeyToken [^>]*>)<o:SecurityTokenReference.*?<\/o:SecurityTokenReference>/.exec(request) ?? [];
  return replaced(request, token, '')
    .replaceAll(attached, writeContextReference(dialect, id, instance))
    .replace(/(<a:Action [^>]*>)[^<]*/, `$1${operations[0]?.outputAction}`)
    .replace(/<a:MessageID [^>]*>[^<]*<\/a:MessageID>/, text =>
      text.replaceAll('MessageID', 'RelatesTo').replace(/>[^<]*</, `>${relatesTo}<`),
    );
}

/** An answer as its service would take it for a request. */
function asRequest(answer: string, request: string, { inputAction }: OperationPlan): string {
  const [token = ''] = /<c:SecurityContextToken .*?<\/c:SecurityContextToken>/s.exec(request) ?? [];
  const [attached = ''] =
    /<o:SecurityTokenReference[^>]*><o:Reference URI="#[^>]*><\/o:Reference><\/o:[^>]*>/.exec(request) ?? [];
  const unattached = /<o:SecurityTokenReference[^>]*><o:Reference URI="urn:[^>]*><\/o:Reference><\/o:[^>]*>/g;
  const [to = ''] = /<a:To .*?<\/a:To>/s.exec(request) ?? [];
  return answer
    .replace(unattached, attached)
    .replace(/<c:DerivedKeyToken /, first => token + first)
    .replace(/(<a:Action [^>]*>)[^<]*/, `$1${inputAction}`)
    .replace(/<a:RelatesTo [^>]*>[^<]*<\/a:RelatesTo>/, text => to + text.replaceAll('RelatesTo', 'MessageID'));
}

describe.each(Object.entries(files))('a call %s', (_, file) => {
  const plan = planOf(readWsdl(file), 'EchoSymmetric');
  const operation = plan.operations.find(({ name }) => name === 'Echo') as OperationPlan;
  let man: Man;
  let node: ListeningNode;
  let other: ListeningNode;
  let session: Session;
  beforeAll(async () => {
    man = await standBetween('http');
    const echoed = { Echo: ({ text }: { text: string }) => ({ text }) };
    const services = { EchoService: { EchoSymmetric: echoed } };
    const ports = { EchoSymmetric: { replay: 'shared' as const } };
    const [ring, store] = [freshRing(), memoryStore({ clock: Date.now })];
    const options = { wsdl: file, addresses: [man.base], services, ports, store };
    [node, other] = [await listen(options, ring), await listen(options, ring)];
    man.upstream = node.http;
    const serviceCertificate = pem.service.certificate;
    session = openSession({ plan, ...user, serviceCertificate, addresses: [`${man.base}/EchoSymmetric`] });
    await call('first');
  });
  afterEach(() => {
    man.meddle = undefined;
    man.upstream = node.http;
    for (const { lines } of [node, other]) lines.length = 0;
  });
  afterAll(async () => {
    await session.close();
    await man.close();
    await Promise.all([node.close(), other.close()]);
  });
  const call = (text: string) => session.call({ operation, body: { declarations: '', content: echoContent(text) } });
  const messageIdOf = (message: string) => /<a:MessageID[^>]*>([^<]*)/.exec(message)?.[1] ?? '';

  test('is not answered by itself', async () => {
    man.meddle = async message => ({ status: 200, response: asAnswer(message, plan, messageIdOf(message)) });
    await expect(call('one')).rejects.toMatchObject({ reason: 'own-message' });
  });

  test('is not answered by another call of its session', async () => {
    const { request = '' } = man.passages.at(-1) ?? {};
    man.meddle = async message => ({ status: 200, response: asAnswer(request, plan, messageIdOf(message)) });
    await expect(call('two')).rejects.toMatchObject({ reason: 'own-message' });
  });

  test('is not answered by what has answered another call', async () => {
    await call('three');
    const { response = '' } = man.passages.at(-1) ?? {};
    man.meddle = async message => {
      const related = response.replace(/(<a:RelatesTo[^>]*>)[^<]*/, `$1${messageIdOf(message)}`);
      return { status: 200, response: related };
    };
    await expect(call('four')).rejects.toMatchObject({ reason: 'replay' });
  });

  test('is not made of an answer of the service, at any of its nodes', async () => {
    await call('five');
    const { response = '' } = man.passages.at(-1) ?? {};
    man.meddle = async (message, forward) => {
      await forward(asRequest(response, message, operation));
      man.upstream = other.http;
      await forward(asRequest(response, message, operation));
      return forward(message);
    };
    await call('six').catch(() => undefined);
    expect([node, other].map(({ lines }) => loggedReasons(lines))).toEqual([['replay'], ['replay-elsewhere']]);
  });
});
