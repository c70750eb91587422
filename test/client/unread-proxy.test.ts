import { Agent } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { openTransport } from '../../src/client/transport.ts';
import { type Environment, unreadProxyHint } from '../../src/client/unread-proxy.ts';
import { freePort } from '../support/endpoint.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const proxy = 'http://user:secret@proxy.example:3128';

test.each<readonly [address: string, env: Environment, named: string | undefined]>([
  ['https://soap.example/a', { https_proxy: proxy }, 'https_proxy'],
  ['https://soap.example/a', { HTTPS_PROXY: proxy }, 'HTTPS_PROXY'],
  ['https://soap.example/a', { all_proxy: proxy }, 'all_proxy'],
  ['https://soap.example/a', { ALL_PROXY: proxy, https_proxy: proxy }, 'https_proxy'],
  ['http://soap.example/a', { http_proxy: proxy }, 'http_proxy'],
  ['http://soap.example/a', { https_proxy: proxy }, undefined],
  ['https://soap.example/a', { http_proxy: proxy }, undefined],
  ['https://soap.example/a', { https_proxy: '' }, undefined],
  ['https://soap.example/a', {}, undefined],
  ['https://localhost/a', { https_proxy: proxy }, undefined],
  ['https://soap.example/a', { https_proxy: proxy, no_proxy: '*' }, undefined],
  ['https://soap.example/a', { https_proxy: proxy, no_proxy: 'other.example, soap.example' }, undefined],
  ['https://soap.example:8443/a', { https_proxy: proxy, NO_PROXY: 'soap.example:8443' }, undefined],
  ['https://soap.example:8443/a', { https_proxy: proxy, NO_PROXY: 'soap.example:9443' }, 'https_proxy'],
  ['https://soap.example/a', { https_proxy: proxy, no_proxy: '.example' }, undefined],
  ['https://soap.example/a', { https_proxy: proxy, no_proxy: '*.EXAMPLE' }, undefined],
  ['https://mysoap.example/a', { https_proxy: proxy, no_proxy: 'soap.example' }, 'https_proxy'],
])('at %s, with %o, the variable that is named is %s', (address, env, named) => {
  const hint = unreadProxyHint(new URL(address), env);
  expect(hint?.split(' ')[0]).toBe(named);
  expect(hint ?? '').not.toContain('secret');
});

test.each([
  ['names the variable', undefined, /^http_proxy is set, and is not followed: .* \(httpAgent\)$/],
  ['does not name it to who gave an agent', new Agent(), /^see whether the service runs/],
])('an address that nothing answers at %s', async (_, httpAgent, hint) => {
  vi.stubEnv('http_proxy', proxy);
  vi.stubEnv('no_proxy', '');
  const agents = httpAgent === undefined ? {} : { httpAgent };
  const transport = openTransport({ ca: undefined, timeoutMs: 20_000, maxBytes: 1_000, agents });
  // This machine, by a name that is none of its loopback names.
  const failed = transport.post(`http://0.0.0.0:${await freePort()}/`, '<a/>', {});
  await expect(failed).rejects.toMatchObject({ code: 'NETWORK', hint: expect.stringMatching(hint) });
  transport.close();
});
