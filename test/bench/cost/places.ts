import { randomBytesPooled } from '../../../src/crypto/random.ts';
import { send } from '../../../src/message/send.ts';
import type { SendKeys } from '../../../src/message/sending-key.ts';
import { ns } from '../../../src/names.ts';
import type { ConversationPlan, ExchangePlan, OperationPlan, Plan } from '../../../src/policy/plan.ts';
import { writeContextReference } from '../../../src/security/token-reference.ts';
import { type Conversation, call, echo, issueRequest, replaced, timestampTtlMs } from '../../support/initiator.ts';
import type { PortName } from '../../support/node.ts';
import type { Fills } from './fill.ts';
import { signedAnew } from './signing.ts';
import { constantMessageId, type MeasuredServer, measuredBootstrap, measuredCaller, type Subject } from './subjects.ts';
import { attributeFills, elementFills, idFills, namespaceFills, tooLongFills } from './tag-fills.ts';
import { gapFills, textFills } from './text-fills.ts';

/** A place in a message for markup of any length, and who reads the message. */
export interface Place {
  readonly name: string;
  /** Whether a message of this kind needs credentials. */
  readonly signed: boolean;
  readonly subject: Subject;
  readonly fills: Fills;
  write(inside: string): string;
}

export const marker = '@@';

/** A text with its marker replaced. */
export function around(text: string): (inside: string) => string {
  const at = text.indexOf(marker);
  if (at === -1) throw new TypeError('no marker');
  const [before, rest] = [text.slice(0, at), text.slice(at + marker.length)];
  return inside => before + inside + rest;
}

const inEcho = (inside: string) => `<Echo xmlns="${echo}"><text>${inside}</text></Echo>`;
const noSignature = `<ds:SignatureValue>${Buffer.alloc(20).toString('base64')}</ds:SignatureValue>`;

/** The same message with a signature that nobody's key has made. */
export function unsigned(message: string): string {
  return replaced(message, /<ds:SignatureValue>[^<]*<\/ds:SignatureValue>/, noSignature);
}

/** A call over TLS whose Body is signed as well. */
export function signedBodyCall(conversation: Conversation, body = inEcho(marker), attributes = ''): string {
  const open = `<s:Body xmlns:u="${ns.wsu}"${attributes} u:Id="body">`;
  return replaced(call(conversation, { content: body }), '<s:Body>', open);
}

function answered(plan: Plan, exchange: ExchangePlan, keys: SendKeys, action: string, content: string): string {
  const out = { action, relatesTo: constantMessageId, body: { declarations: '', content } };
  const options = { nowMs: Date.now(), random: randomBytesPooled, timestampTtlMs };
  return send(exchange.response, { soap: plan.soap, addressing: plan.addressing }, keys, out, options).text;
}

/** The answer of the service to a call of this conversation. */
export function answerTo({ plan, keys }: Conversation, content: string): string {
  const operation = echoOperation(plan);
  const { id, instance } = keys;
  const context = {
    id,
    instance,
    keys: keys.keys,
    token: undefined,
    reference: writeContextReference(plan.dialect, id),
  };
  return answered(plan, operation, { context }, operation.outputAction, content);
}

/** The answer to a bootstrap over TLS, which nothing else protects. */
export function bootstrapAnswer(plan: ConversationPlan, content: string): string {
  return answered(plan, plan.bootstrap, {}, plan.dialect.responseAction.issue, content);
}

/** The operation that all measured calls are of. */
export function echoOperation({ operations }: Plan): OperationPlan {
  const operation = operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new TypeError('no operation Echo');
  return operation;
}

/** A fault that anybody may have written. */
export const fault = (reason: string, more: string, subcode = '') =>
  `<s:Envelope xmlns:s="${ns.soap12}"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>${subcode}</s:Code>` +
  `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason>${more}</s:Fault></s:Body></s:Envelope>`;

/** Conversations of one user with a node, by port. */
export interface Conversations {
  readonly tls: Conversation;
  readonly symmetric: Conversation;
}

