import soap from 'soap';
import { describe, expect, it } from 'vitest';
import { suiteNamed } from '../../src/crypto/suites.ts';
import { addressingVersions, dialects, ns, soapVersions } from '../../src/names.ts';
import type { MessagePlan, Parts } from '../../src/policy/plan.ts';
import { compilePolicy } from '../support/plans.ts';
import { echoFile } from './echo-variant.ts';

const plans = compilePolicy(echoFile);
const [tls11, tls13, symmetric] = plans;

const noParts: Parts = { body: false, headers: [] };
const headers = ['To', 'From', 'FaultTo', 'ReplyTo', 'MessageID', 'RelatesTo', 'Action'].map(local => {
  return { namespace: ns.wsa10, local };
});
const bodyAndHeaders: Parts = { body: true, headers };
const bodyOnly: Parts = { body: true, headers: [] };
const namespace = 'urn:soap-secure-conversation:echo';

function messagesOf(plan: (typeof plans)[number] | undefined): MessagePlan[] {
  const exchanges = plan === undefined ? [] : [plan.bootstrap, plan.cancel, ...plan.operations];
  return exchanges.flatMap(({ request, response }) => [request, response]);
}

describe('the example service', () => {
  it('has three ports whose paths are their names', () => {
    expect(plans.map(plan => plan.address)).toEqual([
      'https://localhost:8443/EchoTls11',
      'https://localhost:8443/EchoTls13',
      'http://localhost:8080/EchoSymmetric',
    ]);
    expect(plans.map(plan => plan.port)).toEqual(['EchoTls11', 'EchoTls13', 'EchoSymmetric']);
  });

  it('is read by node-soap', async () => {
    const client = await soap.createClientAsync(echoFile);
    const operations = {
      Echo: { input: { text: 'xsd:string' }, output: { text: 'xsd:string' } },
      Add: { input: { a: 'xsd:int', b: 'xsd:int' }, output: { sum: 'xsd:int' } },
      WhoAmI: {
        input: {},
        output: {
          user: 'xsd:string',
          'role[]': 'xsd:string',
          contextId: 'xsd:string',
          node: 'xsd:string',
          openedFrom: 'xsd:string',
        },
      },
    };
    const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
    expect(client.describe()).toEqual({ EchoService: ports });
  });

  it('speaks SOAP 1.2 and WS-Addressing 1.0, with both entropies, Renew and Cancel, on every port', () => {
    for (const plan of plans) {
      expect(plan).toMatchObject({ soap: soapVersions['1.2'], addressing: addressingVersions['1.0'] });
      expect(plan).toMatchObject({ entropy: { client: true, server: true }, mayCancel: true, mayRenew: true });
      expect(plan.service).toEqual({ namespace, local: 'EchoService' });
      expect(plan.audience).toBe(`{${namespace}}EchoService/${plan.port}`);
    }
  });

  it('names body elements and actions in the WSDL, soapAction equal to the action', () => {
    for (const plan of plans) {
      expect(plan.operations.map(({ request, response, ...names }) => names)).toEqual(
        ['Echo', 'Add', 'WhoAmI'].map(name => ({
          name,
          input: { namespace, local: name },
          output: { namespace, local: `${name}Response` },
          soapAction: `${namespace}/EchoPortType/${name}`,
          inputAction: `${namespace}/EchoPortType/${name}`,
          outputAction: `${namespace}/EchoPortType/${name}Response`,
          faults: [],
        })),
      );
    }
  });
});

