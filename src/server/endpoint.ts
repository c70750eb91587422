import { randomBytesPooled } from '../crypto/random.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import { openRing } from '../keyring/ring-source.ts';
import { compilePolicy } from '../policy/compile.ts';
import { checkServable } from '../policy/offered.ts';
import { type Plan, tokenUseOf } from '../policy/plan.ts';
import { readWsdl } from '../policy/wsdl.ts';
import { loginsOf } from '../users/logins.ts';
import { type EndpointOptions, type EndpointSettings, readEndpointOptions } from './endpoint-options.ts';
import { boundedLog } from './log.ts';
import { type Endpoint, openEndpoint } from './open-endpoint.ts';
import { usedStore } from './state-options.ts';

/**
 * Serves a WSDL with WS-SecureConversation.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`,
 * `CERTIFICATE_INVALID`, `RING_INVALID`, `USERS_INVALID` or `STORE_INVALID`, naming file and place
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const settings = readEndpointOptions(options);
  const log = boundedLog(settings.log);
  const wsdl = readWsdl(settings.wsdl);
  const names = settings.ports && Object.keys(settings.ports);
  const plans = compilePolicy(wsdl, names === undefined ? {} : { ports: names });
  for (const plan of plans) {
    checkServable(plan);
    checkServed(plan, settings.services);
  }
  const ownCertificates = ownCertificatesOf(settings, plans);
  const used = usedStore(settings.store, { onEvent: sentence => log.warn({}, sentence) });
  const ring = openRing(settings.ring, {
    nowMs: Date.now,
    onError: error => log.error({ err: error }, 'key ring not read'),
  });
  const logins = loginsOf(settings);
  return openEndpoint({
    wsdl,
    plans,
    services: settings.services,
    authenticate: logins.authenticate,
    openKey: logins.gate.openKey,
    ownCertificates,
    ring,
    state: settings.state,
    store: used.store,
    settings,
    log,
    random: randomBytesPooled,
    clock: Date.now,
    steadyClock: () => performance.now(),
    release: async () => {
      // One that was given open is also others'.
      if (typeof settings.ring === 'string') ring.close();
      await used.close();
    },
  }).endpoint;
}

function ownCertificatesOf({ certificate, key }: EndpointSettings, plans: readonly Plan[]): OwnCertificate[] {
  if (certificate !== undefined && key !== undefined)
    return [loadCertificate(certificate, key, { certificate: 'certificate', key: 'key' })];
  const needing = plans.find(plan => tokenUseOf(plan.bootstrap.request)?.kind === 'encryptedKey');
  if (needing === undefined) return [];
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `port ${needing.port} needs the service's certificate and private key`,
    {
      hint: 'give certificate and key (PEM)',
    },
  );
}

/** Without an object for the port node-soap would answer every call with an empty Body. */
function checkServed({ service, port }: Plan, services: object): void {
  const { [service.local]: ports } = services as Partial<Record<string, Partial<Record<string, unknown>>>>;
  if (typeof ports?.[port] === 'object' && ports[port] !== null) return;
  throw new ConfigurationError('CONFIG_INVALID', `services has no ${service.local}.${port}`, {
    hint: 'give the service object of node-soap, or name the ports to serve in ports',
  });
}
