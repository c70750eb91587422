import { expect } from 'vitest';
import type { FaultClass } from '../../src/errors.ts';
import type { HttpAnswer } from '../../src/server/pipeline.ts';
import type { TestNode } from './node.ts';

const soap12 = 'http://www.w3.org/2003/05/soap-envelope';
const wsa = 'http://www.w3.org/2005/08/addressing';
const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const feb2005 = 'http://schemas.xmlsoap.org/ws/2005/02';
const oasis = 'http://docs.oasis-open.org/ws-sx';

interface Golden {
  readonly code?: string;
  /** Namespace and local name, from general to special. */
  readonly subcodes: readonly (readonly [string, string])[];
  readonly reason: string;
}

const verification = 'An error occurred when verifying security for the message.';
const lost = 'The security context token is expired or is not valid. The message was not processed.';
const invalidRequest = 'The request for security token has invalid or malformed elements.';

/** The faults of Feb-2005 unless they say otherwise, each the same in every byte whatever the message was. */
const golden = {
  badContextToken: { subcodes: [[`${feb2005}/sc`, 'BadContextToken']], reason: lost },
  badContextToken200512: { subcodes: [[`${oasis}/ws-secureconversation/200512`, 'BadContextToken']], reason: lost },
  failedCheck: { subcodes: [[wsse, 'FailedCheck']], reason: verification },
  invalidSecurity: { subcodes: [[wsse, 'InvalidSecurity']], reason: verification },
  messageExpired: { subcodes: [[wsse, 'MessageExpired']], reason: 'The message has expired.' },
  failedAuthentication: {
    subcodes: [[wsse, 'FailedAuthentication']],
    reason: 'At least one security token in the message could not be validated.',
  },
  invalidRequest: { subcodes: [[`${feb2005}/trust`, 'InvalidRequest']], reason: invalidRequest },
  invalidRequest200512: { subcodes: [[`${oasis}/ws-trust/200512`, 'InvalidRequest']], reason: invalidRequest },
  unableToRenew: {
    subcodes: [[`${feb2005}/sc`, 'UnableToRenew']],
    reason: 'The security context token can not be renewed.',
  },
  unableToRenew200512: {
    subcodes: [[`${oasis}/ws-secureconversation/200512`, 'UnableToRenew']],
    reason: 'The security context token can not be renewed.',
  },
  invalidAddressingHeader: {
    subcodes: [[wsa, 'InvalidAddressingHeader']],
    reason: 'A message addressing header is not valid and the message can not be processed.',
  },
  addressingHeaderRequired: {
    subcodes: [[wsa, 'MessageAddressingHeaderRequired']],
    reason: 'A required message addressing header is not present.',
  },
  actionMismatch: {
    subcodes: [
      [wsa, 'InvalidAddressingHeader'],
      [wsa, 'ActionMismatch'],
    ],
    reason: 'The action of the message does not fit the message.',
  },
  onlyAnonymousAddressSupported: {
    subcodes: [
      [wsa, 'InvalidAddressingHeader'],
      [wsa, 'OnlyAnonymousAddressSupported'],
    ],
    reason: 'Only the anonymous address is supported for replies and faults.',
  },
  mustUnderstand: { code: 'MustUnderstand', subcodes: [], reason: 'A mandatory header block was not understood.' },
  malformed: { subcodes: [], reason: 'The message is not a well-formed SOAP message.' },
  busy: {
    code: 'Receiver',
    subcodes: [],
    reason: 'The server is too busy to process the message now.',
  },
  server: { code: 'Receiver', subcodes: [], reason: 'The server was unable to process the message.' },
} satisfies Partial<Record<FaultClass | `${FaultClass}200512`, Golden>>;

export type FaultName = keyof typeof golden;

const goldenBodies = new Map<FaultName, string>();

function goldenBody(name: FaultName): string {
  const body = goldenBodies.get(name) ?? writtenBody(name);
  goldenBodies.set(name, body);
  return body;
}

