import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('./cxf', import.meta.url));
const wsdls = ['../../wsdl', './wsdl'].map(folder => fileURLToPath(new URL(folder, import.meta.url)));
const target = join(project, 'target');
/** Digest of everything that the last build read. */
const builtFrom = join(target, 'built-from');

/** Class path of the CXF peers once they are built. */
export const classPath = [join(target, 'classes'), join(target, 'dependency', '*')].join(
  process.platform === 'win32' ? ';' : ':',
);

/**
 * Builds the CXF peers with Maven, unless what is there was built from the same sources. The first build fetches from
 * Maven Central.
 */
export default function buildCxfPeers(): void {
  const sources = digestOf([
    join(project, 'pom.xml'),
    ...filesBelow(join(project, 'src')),
    ...wsdls.flatMap(filesBelow),
  ]);
  if (existsSync(builtFrom) && readFileSync(builtFrom, 'utf8') === sources) return;
  rmSync(target, { recursive: true, force: true });
  execFileSync('mvn', ['-q', '-B', '-Dstyle.color=never', 'process-classes'], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  writeFileSync(builtFrom, sources);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${relative(project, file)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}
