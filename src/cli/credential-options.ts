import { ConfigurationError } from '../errors.ts';
import { ownPair } from '../server/pair-files.ts';
import { readPassword } from './password.ts';

/** Options that say who calls. */
export interface CredentialOptions {
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly certificate?: string;
  readonly key?: string;
  readonly passphraseFile?: string;
}

/**
 * What the options prove who calls with; what the policy asks for beside it the client says.
 * @throws {SecureConversationError} `CONFIG_INVALID` for options that belong together, `CERTIFICATE_INVALID` for files
 */
export async function credentialsOf({ user, passwordStdin, certificate, key, passphraseFile }: CredentialOptions) {
  if ((user === undefined) !== (passwordStdin !== true))
    throw new ConfigurationError('CONFIG_INVALID', '--user and --password-stdin belong together');
  if (certificate === undefined && (key ?? passphraseFile) !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', '--key and --passphrase-file go with --certificate');
  const pair = certificate === undefined ? {} : ownPair({ certificate, key, passphrase: passphraseFile });
  return user === undefined ? pair : { ...pair, username: user, password: await readPassword() };
}
