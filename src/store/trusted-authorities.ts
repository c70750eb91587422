import { readGivenFile } from '../files/given-file.ts';

/** The CA certificates that are trusted for TLS to a store. Default: Node's own. */
export interface TrustedAuthorities {
  /** PEM. */
  readonly ca?: string | undefined;
  /** A file with them in the place of `ca`, read again for each connection. */
  readonly caFile?: string | undefined;
}

/**
 * What gives the certificates for a connection. A file that can't be read then counts as it was read last.
 * @throws {SecureConversationError} `CONFIG_INVALID` where the file can't be read at first
 */
export function authoritiesFrom({ ca, caFile }: TrustedAuthorities): () => string | undefined {
  if (caFile === undefined) return () => ca;
  let last = readAuthorities(caFile);
  return () => {
    try {
      last = readAuthorities(caFile);
    } catch {
      // Who replaces the file may have taken the old one away first.
    }
    return last;
  };
}

function readAuthorities(file: string): string {
  return readGivenFile(file, 'CONFIG_INVALID').toString('utf8');
}

/** The members that were given. */
export function givenAuthorities({ ca, caFile }: TrustedAuthorities): {
  readonly [Name in keyof TrustedAuthorities]: string;
} {
  return { ...(ca === undefined ? {} : { ca }), ...(caFile === undefined ? {} : { caFile }) };
}
