import type { ContextLife } from '../conversation/context-life.ts';
import { type IssueRate, issueLimit } from '../conversation/issue-rate.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { ChangeableTrust } from '../crypto/trust.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { hasConversation, type Plan, plansByPort } from '../policy/plan.ts';
import { cancelList } from '../state/cancel-list.ts';
import { openState } from '../state/open-state.ts';
import { revocable } from '../state/revocable.ts';
import { revokedBefore } from '../state/revoked.ts';
import type { StateName } from '../state/several-modes.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { announcer, teller } from './announce.ts';
import { type ChangeableLimits, changeableLimits } from './changeable-limits.ts';
import { contextBearer } from './context-bearer.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import type { Log } from './log.ts';
import { oneOf, type PortParts, type ServedPort, servePort } from './port.ts';
import type { Outside } from './port-addresses.ts';
import { nodeReadiness, type Readiness } from './readiness.ts';
import { claimer, spender } from './replays.ts';
import type { Service } from './service.ts';
import { counters } from './statistics.ts';
import { unprovenFailures } from './unproven.ts';

/** Settings of which nothing has to be opened. */
export type ServingSettings = Pick<
  EndpointSettings,
  | 'absoluteLifetimeMs'
  | 'acceptState'
  | 'accessLog'
  | 'addresses'
  | 'cacheEntries'
  | 'clockSkewMs'
  | 'idleMs'
  | 'issueRate'
  | 'lifetimeMs'
  | 'limits'
  | 'maxRenewals'
  | 'minRsaBits'
  | 'mounted'
  | 'node'
  | 'onCancel'
  | 'onEvent'
  | 'ports'
  | 'replay'
  | 'publicAddress'
  | 'rolloverMs'
  | 'tls'
  | 'tlsOffloadedFrom'
  | 'trustedProxies'
>;

/** What ports are composed of. */
export interface PortsParts extends Pick<PortParts, 'authenticate' | 'userOfCertificate' | 'openKey' | 'relay'> {
  /** What the certificates of clients are held against, by the name of the port; absent: that port believes none. */
  readonly trusts: ReadonlyMap<string, ChangeableTrust>;
  /** What messages are encrypted to: the first now, and what was before it. */
  readonly ownCertificates: OwnCertificate[];
  /** The ports that are served, each with one plan or with those of several alternatives. */
  readonly plans: readonly Plan[];
  /** How many password checks wait. */
  readonly passwordQueue: () => number;
  readonly ring: RingKeeper;
  /** A state mode, or the name of one of ours. */
  readonly state: StateName | StateMode;
  readonly store: Store;
  readonly settings: ServingSettings;
  readonly log: Log;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
}

/** Ports with what they have in common. */
export interface OpenPorts {
  readonly ports: readonly ServedPort[];
  readonly shared: Omit<PortParts, 'claim'>;
  readonly state: StateMode;
  readonly limits: ChangeableLimits;
}

/** Lives where no option gives one: what can be renewed is short, so that what a password gave soon ends. */
const usualLifetimesMs = { renewable: 1_800_000, other: 36_000_000 } as const;

/** Composes ports. @param service what their operations are called of */
export function openPorts(parts: PortsParts, service: Service): OpenPorts {
  const { plans, settings, ring, log, random, clock } = parts;
  const { passwordQueue } = parts;
  const counted = counters({ plans, passwordQueue, onEvent: teller(settings.onEvent, log) });
  const limits = changeableLimits(settings.limits);
  const claimOf = claimer({ ...parts, unclaimed: counted.unclaimed });
  const shared: Omit<PortParts, 'claim'> = {
    service,
    relay: parts.relay,
    authenticate: parts.authenticate,
    userOfCertificate: parts.userOfCertificate,
    openKey: parts.openKey,
    ownCertificates: parts.ownCertificates,
    unproven: unprovenFailures(parts.steadyClock),
    ...spender(Math.max(...plans.map(plan => skewOf(plan, settings))), parts.steadyClock),
    mayIssue: issuer(settings.issueRate, parts.steadyClock),
    announce: announcer(settings.onCancel, 'a cancelled conversation', log),
    bearerToken: (context, wanted) => contextBearer(context, wanted, ring, { nowMs: clock(), random }),
    node: settings.node,
    clockSkewMs: settings.clockSkewMs,
    limits: limits.current,
    log,
    counters: counted,
    random,
    clock,
    steadyClock: parts.steadyClock,
  };
  const state = revocable(stateOf(parts), revokedBefore(parts.store, { clock, random }));
  const served = (plan: Plan) =>
    servePort(plan, outsideOf(plan, settings), {
      state,
      trust: parts.trusts.get(plan.port),
      parts: {
        ...shared,
        clockSkewMs: skewOf(plan, settings),
        claim: claimOf(settings.ports?.[plan.port]?.replay ?? settings.replay, plan, skewOf(plan, settings)),
      },
      life: lifeOf(plan, settings, ring),
    });
  const ports = plansByPort(plans).map(([first, ...others]) => oneOf([served(first), ...others.map(served)]));
  return { ports, shared, state, limits };
}

function stateOf({ state, ring, store, random, settings }: PortsParts): StateMode {
  if (typeof state !== 'string') return state;
  const { acceptState, idleMs, cacheEntries, rolloverMs } = settings;
  return openState({ state, acceptState, idleMs, keeper: ring, store, random, cacheEntries, rolloverMs });
}

/** What says how a node is. A state mode of somebody else may not need to know what was cancelled. */
export function readinessFor({ ring, store, state, settings, clock }: PortsParts): (isDraining: boolean) => Readiness {
  const cancels = typeof state === 'string' ? [cancelList(store, clock)] : [];
  const ended = [...cancels, revokedBefore(store, { clock })];
  return nodeReadiness({ ring, store, ended, clockSkewMs: settings.clockSkewMs, clock });
}

/**
 * Never longer than the ring's keys open what they sealed. A conversation that can't be renewed ends with its one
 * Instance.
 */
function lifeOf(plan: Plan, settings: ServingSettings, ring: RingKeeper): () => ContextLife {
  const { port } = plan;
  const mayRenew = hasConversation(plan) && plan.mayRenew;
  const own = settings.ports?.[port];
  const usualMs = mayRenew ? usualLifetimesMs.renewable : usualLifetimesMs.other;
  const lifetimeMs = own?.lifetimeMs ?? settings.lifetimeMs ?? usualMs;
  const absoluteMs = own?.absoluteLifetimeMs ?? settings.absoluteLifetimeMs;
  const maxRenewals = own?.maxRenewals ?? settings.maxRenewals;
  return () => {
    const { lifeMs } = ring.ring().policy;
    return {
      lifetimeMs: Math.min(lifetimeMs, lifeMs),
      absoluteLifetimeMs: mayRenew ? Math.min(absoluteMs, lifeMs) : 0,
      maxRenewals,
    };
  };
}

function outsideOf({ port }: Plan, { addresses, ports, publicAddress }: ServingSettings): Outside {
  return { addresses, publicAddress: ports?.[port]?.publicAddress ?? publicAddress };
}

function skewOf({ port }: Plan, { ports, clockSkewMs }: ServingSettings): number {
  return ports?.[port]?.clockSkewMs ?? clockSkewMs;
}

function issuer(rate: IssueRate, steadyClock: () => number): PortParts['mayIssue'] {
  const limit = issueLimit(rate);
  return user => limit.take(user, steadyClock());
}
