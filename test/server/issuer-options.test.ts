import { expect, test } from 'vitest';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { notedService, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { issuerAt } from '../support/sts.ts';

const usable = { wsdl, services: notedService([]), ring: 'ring.json', addresses: ['https://localhost:8443'] };
const create = (options: object) => () => createEndpoint({ ...usable, ...options } as EndpointOptions);
const issuer = (options: object) => ({ issuer: { ...issuerAt(9445), ...options } });
const badAddress = 'issuer.address must be a base address such as https://sts.example:9445';

test.each<[string, object, string]>([
  ['an issuer without a CA', issuer({ ca: undefined }), 'issuer lacks the key ca'],
  ['an issuer at a plain address', issuer({ address: 'http://localhost:9445' }), badAddress],
  ['an issuer at an address with a path', issuer({ address: 'https://localhost:9445/x' }), badAddress],
  ['an issuer at an address with a user', issuer({ address: 'https://a:b@localhost:9445' }), badAddress],
  [
    'an issuer who is waited for for ever',
    issuer({ timeoutMs: 0 }),
    'issuer.timeoutMs must be a number from 1 to 600000',
  ],
  [
    'an issuer and conversations in its own memory',
    { ...issuer({}), state: 'none' },
    'state none is for a node that issues itself: others would not know its tokens',
  ],
])('an endpoint with %s is refused', (_, options, message) => {
  expect(create(options)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: `createEndpoint: ${message}` }),
  );
});

test.each([
  ['ca', 'x', 'issuer.ca'],
  ['certificate', 'x', 'issuer.certificate'],
  ['key', pem.tls.key, 'issuer.key'],
])('what TLS can not use of an issuer is refused with the option: %s', (name, value, says) => {
  expect(create(issuer({ [name]: value }))).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_INVALID', message: expect.stringContaining(says) }),
  );
});
