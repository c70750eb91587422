import { expect, test } from 'vitest';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { authenticate, notedService, wsdl } from '../support/node.ts';

/** As JavaScript may give them; nothing is read before they have been checked, so no file needs to be there. */
const usable = {
  wsdl,
  services: notedService([]),
  ring: 'ring.json',
  authenticate,
  addresses: ['https://localhost:8443'],
};

const create = (options: unknown) => () => createEndpoint(options as EndpointOptions);
const failure = (message: string) =>
  expect.objectContaining({ code: 'CONFIG_INVALID', message: `createEndpoint: ${message}` });

test.each([
  ['nothing', undefined, 'must be an object'],
  ['a list', [], 'must be an object'],
  ['no option', {}, 'lacks the key wsdl'],
  ['no services', { ...usable, services: undefined }, 'lacks the key services'],
  ['no addresses', { ...usable, addresses: undefined }, 'lacks the key addresses'],
  ['an unknown option', { ...usable, lifetime: '10h' }, 'unknown key lifetime'],
  ['an unknown limit', { ...usable, limits: { maxByte: 1 } }, 'unknown key limits.maxByte'],
  ['an unknown override', { ...usable, ports: { EchoTls13: { cookie: true } } }, 'unknown key ports.EchoTls13.cookie'],
  ['no override', { ...usable, ports: { EchoTls13: true } }, 'ports.EchoTls13 must be an object'],
  ['services that are none', { ...usable, services: () => ({}) }, 'services must be an object'],
  [
    'a snapshot of a ring',
    { ...usable, ring: { keys: [] } },
    'ring must be the path of a key ring file, or what openRing gives',
  ],
  ['users as a list', { ...usable, authenticate: [] }, 'authenticate must be the path of a users file, or a function'],
  [
    'a state mode that is none',
    { ...usable, state: 'session' },
    'state must be cookie, database or none, or an object with the methods issue, replace, find, cancel, cancelled',
  ],
  [
    'a state mode that lacks a method',
    { ...usable, state: { issue() {}, find() {}, cancel() {} } },
    'state must be cookie, database or none, or an object with the methods issue, replace, find, cancel, cancelled',
  ],
  [
    'a store as text',
    { ...usable, store: 'memory:' },
    'store must be a URL, or an object with the methods claim, has, get, put, delete, add, changes, close',
  ],
  [
    'a store that lacks methods',
    { ...usable, store: { claim() {}, has() {} } },
    'store must be a URL, or an object with the methods claim, has, get, put, delete, add, changes, close',
  ],
  ['one address', { ...usable, addresses: 'https://localhost' }, 'addresses must be a list'],
  ['an empty list of addresses', { ...usable, addresses: [] }, 'addresses must not be empty'],
  ['a certificate without its key', { ...usable, certificate: 'PEM' }, 'certificate and key belong together'],
  ['a key without its certificate', { ...usable, key: 'PEM' }, 'certificate and key belong together'],
  ['half of tls', { ...usable, tls: { certificate: 'PEM' } }, 'tls certificate and key belong together'],
  ['a lifetime as text', { ...usable, lifetimeMs: '36000000' }, 'lifetimeMs must be a number from 1000 to 604800000'],
  [
    'a lifetime that is no number',
    { ...usable, lifetimeMs: Number.NaN },
    'lifetimeMs must be a number from 1000 to 604800000',
  ],
  ['more skew than is allowed', { ...usable, clockSkewMs: 300_001 }, 'clockSkewMs must be a number from 0 to 300000'],
  [
    'more skew than is allowed for a port',
    { ...usable, ports: { EchoTls13: { clockSkewMs: -1 } } },
    'ports.EchoTls13.clockSkewMs must be a number from 0 to 300000',
  ],
  [
    'a queue without room',
    { ...usable, loginLimits: { queue: 0 } },
    'loginLimits.queue must be a whole number from 1 to 1000',
  ],
  [
    'failures that are never too many',
    { ...usable, loginLimits: { failuresPerAddress: 1_000_001 } },
    'loginLimits.failuresPerAddress must be a whole number from 1 to 1000000',
  ],
  [
    'no failure of a user at all',
    { ...usable, loginLimits: { failuresPerUserAndAddress: 0 } },
    'loginLimits.failuresPerUserAndAddress must be a whole number from 1 to 1000000',
  ],
  [
    'a limit of logins that is none',
    { ...usable, loginLimits: { failuresPerName: 1 } },
    'unknown key loginLimits.failuresPerName',
  ],
  [
    'a proxy by its name',
    { ...usable, trustedProxies: ['balancer.example'] },
    'trustedProxies[0] must be an address or a block of them such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
  ],
  ['an empty cache', { ...usable, cacheEntries: 0 }, 'cacheEntries must be a whole number from 1 to 10000000'],
  ['a handler that is none', { ...usable, mounted: { path: '/x', handler: {} } }, 'mounted.handler must be a function'],
])('%s is refused with its name', (_, options, message) => {
  expect(create(options)).toThrow(failure(message));
});

