import type { Registry } from 'prom-client';
import type { ErrorCode } from '../errors.ts';
import type { ChosenRing } from '../keyring/open-home.ts';
import type { EndpointOptions } from '../server/endpoint-options.ts';
import type { LogForm } from '../server/log.ts';
import type { Statistics } from '../server/statistics.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { ReplayMode } from '../state/farm-replay.ts';
import type { StateName } from '../state/several-modes.ts';

/** All that a node process needs; the files are read by the node itself. */
export interface NodeSettings {
  readonly name: string;
  readonly wsdl: string;
  readonly ring: NodeRing;
  readonly users: string;
  /** The store that the nodes have in common, by its URL with the password; undefined: there is none. */
  readonly store: { readonly url: string; readonly caFile: string | undefined } | undefined;
  /** PEM files. */
  readonly service: CertificateFiles;
  readonly tls: CertificateFiles;
  /** Base addresses of the whole farm. */
  readonly addresses: readonly string[];
  readonly life: FarmLife;
  readonly state: FarmState;
  readonly replay: ReplayMode;
  readonly log: NodeLog;
  /** Loopback addresses to listen on. */
  readonly hosts: readonly string[];
  readonly shared: TcpPorts;
  readonly own: TcpPorts;
  /** The token service beside the ports; undefined: there is none. */
  readonly tokens: { readonly clients: string; readonly audience: string } | undefined;
}

/** All metrics of a node, each value with the node's name. */
export type NodeMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Where the key ring is, as it can be told: a file, or the URL of a store with the password. */
export interface NodeRing extends Omit<ChosenRing, 'place'> {
  readonly place: string;
  readonly isStore: boolean;
}

/** How long conversations live, and which difference of clocks is tolerated, as the endpoint's options say it. */
export type FarmLife = Pick<
  EndpointOptions,
  'lifetimeMs' | 'absoluteLifetimeMs' | 'maxRenewals' | 'rolloverMs' | 'clockSkewMs'
>;

/** Where conversations are kept, as the endpoint's options say it; the modes are those of this package. */
export interface FarmState extends Pick<EndpointOptions, 'acceptState' | 'idleMs'> {
  readonly state?: StateName;
}

/** What a node writes to standard error. */
export interface NodeLog extends Omit<LogForm, 'node'> {
  readonly accessLog: boolean;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface TcpPorts {
  readonly http: number;
  readonly https: number;
}

/** What the parent process tells a node. */
export type ToNode =
  | { readonly kind: 'start'; readonly settings: NodeSettings; readonly cancelled: readonly Cancellation[] }
  /** Cancellation on another node; to be confirmed. */
  | { readonly kind: 'cancelled'; readonly serial: number; readonly entry: Cancellation }
  /** All other nodes know of what this one cancelled. */
  | { readonly kind: 'told'; readonly serial: number }
  | { readonly kind: 'report'; readonly serial: number }
  | { readonly kind: 'metrics'; readonly serial: number }
  | { readonly kind: 'drain'; readonly graceMs: number };

/** What a node tells the parent process. */
export type ToParent =
  /** The program is loaded and hears messages; what was sent before is lost. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }
  /** Cancellation here; the others are to be told. */
  | { readonly kind: 'cancelled'; readonly serial: number; readonly entry: Cancellation }
  /** What was cancelled on another node is refused here from now on. */
  | { readonly kind: 'heard'; readonly serial: number }
  | { readonly kind: 'report'; readonly serial: number; readonly statistics: Statistics }
  | { readonly kind: 'metrics'; readonly serial: number; readonly metrics: NodeMetrics };
