import { randomBytesPooled } from '../crypto/random.ts';
import { type ChangeableTrust, openTrust } from '../crypto/trust.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import { openRing } from '../keyring/ring-source.ts';
import {
  asksForClientCertificate,
  hasConversation,
  type MessagePlan,
  needsServiceCertificate,
  type Plan,
  plansByPort,
  provingRequests,
  wantsBasicAuthentication,
  wantsCertificateToken,
  wantsClientCertificate,
  wantsPassword,
} from '../policy/plan.ts';
import { answeredUser } from '../users/answered-user.ts';
import { loginsOf, type ServiceLogins } from '../users/logins.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import type { Log } from './log.ts';
import type { PortsParts } from './open-ports.ts';
import { openRelay } from './relay.ts';
import { checkState, usedStore } from './state-options.ts';

/** What is opened by its name in the options. */
export interface OpenedParts extends PortsParts {
  /** Closes what was opened here; what was given open is others' too. */
  readonly release: () => Promise<void>;
}

/** The settings by which something is opened, and those of which nothing has to be. */
type PartSettings = PortsParts['settings'] &
  Pick<
    EndpointSettings,
    | 'authenticate'
    | 'crl'
    | 'issuer'
    | 'loginLimits'
    | 'minRsaBits'
    | 'own'
    | 'ring'
    | 'state'
    | 'store'
    | 'trust'
    | 'userOfCertificate'
  >;

/** An alternative of a port's policy that is not served, because its settings lack something. */
export interface LackingAlternative {
  readonly port: string;
  /** What is missing, and what to give. */
  readonly problem: string;
}

/**
 * Of ports with several alternatives those that can be done with what was given; of one with none all, so that
 * {@link openParts} says what is missing.
 */
export function withGiven(settings: PartSettings, plans: readonly Plan[]) {
  const lacking: LackingAlternative[] = [];
  const kept = plansByPort(plans).flatMap(port => {
    if (port.length === 1) return port;
    const problems = port.map(plan => whatLacks(settings, plan));
    if (!problems.includes(undefined)) return port;
    for (const problem of problems) if (problem !== undefined) lacking.push({ port: port[0].port, problem });
    return port.filter((_, index) => problems[index] === undefined);
  });
  return { plans: kept, lacking };
}

function whatLacks(settings: PartSettings, plan: Plan): string | undefined {
  try {
    if (settings.own === undefined && settings.issuer === undefined) ownCertificatesOf(settings, [plan]);
    checkUsers(settings, [plan]);
    for (const { port } of believing(settings, [plan])) trustPlace(settings, port);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.hint === undefined ? error.message : `${error.message}; ${error.hint}`;
  }
}

/**
 * Opens ring, users, store, certificates and the way to the issuer.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `CERTIFICATE_INVALID`, `RING_INVALID`, `USERS_INVALID` or
 * `STORE_INVALID`, naming file and place
 */
export function openParts(settings: PartSettings, plans: readonly Plan[], log: Log): OpenedParts {
  const users = usersOf(settings);
  const ownCertificates = users === undefined ? [] : ownCertificatesOf(settings, plans);
  checkUsers(settings, plans);
  const trusts = trustsOf(settings, plans, err => log.error({ err }, 'revocation list not read'));
  const onEvent = (sentence: string) => log.warn({}, sentence);
  const used = usedStore(settings.store, { onEvent });
  checkState(settings, used.store);
  const ring = openRing(settings.ring, {
    clock: Date.now,
    onError: error => log.error({ err: error }, 'key ring not read'),
  });
  const logins = users && loginsOf(users, { store: used.store, onEvent });
  const relay = settings.issuer && openRelay(settings.issuer, log);
  return {
    plans,
    // At a node that issues nothing, nothing that these check ever gets to them.
    authenticate: logins?.authenticate ?? (async () => undefined),
    openKey: logins?.gate.openKey ?? (work => work()),
    passwordQueue: logins?.gate.waiting ?? (() => 0),
    userOfCertificate: userOfCertificate(settings),
    trusts,
    ownCertificates,
    relay,
    ring,
    state: settings.state,
    store: used.store,
    settings,
    log,
    random: randomBytesPooled,
    clock: Date.now,
    steadyClock: () => performance.now(),
    release: async () => {
      relay?.close();
      if (typeof settings.ring === 'string') ring.close();
      await used.close();
    },
  };
}

