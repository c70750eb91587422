import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/index.ts';
import { makeCertificates } from './certificate-files.ts';
import { type CxfServer, startCxfServer } from './cxf-peer.ts';
import { type WsdlPort, wsdlPorts } from './farm-process.ts';

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const user = 'alice';
const password = 'a long <&> password';
const text = 'ä <&> € ]]>\n\tline';

/** A streaming CXF server does not tell its service who opened the conversation, whatever the client. */
const modes = [
  { mode: 'DOM', streaming: false, known: user },
  { mode: 'streaming', streaming: true, known: '' },
];

describe.each(modes)('a CXF server ($mode)', ({ streaming, known }) => {
  const folder = mkdtempSync(join(tmpdir(), 'wssc-cxf-server-'));
  let files: Awaited<ReturnType<typeof makeCertificates>>;
  let server: CxfServer;

  beforeAll(async () => {
    files = await makeCertificates(folder);
    server = await startCxfServer({ user, password, service: files.service, tls: files.tls, streaming });
  });

  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const conversationOf = (client: Client, port: WsdlPort, changed: { password?: string } = {}) =>
    secureConversation(client, {
      port,
      username: user,
      password,
      ca: readFileSync(files.ca.certificate, 'utf8'),
      serviceCertificate: readFileSync(files.service.certificate, 'utf8'),
      addresses: [server.addresses[port]],
      ...changed,
    });

  if (streaming) {
    test('on EchoSymmetric is refused, since it mixes the dialects in its answer to the bootstrap', async () => {
      const client = await createClientAsync(wsdl);
      const conversation = conversationOf(client, 'EchoSymmetric');
      client.setSecurity(conversation);
      const call = new Promise((resolve, reject) => {
        client.EchoService.EchoSymmetric.Echo({ text }, (error: unknown, answer: unknown) =>
          error ? reject(error) : resolve(answer),
        );
      });
      await expect(call).rejects.toMatchObject({ code: 'MESSAGE_REFUSED', reason: 'security-child' });
      await conversation.close();
    });
  }

  describe.each(streaming ? wsdlPorts.filter(port => port !== 'EchoSymmetric') : wsdlPorts)('on %s', port => {
    test('answers each call of one conversation with our client', async () => {
      const client = await createClientAsync(wsdl);
      const conversation = conversationOf(client, port);
      client.setSecurity(conversation);
      const service = client.EchoService[port];
      const call = (operation: string, request: object) =>
        new Promise((resolve, reject) => {
          service[operation](request, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)));
        });
      for (let i = 0; i < 5; i++) {
        expect(await call('Echo', { text })).toEqual({ text });
        expect(await call('Add', { a: i, b: 40 })).toEqual({ sum: i + 40 });
        expect(await call('WhoAmI', {})).toMatchObject({ user: known });
      }
      expect(conversation.session.bootstraps).toBe(1);
      // CXF's own client is told the same: what this server makes of a Cancel fits no port's policy.
      expect(await conversation.close()).toBe(false);
    });

    test('refuses the bootstrap of our client with a wrong password', async () => {
      const client = await createClientAsync(wsdl);
      const conversation = conversationOf(client, port, { password: 'wrong' });
      client.setSecurity(conversation);
      const call = new Promise((resolve, reject) => {
        client.EchoService[port].Echo({ text }, (error: unknown, answer: unknown) =>
          error ? reject(error) : resolve(answer),
        );
      });
      await expect(call).rejects.toThrow();
      expect(conversation.session.bootstraps).toBe(0);
      await conversation.close();
    });
  });
});