const everything: Fills = { ...textFills, ...elementFills, ...attributeFills, ...namespaceFills, ...idFills };
/** What costs more than other markup of the same length, for places that are read by the same code as others. */
const names: Fills = { ...namespaceFills, ...idFills };

/** The places where markup of every kind may stand. */
export function places(server: MeasuredServer, { tls, symmetric }: Conversations): readonly Place[] {
  const tlsServer = server.subject('EchoTls11');
  const symmetricServer = server.subject('EchoSymmetric');
  const caller = measuredCaller(symmetric, echoOperation(symmetric.plan));
  const anonymous = unsigned(call(tls, { content: inEcho(marker) }));
  const inHeader = (text: string) => replaced(text, '</s:Header>', `<x xmlns="urn:x">${marker}</x></s:Header>`);
  const signed = signedBodyCall(tls);
  const { wst, requestType } = symmetric.plan.dialect;
  const rst = (port: PortName, content: string) => issueRequest(port, { content }).sent.text;
  const extended = (inside: string) =>
    `<t:RequestSecurityToken xmlns:t="${wst}"><t:RequestType>${requestType.issue}</t:RequestType>` +
    `<x xmlns="urn:x">${inside}</x></t:RequestSecurityToken>`;
  return [
    {
      name: 'body',
      signed: false,
      subject: tlsServer,
      fills: { ...everything, ...tooLongFills },
      write: around(anonymous),
    },
    { name: 'header', signed: false, subject: tlsServer, fills: names, write: around(inHeader(unsigned(call(tls)))) },
    {
      name: 'encrypted-rst',
      signed: false,
      subject: symmetricServer,
      fills: names,
      write: inside => rst('EchoSymmetric', extended(inside)),
    },
    {
      name: 'signed-body',
      signed: true,
      subject: tlsServer,
      fills: everything,
      write: inside => signedAnew(around(signed)(inside), tls, [{ id: 'body' }]),
    },
    {
      name: 'encrypted-body',
      signed: true,
      subject: symmetricServer,
      fills: everything,
      write: inside => call(symmetric, { content: inEcho(inside) }),
    },
    {
      name: 'echo',
      signed: true,
      subject: symmetricServer,
      fills: textFills,
      write: inside => call(symmetric, { content: `<Echo xmlns="${echo}"><text of="">${inside}</text></Echo>` }),
    },
    {
      name: 'answer',
      signed: true,
      subject: caller,
      fills: names,
      write: inside => answerTo(symmetric, `<EchoResponse xmlns="${echo}"><text>${inside}</text></EchoResponse>`),
    },
    {
      name: 'fault-detail',
      signed: false,
      subject: caller,
      fills: names,
      write: around(fault('', `<s:Detail>${marker}</s:Detail>`)),
    },
  ];
}

/** A gap of a message's structure: where nothing but white space and comments may stand. */
export function gaps(server: MeasuredServer, { tls }: Conversations): readonly Place[] {
  const subject = server.subject('EchoTls11');
  const text = unsigned(call(tls));
  const before = (part: string | RegExp) => {
    const found = typeof part === 'string' ? part : (part.exec(text)?.[0] ?? '');
    return around(replaced(text, found, marker + found));
  };
  const gap = (name: string, write: Place['write']): Place => ({
    name: `gap-${name}`,
    signed: false,
    subject,
    fills: gapFills,
    write,
  });
  return [
    gap('before-envelope', before('<s:Envelope')),
    gap('before-header', before('<s:Header')),
    gap('after-header', before('<s:Body')),
    gap('after-body', before('</s:Envelope>')),
    gap('in-header', before('<a:Action')),
    gap('in-body', before('</s:Body>')),
    gap('in-security', before('<ds:Signature ')),
    gap('in-signed-info', before('<ds:SignatureMethod')),
    gap('in-context-token', before('<k:State')),
    {
      name: 'answer-gap',
      signed: false,
      subject: measuredBootstrap('EchoTls11'),
      fills: gapFills,
      write: around(replaced(fault('', ''), '<s:Body>', `${marker}<s:Body>`)),
    },
  ];
}
