import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { makeCertificates } from './certificate-files.ts';
import { runShapesClient, startShapesServer } from './cxf-peer.ts';

/** Bodies of three namespaces in both styles, with CXF peers, which validate those of document/literal. */
const wsdl = resolve('test/interop/wsdl/shapes.wsdl');
const user = 'alice';
const password = 'ecila';
const folder = mkdtempSync(join(tmpdir(), 'wssc-shapes-'));
let files: Awaited<ReturnType<typeof makeCertificates>>;

beforeAll(async () => {
  files = await makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The order that CXF's peers send, as a value. */
const plain = { text: '', count: [2, 3], price: 7 };
const longer = { attributes: { id: 'a"<', 'xsi:type': 'l:Longer' }, text: ' two  spaces ', count: [1], more: 'm' };
const order = (note: string) => ({ note, line: [{ ...longer, price: null }, plain], Extra: plain });
/** The same as it is read: nil is left out. */
const read = (note: string) => ({ note, line: [longer, plain], Extra: plain });
/** The fault that the WSDL declares for Document. */
const refusal = { line: { ...longer, price: null }, left: 2 };
const readRefusal = { line: longer, left: 2 };
const saidRefusal = '(a"<: two  spaces :[1]:null+m) of 2';
const said = (note: string) => `[${note}](a"<: two  spaces :[1]:null+m)(null::[2, 3]:7) and (null::[2, 3]:7)`;

describe('a CXF client at our server', () => {
  const seen: unknown[] = [];
  let node: ListeningNode;

  beforeAll(async () => {
    const answer = (args: unknown) => {
      seen.push(args);
      if ((args as { note: string }).note === 'refuse')
        throw { Fault: { Reason: { Text: 'no more' }, Detail: { Refusal: refusal } } };
      return order('from us');
    };
    const pem = (file: string) => readFileSync(file, 'utf8');
    node = await listen({
      wsdl,
      services: {
        ShapesService: { Document: { Send: answer }, Rpc: { Send: (args: unknown) => ({ answer: answer(args) }) } },
      },
      ports: { Document: {}, Rpc: {} },
      authenticate: async (name, given) => (name === user && given === password ? { user, roles: [] } : undefined),
      tls: { certificate: pem(files.tls.certificate), key: pem(files.tls.key) },
    });
  });
  afterAll(() => node.close());

  test('understands both ports, and is understood', async () => {
    const base = `https://localhost:${node.https}`;
    const outcomes = await runShapesClient({ https: base, user, password, ca: files.ca.certificate });
    expect(outcomes).toEqual([
      { port: 'Document', said: said('from us') },
      { port: 'Document', refused: `no more ${saidRefusal}` },
      { port: 'Rpc', said: said('from us') },
    ]);
    expect(seen).toEqual([read('note'), read('refuse'), { note: ' part ', order: read('note') }]);
  });
});

describe('our client at a CXF server', () => {
  let server: Awaited<ReturnType<typeof startShapesServer>>;

  beforeAll(async () => {
    server = await startShapesServer({ user, password, tls: files.tls });
  });
  afterAll(() => server.close());

  const opened = async (port: string) => {
    const client = await createClientAsync(wsdl, { forceSoap12Headers: true });
    const conversation = secureConversation(client, {
      port,
      username: user,
      password,
      ca: readFileSync(files.ca.certificate, 'utf8'),
      addresses: [`${server.https}/${port}`],
    });
    client.setSecurity(conversation);
    return { client, conversation };
  };

  test('reads a fault that the WSDL declares', async () => {
    const { client, conversation } = await opened('Document');
    const error = await new Promise<{ root?: { Envelope: { Body: { Fault: { Detail: unknown } } } } }>(done => {
      client.ShapesService.Document.Send(order('refuse'), done);
    });
    await conversation.close();
    expect(error.root?.Envelope.Body.Fault.Detail).toEqual({ Refusal: readRefusal });
  });

  test.each([
    ['Document', order('note'), (answer: unknown) => answer, said('note')],
    [
      'Rpc',
      { note: ' part ', order: order('note') },
      ({ answer }: { answer: unknown }) => answer,
      ` part ${said('note')}`,
    ],
  ] as const)('understands port %s, and is understood', async (port, args, answerOf, note) => {
    const { client, conversation } = await opened(port);
    const answer = await new Promise<never>((done, failed) => {
      client.ShapesService[port].Send(args, (error: unknown, result: never) => (error ? failed(error) : done(result)));
    });
    await conversation.close();
    expect(answerOf(answer)).toEqual(read(note));
  });
});
