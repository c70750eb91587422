import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { writeIssueRequest } from '../../../src/conversation/token-request.ts';
import { randomBytesPooled } from '../../../src/crypto/random.ts';
import type { Certificate } from '../../../src/crypto/x509.ts';
import { send } from '../../../src/message/send.ts';
import type { ConversationPlan } from '../../../src/policy/plan.ts';

/**
 * The bootstrap of a client: its UsernameToken is encrypted and all of it signed, whether the password is right or not.
 */
export function bootstrap(plan: ConversationPlan, recipient: Certificate, username: string, password: string): string {
  const { dialect, suite, soap, addressing } = plan;
  const body = writeIssueRequest(dialect, suite.defaultKeyBits, randomBytes(32));
  const out = { action: dialect.requestAction.issue, to: plan.address, replyToAnonymous: true, body };
  return send(
    plan.bootstrap.request,
    { soap, addressing },
    { tokens: { username: { username, password } }, recipient },
    out,
    {
      nowMs: Date.now(),
      random: randomBytesPooled,
      timestampTtlMs: 300_000,
    },
  ).text;
}

/** The same message with a signature that is well-formed and wrong: its key must be opened before that can be seen. */
export function forged(message: string): string {
  return message.replace(/(<[\w:]*SignatureValue[^>]*>)[^<]{4}/, '$1AAAA');
}

const agent = new Agent({ keepAlive: true, maxSockets: 900 });

/** What a caller may do beside waiting for the answer. */
export interface Manners {
  /** What a proxy says of where the message came from; undefined: nothing. */
  readonly from?: string | undefined;
  /** Hangs up after so long. */
  readonly patienceMs?: number;
}

/** HTTP status of the answer; 0 where the caller hung up first. */
export function post(port: number, message: string, { from, patienceMs }: Manners = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path: '/EchoSymmetric', method: 'POST', agent });
    outgoing.setHeader('Content-Type', 'application/soap+xml; charset=utf-8');
    if (from !== undefined) outgoing.setHeader('X-Forwarded-For', from);
    const timer = patienceMs === undefined ? undefined : setTimeout(() => outgoing.destroy(), patienceMs);
    outgoing.on('response', response => {
      response.on('end', () => {
        clearTimeout(timer);
        resolve(response.statusCode ?? 0);
      });
      response.on('error', () => resolve(0));
      response.resume();
    });
    outgoing.on('error', error => (outgoing.destroyed ? resolve(0) : reject(error)));
    outgoing.end(message);
  });
}
