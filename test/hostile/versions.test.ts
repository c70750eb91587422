import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootstrap, type Conversation } from '../../src/client/bootstrap.ts';
import { credentialsOf } from '../../src/client/credentials.ts';
import { type ConversationParts, exchange, exchangeParts } from '../../src/client/exchange.ts';
import { openSession, type Session } from '../../src/client/session.ts';
import { sessionOptions } from '../../src/client/session-options.ts';
import type { HttpResponse, PostHeaders, Transport } from '../../src/client/transport.ts';
import { addressingVersions, soapVersions } from '../../src/names.ts';
import type { ConversationPlan, OperationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { standBetween } from '../client/man.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { addContent, echoContent } from '../support/initiator.ts';
import { type PortName, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { planOf } from '../support/plans.ts';
import { variantFile } from '../support/variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'hostile-versions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plainFile = variantFile(folder, { soap: '1.1', addressing: undefined });
const oldFile = variantFile(folder, { soap: '1.1', addressing: '1.0' });
let plain: ListeningNode;
let old: ListeningNode;
beforeAll(async () => {
  plain = await listen({ wsdl: plainFile });
  old = await listen({ wsdl: oldFile });
});
afterAll(() => Promise.all([plain.close(), old.close()]));
beforeEach(() => {
  for (const node of [plain, old]) node.lines.length = node.calls.length = 0;
});

/** What somebody on the way makes of a request. */
type Meddle = (message: string, headers: PostHeaders) => readonly [string, PostHeaders];

/** A client of a port, and what was posted for it; what it posts goes through `meddle`. */
interface Held {
  readonly plan: ConversationPlan;
  readonly parts: ConversationParts;
  readonly posted: { message: string; headers: PostHeaders; response: HttpResponse }[];
  meddle: Meddle;
  /** The same octets again. */
  again(index: number): Promise<HttpResponse>;
  begin(): Promise<Conversation>;
  call(conversation: Conversation, operation: string, content: string): Promise<unknown>;
}

function hold(node: ListeningNode, file: string, port: PortName): Held {
  const plan = planOf(readWsdl(file), port);
  const address = node.address(port);
  const settings = sessionOptions.read(
    { plan, ...user, ca: pem.ca.certificate, serviceCertificate: pem.service.certificate, addresses: [address] },
    { of: 'test', path: '' },
  );
  const { keys, ...credentials } = credentialsOf(settings);
  const real = exchangeParts(settings, credentials);
  const posted: Held['posted'] = [];
  const transport: Transport = {
    async post(to, message, headers) {
      const changed = held.meddle(message, headers);
      const response = await real.transport.post(to, ...changed);
      posted.push({ message: changed[0], headers: changed[1], response });
      return response;
    },
    through: () => transport,
    close: () => real.transport.close(),
  };
  const parts = { ...real, plan, transport };
  const held: Held = {
    plan,
    parts,
    posted,
    meddle: (message, headers) => [message, headers],
    again(index) {
      const { message, headers } = posted[index] as Held['posted'][number];
      return real.transport.post(address, message, headers);
    },
    begin: () => bootstrap(keys, parts),
    call(conversation, name, content) {
      const operation = operationOf(plan, name);
      return exchange(parts, {
        plan: operation,
        addressing: plan.addressing,
        keys: { context: conversation.requestKey },
        context: conversation.key,
        action: operation.inputAction,
        answerActions: [operation.outputAction],
        body: { declarations: '', content },
        isForIssuer: false,
        address: undefined,
      });
    },
  };
  return held;
}

function operationOf(plan: ConversationPlan, name: string): OperationPlan {
  const operation = plan.operations.find(candidate => candidate.name === name);
  if (operation === undefined) throw new TypeError(`no operation ${name}`);
  return operation;
}

const withAction =
  (action: string | undefined): Meddle =>
  (message, { SOAPAction: _, ...rest }) => [
    message,
    action === undefined ? rest : { ...rest, SOAPAction: `"${action}"` },
  ];

const refused = { code: expect.stringMatching(/^(FAULT|BAD_CONTEXT_TOKEN)$/) };

describe.each(['EchoSymmetric', 'EchoTls11'] as const)('%s of SOAP 1.1 without WS-Addressing', port => {
  const echo = echoContent('x');

  test.each([
    ['none', undefined],
    ['an empty one', ''],
  ])('serves a call with a SOAPAction that is %s: the Body says what is meant', async (_, action) => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    held.meddle = withAction(action);
    await held.call(conversation, 'Echo', echo);
    await held.call(conversation, 'Add', addContent);
    expect(plain.calls.map(call => call.split(' ')[0])).toEqual(['Echo', 'Add']);
  });

  test('refuses a call whose SOAPAction was made that of another operation', async () => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    held.meddle = withAction(operationOf(held.plan, 'Add').soapAction);
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject(refused);
    expect(loggedReasons(plain.lines)).toEqual(['action-body-mismatch']);
    expect(plain.calls).toEqual([]);
  });

  test('refuses a call whose SOAPAction is nobody’s, or that of a request for a token', async () => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    const { requestAction } = held.plan.dialect;
    for (const action of ['urn:x', ...Object.values(requestAction)]) {
      held.meddle = withAction(action);
      await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject(refused);
    }
    expect(plain.calls).toEqual([]);
  });

  test('refuses a Body that is no operation’s, whatever the SOAPAction', async () => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    for (const action of [undefined, operationOf(held.plan, 'Echo').soapAction]) {
      held.meddle = withAction(action);
      await expect(held.call(conversation, 'Echo', '<Echo xmlns="urn:x"/>')).rejects.toMatchObject(refused);
    }
    expect(plain.calls).toEqual([]);
  });

  test('issues for an RST that only SOAPAction tells, and answers it without addressing headers', async () => {
    const held = hold(plain, plainFile, port);
    const trust = { ...held.parts, plan: { ...held.plan, trustAddressing: undefined as never } };
    const bare = { ...held, parts: trust };
    const settings = sessionOptions.read(
      { plan: trust.plan, ...user, serviceCertificate: pem.service.certificate },
      { of: 'test', path: '' },
    );
    await bootstrap(credentialsOf(settings).keys, bare.parts);
    const [{ message, response } = { message: '', response: { bytes: Buffer.of() } }] = held.posted;
    for (const text of [message, Buffer.from(response.bytes).toString()]) expect(text).not.toContain('<a:');
    // A copy of it is a replay, also without a MessageID.
    expect((await held.again(0)).status).toBe(500);
    expect(loggedReasons(plain.lines)).toEqual(['replay']);
    held.meddle = withAction(undefined);
    await expect(bootstrap(credentialsOf(settings).keys, bare.parts)).rejects.toMatchObject(refused);
  });

  test('refuses an RST with addressing headers of another version', async () => {
    const held = hold(plain, plainFile, port);
    const parts = { ...held.parts, plan: { ...held.plan, trustAddressing: addressingVersions['2004/08'] } };
    const settings = sessionOptions.read(
      { plan: parts.plan, ...user, serviceCertificate: pem.service.certificate },
      { of: 'test', path: '' },
    );
    await expect(bootstrap(credentialsOf(settings).keys, parts)).rejects.toMatchObject(refused);
    expect(loggedReasons(plain.lines)).toEqual(['addressing-version']);
  });

  test('refuses a call that has addressing headers', async () => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    const { namespace } = addressingVersions['1.0'];
    const action = `<a:Action xmlns:a="${namespace}">${operationOf(held.plan, 'Add').soapAction}</a:Action>`;
    held.meddle = (message, headers) => [message.replace('<s:Header>', `<s:Header>${action}`), headers];
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject(refused);
    expect(plain.calls).toEqual([]);
  });

  test('serves each call once', async () => {
    const held = hold(plain, plainFile, port);
    const conversation = await held.begin();
    await held.call(conversation, 'Echo', echo);
    expect((await held.again(1)).status).toBe(500);
    expect(loggedReasons(plain.lines)).toEqual(['replay']);
    expect(plain.calls).toHaveLength(1);
  });
});