describe.each([
  ['EchoTls11', tls11, dialects.feb2005],
  ['EchoTls13', tls13, dialects['200512']],
])('%s', (_name, plan, dialect) => {
  it('is reached over TLS only, in the dialect of its Trust assertion', () => {
    expect(plan).toMatchObject({ transport: 'https', dialect, suite: suiteNamed('Basic256') });
  });

  it('leaves all parts to TLS and puts a Timestamp in each message', () => {
    for (const message of messagesOf(plan)) {
      expect(message).toMatchObject({ protection: { kind: 'transport' }, timestamp: true, layout: 'strict', dialect });
      expect(message).toMatchObject({ signed: noParts, encrypted: noParts });
    }
  });

  it('bootstraps with a UsernameToken, which TLS signs and encrypts', () => {
    expect(plan?.bootstrap.request.supporting).toEqual([{ kind: 'username', signed: false, encrypted: false }]);
  });

  const endorsing = { kind: 'context', endorsing: true, derivedKeys: false };

  it('endorses each request and the cancellation with the security context, and nothing in an answer', () => {
    const exchanges = [...(plan?.operations ?? []), plan?.cancel];
    expect(exchanges.map(exchange => exchange?.request.supporting)).toEqual(exchanges.map(() => [endorsing]));
    const all = [...exchanges, plan?.bootstrap, plan?.renew];
    expect(all.flatMap(exchange => exchange?.response.supporting)).toEqual([]);
  });

  it('renews as it bootstraps, and the security context endorses the request', () => {
    const { request, response } = plan?.bootstrap ?? {};
    expect(plan?.renew).toEqual({
      request: { ...request, supporting: [...(request?.supporting ?? []), endorsing] },
      response,
    });
  });
});

describe('EchoSymmetric', () => {
  it('is open to plain HTTP', () => {
    expect(symmetric).toMatchObject({ transport: 'http', dialect: dialects.feb2005, suite: suiteNamed('Basic128') });
  });

  it('signs Body and addressing headers and encrypts the Body in every message, without supporting tokens', () => {
    for (const message of messagesOf(symmetric)) {
      expect(message).toMatchObject({ timestamp: true, signed: bodyAndHeaders, encrypted: bodyOnly });
    }
    const exchanges = [...(symmetric?.operations ?? []), symmetric?.cancel];
    for (const exchange of exchanges)
      expect(exchange).toMatchObject({ request: { supporting: [] }, response: { supporting: [] } });
  });

  it('derives keys from the security context: its token is in a request, and only referred to in an answer', () => {
    const shared = { derivedKeys: true, order: 'signBeforeEncrypting', encryptSignature: false, protectTokens: false };
    for (const { request, response } of [...(symmetric?.operations ?? []), symmetric?.cancel].filter(
      e => e !== undefined,
    )) {
      const token = { kind: 'context', include: 'alwaysToRecipient' };
      expect(request).toMatchObject({ layout: 'lax', protection: { kind: 'symmetric', token, ...shared } });
      expect(response).toMatchObject({
        layout: 'lax',
        protection: { token: { kind: 'context', include: 'never' }, ...shared },
      });
    }
  });

  it('bootstraps in strict layout with a key for the thumbprint’s certificate and a signed UsernameToken', () => {
    const token = { kind: 'encryptedKey', reference: 'thumbprint' };
    const expected = { layout: 'strict', protection: { kind: 'symmetric', token, derivedKeys: true } };
    expect(symmetric?.bootstrap).toMatchObject({ request: expected, response: { ...expected, supporting: [] } });
    expect(symmetric?.bootstrap.request.supporting).toEqual([{ kind: 'username', signed: true, encrypted: false }]);
  });

  it('renews as it bootstraps, and the security context endorses the request with a derived key', () => {
    const { request, response } = symmetric?.bootstrap ?? {};
    const endorsing = { kind: 'context', endorsing: true, derivedKeys: true };
    const supporting = [...(request?.supporting ?? []), endorsing];
    expect(symmetric?.renew).toEqual({ request: { ...request, supporting }, response });
  });
});

it('a plan is frozen in depth and can be copied as data', () => {
  for (const plan of plans) {
    expect(structuredClone(plan)).toEqual(plan);
    expect(Object.isFrozen(plan.operations[0]?.request.signed.headers)).toBe(true);
  }
});
