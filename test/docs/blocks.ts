import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * What the fenced blocks of the documentation are, by the word behind the fence:
 *
 * - `sh`: commands to paste; they are run, and end with exit code 0 (what is meant to fail says so: `… || echo "exit
 *   code $?"`).
 *   A block whose command is a server goes on running to the end of the page.
 * - `text`: all that the `sh` block right before printed; `text of WORDS`: the last one that holds these words. `…`
 *   stands for
 *   anything in a line, and for any lines where it is a line of its own.
 * - `js`, `ts`, `json`: a file, named by the comment `<!-- file: NAME -->` in the line before. One under examples/ is a
 *   copy of that file. One of TypeScript, NAME.mts, is checked with strict types against the built package, and has
 *   nothing in it but types that Node takes away by itself.
 * - `xml`, `csharp`, `java`: a file for a program of another house, named likewise. What it says of our ports is held
 *   against their plans by test/docs/wcf; test/interop runs the page of CXF.
 *
 * There are no others.
 */

export const blockKinds = ['sh', 'text', 'js', 'ts', 'json', 'xml', 'csharp', 'java'] as const;

export interface Block {
  readonly kind: (typeof blockKinds)[number];
  /** What stands behind the kind. */
  readonly of: string;
  readonly text: string;
  /** `README.md:12`. */
  readonly place: string;
  /** Name in the comment before the block. */
  readonly file: string | undefined;
}

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/README.md',
  'docs/policy.md',
  'docs/secure-your-wsdl.md',
  'docs/serve-from-express.md',
  'docs/serve-wcf-clients.md',
  'docs/serve-cxf-clients.md',
  'docs/call-a-wcf-service.md',
  'docs/troubleshooting.md',
  'docs/bodies.md',
  'docs/key-ring.md',
  'docs/renewing.md',
  'docs/state-modes.md',
  'docs/public-address.md',
  'docs/behind-a-balancer.md',
  'docs/issuer.md',
  'docs/certificates.md',
  'docs/plain-ports.md',
  'docs/aspnet.md',
  'docs/aspnet-functions.md',
  'docs/bearer-tokens.md',
  'docs/stores.md',
  'docs/replays.md',
  'docs/limits.md',
  'docs/health.md',
  'docs/metrics.md',
  'docs/status-page.md',
  'docs/logs.md',
  'docs/upgrading.md',
  'docs/revoking.md',
  'docs/load-testing.md',
  'docs/wssc.md',
  'docs/state-and-store.md',
  'docs/errors.md',
  'docs/create-endpoint.md',
  'docs/secure-conversation.md',
  'docs/secure-client.md',
  'docs/open-logins.md',
  'docs/open-ring.md',
  'docs/explain-policy.md',
  'docs/load-wsdl.md',
  'docs/current-context.md',
  'docs/token-service.md',
  'docs/seal-bearer-token.md',
  'docs/require-bearer.md',
] as const;

/** Where each npm command of the documentation ends, after the build; package.json says so too (see facts.test.ts). */
export const npmScripts: Readonly<Record<string, string>> = {
  start: 'npm run --silent build && exec node dist/cli/main.js farm',
  load: 'npm run --silent build && node dist/cli/main.js load',
  test: 'node test/run.mjs',
  'test:unit': 'vitest run --project unit',
};

export function readPage(page: string): string {
  return readFileSync(`${repository}${page}`, 'utf8');
}

/** The blocks of a page. @throws where one is of no kind, or is not closed */
export function blocksOf(page: string): Block[] {
  const lines = readPage(page).split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^\s*(```|~~~)(.*)$/.exec(lines[at] ?? '');
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    const place = `${page}:${at + 1}`;
    if (fence[0].startsWith('```') === false || end === -1)
      throw new Error(`${place}: a fence that is not plain or not closed`);
    blocks.push({
      ...kindOf(fence[2] ?? '', place),
      text: lines.slice(at + 1, end).join('\n'),
      place,
      file: fileOf(lines[at - 1]),
    });
    at = end;
  }
  return blocks;
}

function kindOf(info: string, place: string): Pick<Block, 'kind' | 'of'> {
  const [, word, of = ''] = /^(\S*)(?: of (.+))?$/.exec(info) ?? [];
  const kind = blockKinds.find(known => known === word);
  if (kind === undefined || (of !== '' && kind !== 'text')) throw new Error(`${place}: no kind of block: ${info}`);
  return { kind, of };
}

function fileOf(line: string | undefined): string | undefined {
  return /^<!-- file: (\S+) -->$/.exec(line ?? '')?.[1];
}
