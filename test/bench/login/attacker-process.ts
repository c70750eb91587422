/**
 * Who attacks, in a process of its own. Argument: the attack as JSON; it begins when the process is told, and ends by
 * itself.
 */
import { readFileSync } from 'node:fs';
import { loadPeerCertificate } from '../../../src/crypto/x509.ts';
import { compilePolicy } from '../../support/plans.ts';
import { bootstrap, forged, post } from './bootstrap.ts';

/** What is sent, how often and from where. */
export interface Attack {
  readonly port: number;
  readonly wsdl: string;
  readonly certificate: string;
  readonly kind: 'bad logins' | 'forged bootstraps';
  readonly perSecond: number;
  readonly durationMs: number;
  /** Addresses that the attack comes from, as a proxy says; 0: the proxy says nothing. */
  readonly addresses: number;
}

/** How the messages of an attack were answered, by HTTP status; 0: not at all. */
export type Answers = Readonly<Record<number, number>>;

const [text = '{}'] = process.argv.slice(2);
const attack: Attack = JSON.parse(text);
const [plan] = compilePolicy(attack.wsdl, { ports: ['EchoSymmetric'] });
if (plan === undefined) throw new Error('no port to attack');
const recipient = loadPeerCertificate(readFileSync(attack.certificate, 'utf8'));
const count = Math.ceil((attack.perSecond * attack.durationMs) / 1_000);
const writers: Readonly<Record<Attack['kind'], (i: number) => string>> = {
  'bad logins': i => bootstrap(plan, recipient, `user ${i % 1_000}`, `guess ${i}`),
  'forged bootstraps': i => forged(bootstrap(plan, recipient, 'demo', `guess ${i}`)),
};
const messages = Array.from({ length: count }, (_, i) => writers[attack.kind](i));
const addressOf = (i: number) => {
  const n = i % attack.addresses;
  return attack.addresses === 0 ? undefined : `198.18.${n >> 8}.${n & 255}`;
};

async function run(): Promise<Answers> {
  const answers: Record<number, number> = {};
  const startedMs = performance.now();
  const sent: Promise<void>[] = [];
  for (const [i, message] of messages.entries()) {
    const dueMs = startedMs + (i * 1_000) / attack.perSecond;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 1) await new Promise(resolve => setTimeout(resolve, aheadMs));
    const answered = post(attack.port, message, { from: addressOf(i), patienceMs: 20_000 }).then(
      status => {
        answers[status] = (answers[status] ?? 0) + 1;
      },
      () => {
        answers[0] = (answers[0] ?? 0) + 1;
      },
    );
    sent.push(answered);
  }
  await Promise.race([Promise.all(sent), new Promise(resolve => setTimeout(resolve, 1_000))]);
  return answers;
}

process.once('message', () => void run().then(answers => process.send?.(answers, () => process.exit(0))));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