describe('a port of SOAP 1.1', () => {
  const echo = echoContent('x');

  test('answers a message of SOAP 1.2 under its own media type with VersionMismatch', async () => {
    const held = hold(old, oldFile, 'EchoTls11');
    const conversation = await held.begin();
    held.meddle = (message, headers) => [
      message.replaceAll(soapVersions['1.1'].namespace, soapVersions['1.2'].namespace),
      headers,
    ];
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject({
      faultCode: { local: 'VersionMismatch' },
    });
    expect(old.calls).toEqual([]);
  });

  test('reads no body under the media type of SOAP 1.2', async () => {
    const held = hold(old, oldFile, 'EchoTls11');
    const conversation = await held.begin();
    held.meddle = (message, headers) => [message, { ...headers, 'Content-Type': 'application/soap+xml' }];
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(held.posted.at(-1)?.response.status).toBe(415);
  });

  test('takes the action from SOAPAction alone, and refuses two', async () => {
    const held = hold(old, oldFile, 'EchoTls11');
    const conversation = await held.begin();
    const type = (action: string) => `text/xml; charset=utf-8; action="${action}"`;
    held.meddle = (message, { SOAPAction: _, ...headers }) => [message, { ...headers, 'Content-Type': type('urn:x') }];
    await held.call(conversation, 'Echo', echo);
    held.meddle = (message, headers) => [message, { ...headers, 'Content-Type': type('urn:x') }];
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(held.posted.at(-1)?.response.status).toBe(400);
    expect(old.calls).toHaveLength(1);
  });

  test('refuses a SOAPAction that is not wsa:Action', async () => {
    const held = hold(old, oldFile, 'EchoTls11');
    const conversation = await held.begin();
    held.meddle = withAction(operationOf(held.plan, 'Add').soapAction);
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject({
      faultCode: { local: 'ActionMismatch' },
    });
    expect(loggedReasons(old.lines)).toEqual(['soap-action']);
    expect(old.calls).toEqual([]);
  });

  test('posts with SOAPAction in quotes, and text/xml', async () => {
    const held = hold(old, oldFile, 'EchoTls11');
    await held.call(await held.begin(), 'Echo', echo);
    expect(held.posted.map(({ headers }) => headers)).toEqual(
      [held.plan.dialect.requestAction.issue, operationOf(held.plan, 'Echo').inputAction].map(action => ({
        'Content-Type': 'text/xml; charset=utf-8',
        SOAPAction: `"${action}"`,
      })),
    );
  });
});

