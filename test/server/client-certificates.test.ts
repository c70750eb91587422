import { describe, expect, test } from 'vitest';
import type { ConversationPlan, MessagePlan } from '../../src/policy/plan.ts';
import { checkSameClient, credentialOf, tlsCertificate } from '../../src/server/client-certificates.ts';
import type { ServedPort } from '../../src/server/port.ts';
import type { Context } from '../../src/state/context.ts';
import { own } from '../message/captures.ts';
import { planOf } from '../support/initiator.ts';
import { caller } from '../support/node.ts';

const [alice, bob] = [own('alice'), own('bob')];
const plan = planOf('EchoTls11');
const { protection, ...rest } = plan.bootstrap.request;
const asking = { ...rest, supporting: [], protection: { ...protection, clientCertificate: true } } as MessagePlan;
const asked: ConversationPlan = { ...plan, bootstrap: { ...plan.bootstrap, request: asking } };
const refused = (reason: string) => expect.objectContaining({ fault: 'invalidSecurityToken', reason });

describe('a call by the certificate of TLS', () => {
  const begun = (by: typeof alice | undefined) => ({ credential: by && credentialOf(by) }) as Context;

  test('is taken from who began the conversation with it, and from nobody else', () => {
    const call = (context: Context) => () => checkSameClient(context, alice, { plan: asked });
    expect(call(begun(alice))).not.toThrow();
    expect(call(begun(bob))).toThrow(refused('client-certificate-other'));
    expect(call(begun(undefined))).toThrow(refused('client-certificate-other'));
  });

  test('is anybody’s where the bootstrap does not ask for one, or a token says who it is', () => {
    expect(() => checkSameClient(begun(bob), alice, { plan })).not.toThrow();
    expect(() => checkSameClient(begun(bob), undefined, { plan: asked })).not.toThrow();
    const request: MessagePlan = { ...asking, supporting: [{ kind: 'x509', endorsing: true, derivedKeys: false }] };
    const both: ConversationPlan = { ...asked, bootstrap: { ...asked.bootstrap, request } };
    expect(() => checkSameClient(begun(bob), alice, { plan: both })).not.toThrow();
  });
});

test('a request whose plan asks TLS for a certificate is refused without one, and where none is believed', () => {
  const port = { trust: undefined } as ServedPort;
  const missing = refused('client-certificate-missing');
  expect(() => tlsCertificate(asking, port, { ...caller, certificates: [alice.certificate.raw] })).toThrow(missing);
  const check = () => Promise.reject(new Error('there is nothing to check'));
  expect(() => tlsCertificate(asking, { trust: { check, known: [] } } as never, caller)).toThrow(missing);
  expect(tlsCertificate(plan.bootstrap.request, port, caller)).toBeUndefined();
});
