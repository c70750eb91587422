import { readFileSync } from 'node:fs';
import { decodeBase64 } from '../../src/crypto/base64.ts';
import { pSha1 } from '../../src/crypto/psha1.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { loadCertificate, type OwnCertificate } from '../../src/crypto/x509.ts';
import { type Message, readMessage } from '../../src/message/message.ts';
import type { ReceiveKeys } from '../../src/message/protection-key.ts';
import { type ReceiveOptions, receive } from '../../src/message/receive.ts';
import type { Verified } from '../../src/message/verified.ts';
import { ns } from '../../src/names.ts';
import type { ExchangePlan, MessagePlan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { type Element, leafText } from '../../src/xml/tree.ts';
import { found, noKeys } from './found.ts';

const root = new URL('../vectors/captures/', import.meta.url);

export function read(file: string): Buffer {
  return readFileSync(new URL(file, root));
}

export function own(name: string): OwnCertificate {
  return loadCertificate(read(`keys/${name}.crt`).toString(), read(`keys/${name}.key`).toString());
}

/** The body of a recorded HTTP message. */
export function recorded(file: string): Message {
  const bytes = read(file);
  // The recorder of the WCF conversations ended header lines with LF alone.
  const blank = '\n\r\n';
  return readMessage(bytes.subarray(bytes.indexOf(blank) + blank.length));
}

/** Every element of a tree by local name, in document order; for tests only. */
export function all(element: Element, local: string): Element[] {
  return [...(element.local === local ? [element] : []), ...element.children.flatMap(child => all(child, local))];
}

export function textOf(element: Element | undefined, local: string): string {
  const found = element && all(element, local)[0];
  if (found === undefined) throw new Error(`no ${local}`);
  return leafText(found);
}

/** The clock of a recorded message is its own Timestamp. */
export function clockOf(message: Message): number {
  const security = message.envelope.security;
  return security === undefined ? 0 : Date.parse(textOf(security, 'Created'));
}

export async function open(
  message: Message,
  plan: MessagePlan,
  keys: ReceiveKeys,
  options: Partial<ReceiveOptions> = {},
): Promise<Verified> {
  return receive(message, plan, keys, {
    nowMs: clockOf(message),
    clockSkewMs: 60_000,
    timestampTtlMs: 300_000,
    random: systemRandom,
    ...options,
  });
}

/** What a recorded bootstrap agrees on. */
export interface Agreed {
  readonly id: string;
  readonly secret: SecretKey;
}

export interface Bootstrap {
  readonly request: Verified;
  readonly response: Verified;
  readonly agreed: Agreed;
}

/** Opens both messages of a bootstrap and computes the secret of the conversation. */
export async function openBootstrap(
  folder: string,
  plan: ExchangePlan,
  certificate?: OwnCertificate,
): Promise<Bootstrap> {
  const keys = { ...noKeys, ownCertificates: certificate === undefined ? [] : [certificate] };
  const request = await open(recorded(`${folder}/01-req.txt`), plan.request, keys);
  const response = await open(recorded(`${folder}/01-res.txt`), plan.response, { encryptedKey: request.encryptedKey });
  return { request, response, agreed: agree(request.content, response.content) };
}

export function agree(request: Element | undefined, response: Element | undefined): Agreed {
  const secret = pSha1(entropyOf(request), entropyOf(response), 32);
  return { id: textOf(response, 'Identifier'), secret: new SecretKey(secret) };
}

function entropyOf(content: Element | undefined): Buffer {
  return decodeBase64(textOf(content, 'BinarySecret'), { minBytes: 32, maxBytes: 32 });
}

export interface Call {
  readonly request: Verified;
  readonly response: Verified;
}

/** Opens both messages of a call in the conversation, each as its receiver does. */
export async function openCall(
  folder: string,
  number: string,
  plan: ExchangePlan,
  { id, secret }: Agreed,
): Promise<Call> {
  const findContext = (token: { id: string }) => (token.id === id ? found(id, secret) : undefined);
  const request = await open(recorded(`${folder}/${number}-req.txt`), plan.request, { ...noKeys, findContext });
  const context = { id, instance: undefined, keys: contextKeys(secret) };
  const response = await open(recorded(`${folder}/${number}-res.txt`), plan.response, { context });
  return { request, response };
}

export { ns };
