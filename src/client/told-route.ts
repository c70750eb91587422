import type { Agent } from 'node:http';
import type { Agent as TlsAgent } from 'node:https';
import type { Client } from 'soap';
import { ConfigurationError } from '../errors.ts';
import type { Route } from './exchange.ts';
import { timeoutField } from './session-options.ts';

/** What of an axios request says where a call is to go, and through what. */
export interface RequestRoute {
  readonly url?: string;
  /** Of the call's own options, or of the axios instance that node-soap was given as `request`. */
  readonly httpAgent?: Agent;
  readonly httpsAgent?: TlsAgent;
  /** false, or what axios would make an agent of. */
  readonly proxy?: unknown;
  /** Of the call's own options, or of that axios instance, in milliseconds; 0: none. */
  readonly timeout?: unknown;
}

/** What of node-soap's client says the same, private by its types. */
interface ToldClient {
  /** There once `setEndpoint()` was called. */
  readonly endpoint?: unknown;
  readonly httpClient?: { readonly options?: { readonly endpoint?: unknown } };
  readonly wsdl: {
    readonly definitions: {
      readonly services: Readonly<Record<string, { readonly ports: Readonly<Record<string, { location: string }>> }>>;
    };
  };
}

/** A client of node-soap that may have been told where to send. */
interface Told {
  readonly client: ToldClient;
  /** Addresses of all ports of the WSDL. */
  readonly locations: ReadonlySet<string>;
  /** Those that the conversation was given as an option. */
  readonly addresses: readonly string[] | undefined;
}

/**
 * How node-soap was told to send a call: by its option `endpoint` or `setEndpoint()`, and by agents among the options
 * of the call or of axios.
 *
 * A request has the address that its method was made for. One that stands in the WSDL says nothing by itself:
 * `client.Echo` is a method of the last port that has an operation Echo, whichever port the conversation is with.
 * @param addresses that the conversation was given as an option
 * @returns reads it from a request
 * @throws {SecureConversationError} `CONFIG_INVALID` for an endpoint beside other addresses; what is returned throws it
 * too, and for a `proxy` of axios, and for a time-out out of its range
 */
export function toldRoutes(client: Client, addresses: readonly string[] | undefined): (request: RequestRoute) => Route {
  const toldClient = client as unknown as ToldClient;
  const told = { client: toldClient, locations: locationsOf(toldClient), addresses };
  toldRoute(told, {});
  return request => toldRoute(told, request);
}

function toldRoute(told: Told, request: RequestRoute): Route {
  const { httpAgent, httpsAgent, proxy } = request;
  if (typeof proxy === 'object' && proxy !== null)
    throw new ConfigurationError('CONFIG_INVALID', "axios's option proxy is not offered", {
      hint: 'give an agent that goes through the proxy: httpAgent or httpsAgent',
    });
  const agents = { ...(httpAgent && { httpAgent }), ...(httpsAgent && { httpsAgent }) };
  const route = { agents, ...toldTimeout(request) };
  const endpoint = toldEndpoint(told, request.url);
  const { addresses } = told;
  if (endpoint === undefined || addresses?.some(address => hrefOf(address) === hrefOf(endpoint))) return route;
  if (addresses !== undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `node-soap was given the endpoint ${endpoint}, which is none of the addresses`,
      { hint: 'give either addresses to secureConversation, or an endpoint to node-soap' },
    );
  return { ...route, endpoint };
}

function toldTimeout({ timeout }: RequestRoute): { readonly timeoutMs?: number } {
  if (timeout === undefined || timeout === 0) return {};
  return { timeoutMs: timeoutField.read(timeout, { of: 'the call', path: 'timeout' }) };
}

/**
 * The address that node-soap was told in place of the WSDL's; undefined where it was told none.
 * @param url of a request; undefined where there is none yet
 */
function toldEndpoint({ client, locations }: Told, url: string | undefined): string | undefined {
  if (url !== undefined && !locations.has(hrefOf(url))) return url;
  const { endpoint } = Object.hasOwn(client, 'endpoint') ? client : (client.httpClient?.options ?? {});
  return typeof endpoint === 'string' && endpoint !== '' ? endpoint : undefined;
}

/**
 * Refuses an HTTP client that is not node-soap's own or made of it: one that does not hand its options on to axios
 * would send a call as node-soap wrote it, unprotected.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function checkHttpClient(client: Client): void {
  const { httpClient } = client as unknown as { readonly httpClient?: { readonly buildRequest?: unknown } };
  if (typeof httpClient?.buildRequest === 'function') return;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    "node-soap's client has an httpClient that would send calls unprotected",
    {
      hint: "give one that extends node-soap's HttpClient, or an agent: httpAgent or httpsAgent",
    },
  );
}

function locationsOf({ wsdl }: ToldClient): ReadonlySet<string> {
  const ports = Object.values(wsdl.definitions.services).flatMap(service => Object.values(service.ports));
  return new Set(ports.map(({ location }) => hrefOf(location)));
}

/** An address as any other writing of it. */
function hrefOf(address: string): string {
  return URL.canParse(address) ? new URL(address).href : address;
}