test.each([
  '',
  'localhost',
  'localhost:8443',
  'ftp://localhost',
  'https://localhost:8443/EchoTls13',
  'https://localhost:8443/?wsdl',
  'https://localhost:8443/#x',
  'https://user@localhost:8443',
  'https://localhost:99999',
  8443,
])('an address that is no base address is refused with its place: %s', address => {
  const message = 'addresses[1] must be a base address such as https://node1.example:8443';
  expect(create({ ...usable, addresses: ['https://localhost:8443', address] })).toThrow(failure(message));
});

test('an unknown option is answered with those that there are', () => {
  const hint = expect.stringMatching(
    /^known there: wsdl, services, ring, authenticate, .*clockSkewMs.*onCancel, onEvent$/,
  );
  expect(create({ ...usable, wdsl: wsdl })).toThrow(expect.objectContaining({ hint }));
});

test('an option that is undefined is one that was not given', () => {
  const options = { ...usable, tls: undefined, ports: { EchoTls13: { clockSkewMs: undefined } }, log: undefined };
  expect(create(options)).toThrow(expect.objectContaining({ code: 'RING_INVALID' }));
});

test.each<[string, object, string]>([
  ['a database without a store', { state: 'database' }, 'state database needs a store that the nodes share'],
  [
    'a database in the memory of the process',
    { state: 'database', store: new URL('memory:') },
    'state database needs a store that the nodes share',
  ],
  [
    'a database that is only accepted, without a store',
    { acceptState: ['cookie', 'database'] },
    'state database needs a store that the nodes share',
  ],
  [
    'modes without the one in which conversations begin',
    { state: 'none', acceptState: ['cookie'] },
    'acceptState lacks none, in which conversations begin',
  ],
  [
    'modes beside one of their own',
    { state: { issue() {}, replace() {}, find() {}, cancel() {}, cancelled() {} }, acceptState: ['cookie'] },
    'acceptState does not go with a state mode of your own',
  ],
  [
    'an idle time where conversations are in their tokens',
    { idleMs: 60_000 },
    'an idle time goes with the states database and none alone',
  ],
  [
    'an idle time beside a state mode of their own',
    { state: { issue() {}, replace() {}, find() {}, cancel() {}, cancelled() {} }, idleMs: 60_000 },
    'an idle time goes with the states database and none alone',
  ],
])('%s is refused with what to do', (_, options, message) => {
  expect(create({ ...usable, ports: { EchoTls13: {} }, ...options })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message, hint: expect.any(String) }),
  );
});

test('an idle time goes with modes of which one keeps conversations', () => {
  const options = { ...usable, ports: { EchoTls13: {} }, acceptState: ['cookie', 'none'], idleMs: 60_000 };
  expect(create(options)).toThrow(expect.objectContaining({ code: 'RING_INVALID' }));
});

test('a store whose scheme is not known is refused by name', () => {
  expect(create({ ...usable, ports: { EchoTls13: {} }, store: new URL('etcd://localhost') })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: 'there is no store for "etcd:"' }),
  );
});
