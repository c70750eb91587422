import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './blocks.ts';

/** As strict as a reader's own options may be. */
const options = [
  ...['--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--skipLibCheck'],
  ...['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noImplicitOverride'],
  ...['--erasableSyntaxOnly', '--verbatimModuleSyntax', '--rewriteRelativeImportExtensions'],
];

/**
 * Compiles files of one folder; what comes of each NAME.mts is NAME.mjs beside it.
 * @throws where the types do not fit, with what the compiler says
 */
export async function compile(files: readonly [string, ...string[]], place: string): Promise<void> {
  const compiler = join(repository, 'node_modules/typescript/bin/tsc');
  const words = [compiler, ...options, ...files];
  await promisify(execFile)(process.execPath, words, { cwd: dirname(files[0]) }).catch(({ stdout }) => {
    throw new Error(`${place}: ${stdout}`);
  });
}
