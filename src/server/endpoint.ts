import { ConfigurationError } from '../errors.ts';
import { openWsdl } from '../policy/load-wsdl.ts';
import type { Plan } from '../policy/plan.ts';
import { type EndpointOptions, readEndpointOptions } from './endpoint-options.ts';
import { type Log, openLog } from './log.ts';
import { type Endpoint, openEndpoint } from './open-endpoint.ts';
import { openParts, withGiven } from './open-parts.ts';
import { type LeftOutPort, servablePlans } from './servable-plans.ts';

/**
 * Serves a WSDL with WS-SecureConversation.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`,
 * `CERTIFICATE_INVALID`, `RING_INVALID`, `USERS_INVALID` or `STORE_INVALID`, naming file and place
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const settings = readEndpointOptions(options);
  const { services } = settings;
  const log = openLog(settings);
  const wsdl = openWsdl(settings.wsdl);
  const { plans: served, leftOut } = servablePlans(wsdl, settings);
  const { plans, lacking } = withGiven(settings, served);
  for (const plan of plans) checkServed(plan, services);
  const parts = openParts(settings, plans, log);
  for (const port of leftOut) logLeftOut(port, log);
  for (const alternative of lacking) log.warn(alternative, 'alternative of a policy not served');
  return openEndpoint({ ...parts, leftOut, settings, wsdl, services }).endpoint;
}

function logLeftOut({ port, problems }: LeftOutPort, log: Log): void {
  const found = problems.map(({ file, line, says }) => (file === undefined ? says : `${file}:${line}: ${says}`));
  log.warn({ port, problems: found }, 'port not served');
}

/** Without an object for the port node-soap would answer every call with an empty Body. */
function checkServed({ service, port }: Plan, services: object): void {
  const { [service.local]: ports } = services as Partial<Record<string, Partial<Record<string, unknown>>>>;
  if (typeof ports?.[port] === 'object' && ports[port] !== null) return;
  throw new ConfigurationError('CONFIG_INVALID', `services has no ${service.local}.${port}`, {
    hint: 'give the service object of node-soap, or name the ports to serve in ports',
  });
}
