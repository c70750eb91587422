import { randomBytesPooled } from '../crypto/random.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import { openRing } from '../keyring/ring-source.ts';
import { compilePolicy } from '../policy/compile.ts';
import { checkServable } from '../policy/offered.ts';
import { type Plan, tokenUseOf } from '../policy/plan.ts';
import { readWsdl } from '../policy/wsdl.ts';
import { loginsOf } from '../users/logins.ts';
import { checkEndpointOptions, type EndpointOptions } from './endpoint-options.ts';
import { boundedLog, standardErrorLog } from './log.ts';
import { type Endpoint, openEndpoint } from './open-endpoint.ts';
import { usedStore } from './state-options.ts';

const defaults = { state: 'cookie', store: new URL('memory:') } as const;

/**
 * Serves a WSDL with WS-SecureConversation.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`,
 * `CERTIFICATE_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  checkEndpointOptions(options);
  const log = boundedLog(options.log ?? standardErrorLog());
  const wsdl = readWsdl(options.wsdl);
  const names = options.ports && Object.keys(options.ports);
  const plans = compilePolicy(wsdl, names === undefined ? {} : { ports: names });
  for (const plan of plans) {
    checkServable(plan);
    checkServed(plan, options.services);
  }
  const ownCertificates = ownCertificatesOf(options, plans);
  const used = usedStore(options.store ?? defaults.store, Date.now);
  const ring = openRing(options.ring, {
    nowMs: Date.now,
    onError: error => log.error({ err: error }, 'key ring not read'),
  });
  const logins = loginsOf(options);
  return openEndpoint({
    wsdl,
    plans,
    services: options.services,
    authenticate: logins.authenticate,
    openKey: logins.gate.openKey,
    ownCertificates,
    ring,
    state: options.state ?? defaults.state,
    store: used.store,
    settings: options,
    log,
    random: randomBytesPooled,
    clock: Date.now,
    steadyClock: () => performance.now(),
    release: async () => {
      // One that was given open is also others'.
      if (typeof options.ring === 'string') ring.close();
      await used.close();
    },
  }).endpoint;
}

function ownCertificatesOf(options: EndpointOptions, plans: readonly Plan[]): OwnCertificate[] {
  const { certificate, key } = options;
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