/** How an endpoint knows its users; undefined where somebody else issues for it. */
function usersOf({ issuer, authenticate, loginLimits }: PartSettings): ServiceLogins | undefined {
  if (issuer !== undefined) return undefined;
  return {
    ...(authenticate === undefined ? {} : { authenticate }),
    ...(loginLimits === undefined ? {} : { loginLimits }),
  };
}

function ownCertificatesOf({ own, minRsaBits }: PartSettings, plans: readonly Plan[]): OwnCertificate[] {
  if (own !== undefined)
    return [loadCertificate(own.certificate, own.key, { certificate: 'certificate', key: 'key' }, minRsaBits)];
  const needing = plans.find(needsServiceCertificate);
  if (needing === undefined) return [];
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `port ${needing.port} needs the service's certificate and private key`,
    {
      hint: 'give certificate and key (PEM)',
    },
  );
}

/** Who proves by what must be known here, or at the issuer. */
function checkUsers({ authenticate, issuer }: PartSettings, plans: readonly Plan[]): void {
  if (issuer !== undefined) {
    checkIssued(plans);
    return;
  }
  const needing = plans.find(plan => provingRequests(plan).some(wantsPassword));
  if (authenticate !== undefined || needing === undefined) return;
  throw new ConfigurationError('CONFIG_INVALID', `port ${needing.port} asks for a user name and password`, {
    hint: 'give authenticate',
  });
}

/** What proves a client and does not stand in its message, which is all that an issuer gets of it. */
const besideMessages: readonly (readonly [(plan: MessagePlan) => boolean, string])[] = [
  [wantsClientCertificate, 'TLS for certificates of its clients'],
  [wantsBasicAuthentication, 'HTTP for user name and password'],
];

/** What only an issuer knows can't be asked of each call. */
function checkIssued(plans: readonly Plan[]): void {
  const alone = plans.find(plan => !hasConversation(plan) && !plan.isUnprotected);
  if (alone !== undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${alone.port} has no conversation: who calls it would have to be known here, not at the issuer`,
      { hint: 'name the other ports in ports' },
    );
  for (const [asks, what] of besideMessages) {
    const asking = plans.find(plan => provingRequests(plan).some(asks));
    if (asking === undefined) continue;
    const problem = `port ${asking.port} asks ${what}, which an issuer would not see`;
    throw new ConfigurationError('CONFIG_INVALID', problem);
  }
}

/** The certificates of clients that each port believes, by its name; none of a port that asks for none. */
function trustsOf(
  settings: PartSettings,
  plans: readonly Plan[],
  onError: (error: ConfigurationError) => void,
): ReadonlyMap<string, ChangeableTrust> {
  const ports = new Set(believing(settings, plans).map(({ port }) => port));
  return new Map([...ports].map(port => [port, trustOf(settings, port, onError)]));
}

/** The plans by which certificates of clients are believed. */
function believing({ issuer }: PartSettings, plans: readonly Plan[]): readonly Plan[] {
  const isIssued = issuer === undefined;
  return plans.filter(
    plan => asksForClientCertificate(plan) || (isIssued && provingRequests(plan).some(wantsCertificateToken)),
  );
}

function trustOf(settings: PartSettings, port: string, onError: (error: ConfigurationError) => void): ChangeableTrust {
  const { trust, place } = trustPlace(settings, port);
  const { crl = settings.crl ?? [], minRsaBits = settings.minRsaBits } = settings.ports?.[port] ?? {};
  return openTrust({ trust, crl, minRsaBits, place, onError, purpose: 'client' });
}

/** The certificates that a port is told to believe, and where that is said. */
function trustPlace(settings: PartSettings, port: string) {
  const own = settings.ports?.[port]?.trust;
  const [trust, place] = own === undefined ? [settings.trust, 'trust'] : [own, `ports.${port}.trust`];
  if (trust !== undefined) return { trust, place };
  throw new ConfigurationError('CONFIG_INVALID', `port ${port} asks for certificates of its clients`, {
    hint: 'give trust: the certificates (PEM) of the authorities that issue them',
  });
}

function userOfCertificate(settings: PartSettings): PortsParts['userOfCertificate'] {
  const { userOfCertificate: find } = settings;
  if (find !== undefined) return async ({ certificate }) => answeredUser(await find(certificate), 'userOfCertificate');
  return async ({ subject }) => (subject === '' ? undefined : { user: subject, roles: [] });
}