describe('operations that have one Body, over TLS', () => {
  const file = variantFile(folder, { soap: '1.2', addressing: undefined }, text =>
    text.replace('element="tns:Add"', 'element="tns:Echo"'),
  );
  const echo = echoContent('x');
  let node: ListeningNode;
  beforeAll(async () => {
    node = await listen({ wsdl: file, ports: { EchoTls11: {} } });
  });
  afterAll(() => node.close());

  test('are told apart by what HTTP says alone, so that a call without an action is refused', async () => {
    const held = hold(node, file, 'EchoTls11');
    const conversation = await held.begin();
    await held.call(conversation, 'Echo', echo);
    held.meddle = (message, headers) => [message, { ...headers, 'Content-Type': 'application/soap+xml' }];
    await expect(held.call(conversation, 'Echo', echo)).rejects.toMatchObject(refused);
    expect(loggedReasons(node.lines)).toEqual(['action-body-mismatch']);
    expect(node.calls).toHaveLength(1);
  });
});

describe('an answer without WS-Addressing that is not the one to its request', () => {
  let man: Awaited<ReturnType<typeof standBetween>>;
  let node: ListeningNode;
  let session: Session;
  const plan = planOf(readWsdl(plainFile), 'EchoSymmetric');
  beforeAll(async () => {
    man = await standBetween('http');
    node = await listen({ wsdl: plainFile, addresses: [man.base] });
    man.upstream = node.http;
    const certificate = pem.service.certificate;
    session = openSession({ plan, ...user, serviceCertificate: certificate, addresses: [`${man.base}/EchoSymmetric`] });
    await call('Echo', echoContent('first'));
  });
  afterAll(async () => {
    man.meddle = undefined;
    await session.close();
    await man.close();
    await node.close();
  });
  const call = (name: string, content: string) =>
    session.call({ operation: operationOf(plan, name), body: { declarations: '', content } });

  test('is refused where it has been an answer before', async () => {
    const recorded = man.passages.at(-1)?.response ?? '';
    man.meddle = async () => ({ status: 200, response: recorded });
    await expect(call('Echo', echoContent('second'))).rejects.toMatchObject({ reason: 'replay' });
  });

  test('is refused where it has addressing headers', async () => {
    man.meddle = async (message, forward) => {
      const { status, response } = await forward(message);
      const action = `<a:Action xmlns:a="${addressingVersions['1.0'].namespace}">urn:x</a:Action>`;
      return { status, response: response.replace('<s:Header>', `<s:Header>${action}`) };
    };
    await expect(call('Echo', echoContent('addressed'))).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
  });

  test('is refused where it is of another operation', async () => {
    const kept: string[] = [];
    man.meddle = async (message, forward) => {
      const { response } = await forward(message);
      kept.push(response);
      return { status: 200, response };
    };
    await call('Echo', echoContent('other'));
    man.meddle = async (message, forward) => {
      const answer = await forward(message);
      kept.push(answer.response);
      return undefined;
    };
    await expect(call('Add', addContent)).rejects.toMatchObject({ code: 'NETWORK' });
    man.meddle = async () => ({ status: 200, response: kept.at(-1) ?? '' });
    await expect(call('Echo', echoContent('third'))).rejects.toMatchObject({ reason: 'answer-body' });
  });
});
