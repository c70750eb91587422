import { certificatesIn } from '../crypto/tls-certificates.ts';
import type { ChangeableTrust } from '../crypto/trust.ts';
import { type Describes, failAt, object, record, text } from '../fields.ts';
import type { Relay } from './relay.ts';

/** Certificates (PEM) that say who is trusted, and take the place of others; those that are not given stay. */
export interface Authorities {
  /** Those that clients are trusted by, at the ports that have none of their own. */
  readonly trust?: string;
  /** Those of ports that have their own, by the name of the port. */
  readonly ports?: Readonly<Record<string, string>>;
  /** Those that vouch for the issuer; only where there is one. */
  readonly issuer?: string;
}

const authorities = object({
  trust: { is: text, without: 'none', means: 'Those that clients are trusted by.' },
  ports: { is: record(text), without: 'none', means: 'Those of ports that have their own.' },
  issuer: { is: text, without: 'none', means: 'Those that vouch for the issuer.' },
} satisfies Describes<Authorities>);

/** What holds certificates that say who is trusted. */
interface TrustHolders {
  /** By the name of the port; absent: nobody shows it a certificate. */
  readonly trusts: ReadonlyMap<string, ChangeableTrust>;
  readonly settings: {
    readonly ports?: Readonly<Record<string, { readonly trust?: string }>>;
  };
  readonly relay?: Relay | undefined;
}

/**
 * Checks certificates, and holds peers against them from now on.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, `CONFIG_INVALID` for those of a port that has none of its
 * own, and for an issuer's where there is none; then all stays as it is
 */
export function takeAuthorities(given: Authorities, { trusts, settings, relay }: TrustHolders): void {
  const place = { of: 'useAuthorities', path: '' };
  const { trust, ports = {}, issuer } = authorities.read(given, place);
  if (issuer !== undefined && relay === undefined)
    failAt({ ...place, path: 'issuer' }, 'has no use: this node issues by itself');
  if (issuer !== undefined) certificatesIn(issuer, 'issuer');
  if (trust !== undefined) certificatesIn(trust, 'trust');
  const changes: (() => void)[] = [];
  for (const [port, own] of Object.entries(ports)) {
    if (settings.ports?.[port]?.trust === undefined)
      failAt({ ...place, path: `ports.${port}` }, 'has no use: the port has no trust of its own');
    certificatesIn(own, `ports.${port}`);
  }
  for (const [port, held] of trusts) {
    const pem = settings.ports?.[port]?.trust === undefined ? trust : ports[port];
    if (pem !== undefined) changes.push(held.change(pem));
  }
  for (const change of changes) change();
  if (issuer !== undefined) relay?.use({ ca: issuer });
}
