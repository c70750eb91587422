import type { KeyDescription } from '../keyring/ring.ts';
import type { NodeReport } from './node-slot.ts';

/** How a running farm is reached. */
export interface FarmDescription {
  readonly wsdl: string;
  /** Base address of the status page. */
  readonly admin: string;
  readonly shared: { readonly http: string; readonly https: string };
  readonly nodes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly http: string;
    readonly https: string;
  }[];
  readonly user: string;
  /** File that holds the demo user's password. */
  readonly passwordFile: string;
  /** Certificate files (PEM). */
  readonly ca: string;
  readonly serviceCertificate: string;
  /** The token service, where the farm has one. */
  readonly tokens?: {
    /** Its base address, which all nodes share; each node has it at its own address as well. */
    readonly address: string;
    /** Id of the demo client. */
    readonly client: string;
    /** File that holds the client's secret. */
    readonly secretFile: string;
    readonly audience: string;
  };
}

/** What a farm is doing; fit for anyone's eyes. */
export interface FarmStatus {
  readonly nodes: readonly NodeReport[];
  readonly ring: { readonly generation: number; readonly keys: readonly KeyDescription[] };
}
