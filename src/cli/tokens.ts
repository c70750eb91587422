import type { Command } from 'commander';
import { oauthPath } from '../oauth/oauth-path.ts';
import { createTokenServer } from '../oauth/token-server.ts';
import { keysHelp } from './member-texts.ts';
import { tcpPort } from './option-values.ts';
import { tlsTexts } from './pem-files.ts';
import { untilStopped } from './signals.ts';
import { print } from './terminal.ts';
import { readTokensConfig, tokensConfig } from './tokens-config.ts';

const drainMs = 10_000;

/** `wssc tokens`: a token service alone. */
export function addTokens(program: Command): void {
  program
    .command('tokens')
    .summary('serve bearer tokens')
    .description(
      'Serves a token service alone (OAuth 2.0: /oauth/token, /oauth/introspect, /oauth/revoke), ' +
        'so that the servers which\naccept its tokens need the key ring and no users.',
    )
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--https <port>', 'TCP port for https; 0: any free one', tcpPort, 8443)
    .addHelpText(
      'after',
      `
${keysHelp(tokensConfig.members)}

Example:
  $ wssc tokens --config tokens.json --https 8443`,
    )
    .action(serveTokens);
}

async function serveTokens({
  config: file,
  https,
}: {
  readonly config: string;
  readonly https: number;
}): Promise<void> {
  const { users, tls, ...options } = readTokensConfig(file);
  const server = createTokenServer({ ...options, authenticate: users }, tlsTexts(tls));
  const port = await server.listen({ https });
  const stopped = untilStopped(
    () => server.drain(drainMs),
    () => {},
  );
  print(`listening on https://localhost:${port}${oauthPath}`);
  process.exit(await stopped);
}