function writtenBody(name: FaultName): string {
  const { code = 'Sender', subcodes, reason }: Golden = golden[name];
  const subcode = [...subcodes]
    .reverse()
    .reduce(
      (inner, [namespace, local]) =>
        `<s:Subcode><s:Value xmlns:f="${namespace}">f:${local}</s:Value>${inner}</s:Subcode>`,
      '',
    );
  return (
    `<s:Envelope xmlns:s="${soap12}"><s:Header xmlns:a="${wsa}">` +
    `<a:Action s:mustUnderstand="1">${wsa}/soap/fault</a:Action></s:Header><s:Body>` +
    `<s:Fault xmlns:s="${soap12}"><s:Code><s:Value>s:${code}</s:Value>${subcode}</s:Code>` +
    `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`
  );
}

/** What a fault may tell beside its class: which header block it is for. */
const told: readonly (readonly [classes: RegExp, RegExp])[] = [
  [
    /^(?:invalidAddressing|addressingHeader|action|onlyAnonymous)/,
    new RegExp(
      '<s:Detail><a:ProblemHeaderQName xmlns:a="[\\w:./]+">' +
        'a:(?:Action|MessageID|(?:Reply|Fault|Relates)?To|From)</a:ProblemHeaderQName></s:Detail>',
    ),
  ],
  [/^mustUnderstand/, /<s:NotUnderstood qname="f:[^"<]{1,512}" xmlns:f="[^"<]{1,512}"\/>/],
];

/**
 * Asserts that an answer is the fault of one class, byte for byte; only RelatesTo, and the header block that an
 * addressing fault or MustUnderstand names, may differ from message to message.
 */
export function expectFault(answer: Answer, name: FaultName): void {
  expect(comparable(answer, name)).toEqual(expected(name));
}

type Answer = Pick<HttpAnswer, 'status' | 'body'>;

function comparable({ status, body }: Answer, name: FaultName) {
  const own = told.find(([classes]) => classes.test(name))?.[1] ?? /$^/;
  return { status, body: (body ?? '').replace(/<a:RelatesTo>[^<]{1,512}<\/a:RelatesTo>/, '').replace(own, '') };
}

function expected(name: FaultName) {
  return { status: name === 'busy' ? 503 : 500, body: goldenBody(name) };
}

/**
 * Asserts that nothing of what must stay secret stands in the log of a node: given texts, and bytes in hex and base64.
 */
export function expectNoSecrets(lines: readonly string[], secrets: readonly (string | Uint8Array)[]): void {
  const log = lines.join('');
  const spellings = secrets.flatMap(secret =>
    typeof secret === 'string'
      ? [secret]
      : [Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')],
  );
  expect(spellings.filter(secret => secret.length < 8 || log.includes(secret))).toEqual([]);
}

/** Reasons of the refusals in a log, in order. */
export function loggedReasons(lines: readonly string[]): string[] {
  return lines.map(line => JSON.parse(line).reason).filter(reason => reason !== undefined);
}

/** Asserts that a message is refused with one class of fault, and that the service is not called for it. */
export async function expectRefused(
  node: TestNode,
  port: 'EchoTls11' | 'EchoTls13' | 'EchoSymmetric',
  message: string,
  name: FaultName,
  soapAction?: string,
): Promise<void> {
  const before = node.calls.length;
  const answer = comparable(await node.post(port, message, soapAction), name);
  expect({ ...answer, calls: node.calls.length }).toEqual({ ...expected(name), calls: before });
}

/** Asserts of each of many messages what {@link expectRefused} asserts of one. */
export async function expectAllRefused(
  node: TestNode,
  port: 'EchoTls11' | 'EchoTls13' | 'EchoSymmetric',
  messages: Iterable<string>,
  name: FaultName,
): Promise<void> {
  const before = node.calls.length;
  const refused = expected(name);
  const others: unknown[] = [];
  for (const message of messages) {
    const answer = comparable(await node.post(port, message), name);
    if (answer.status !== refused.status || answer.body !== refused.body) others.push({ message, answer });
  }
  expect(others).toEqual([]);
  expect(node.calls.length).toBe(before);
}
