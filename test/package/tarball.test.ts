import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf, pages, repository } from '../docs/blocks.ts';
import { entries } from './entries.ts';

/*
 * The package as it is published: packed, unpacked into the node_modules of a program of its own, beside the packages
 * that it says it depends on and no others. Node's own loader runs the program, in each version of Node that is at
 * hand: this one, and those that OTHER_NODES names (paths of programs, with colons between them).
 */

const nodes = [process.execPath, ...(process.env.OTHER_NODES ?? '').split(':').filter(path => path !== '')];
const packageName = 'soap-secure-conversation';
const folder = mkdtempSync(join(tmpdir(), 'tarball-'));
const modules = join(folder, 'node_modules');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: repository,
    encoding: 'utf8',
  });
  const [{ filename }] = JSON.parse(packed);
  const own = join(modules, packageName);
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', own, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) link(name, modules);
});

/** Puts an installed package into the packages of a program. */
function link(name: string, into: string): void {
  mkdirSync(dirname(join(into, name)), { recursive: true });
  symlinkSync(join(repository, 'node_modules', name), join(into, name));
}

/** Runs a program in the folder; what it prints is JSON. */
function run(node: string, file: string): unknown {
  const { status, stdout, stderr } = spawnSync(node, [file], { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const specifiers = Object.keys(entries).map(path => join(packageName, path));

/** What a program does with each entry: the names in it, and one thing that each is for. */
const body = `
  const hex = from => Buffer.from(Array.from({ length: 32 }, (_, i) => from + i)).toString('hex');
  const [validationKey, decryptionKey] = [hex(32), hex(64)];
  const shared = aspnet.machineKey({ validationKey, decryptionKey, validation: 'HMACSHA256', decryption: 'AES' });
  const opened = shared.unprotect(shared.protect(Buffer.from('hello'), ['a']), ['a']);
  const wsdl = ${JSON.stringify(join(modules, packageName, 'wsdl/echo.wsdl'))};
  const ports = main.explainPolicy(wsdl).map(({ port }) => port);
  const guard = () => bearer.requireBearer({ ring: 'no-ring.json', audience: 'a' });
  const asks = [guard, () => main.currentContext()].map(ask => {
    try { return ask(); } catch (error) { return [error instanceof client.SecureConversationError, error.code]; }
  });
  const names = [main, client, bearer, aspnet, testing].map(entry => Object.keys(entry).length > 0);
  console.log(JSON.stringify({ names, opened: String(opened), ports, asks }));
`;
const imports = `
  import * as main from '${packageName}';
  import * as client from '${packageName}/client';
  import * as bearer from '${packageName}/bearer';
  import * as aspnet from '${packageName}/aspnet';
  import * as testing from '${packageName}/testing';`;
const requires = `
  const main = require('${packageName}');
  const client = require('${packageName}/client');
  const bearer = require('${packageName}/bearer');
  const aspnet = require('${packageName}/aspnet');
  const testing = require('${packageName}/testing');`;
const expected = {
  names: [true, true, true, true, true],
  opened: 'hello',
  ports: ['EchoTls11', 'EchoTls13', 'EchoSymmetric'],
  asks: [
    [true, 'RING_INVALID'],
    [true, 'NO_CONTEXT'],
  ],
};

describe.each(nodes)('the packed package in %s', node => {
  test('works where it is imported', () => {
    writeFileSync(join(folder, 'program.mjs'), imports + body);
    expect(run(node, 'program.mjs')).toEqual(expected);
  });

  test('works where it is required', () => {
    writeFileSync(join(folder, 'program.cjs'), requires + body);
    expect(run(node, 'program.cjs')).toEqual(expected);
  });

  test.each(['esm', 'cjs'] as const)('works in a bundle of esbuild as %s', async format => {
    const outfile = join(folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`);
    // What of the packages below is CommonJS requires Node's modules.
    const require = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";
    await build({
      stdin: { contents: imports + body, resolveDir: folder },
      outfile,
      format,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      ...(format === 'esm' ? { banner: { js: require } } : {}),
    });
    expect(run(node, outfile)).toEqual(expected);
  });
});

describe('a program in TypeScript that has installed the package and nothing else', () => {
  const project = join(folder, 'project');
  const installed = join(project, 'node_modules');

  beforeAll(() => {
    // All that npm installs for the package, as the lock file says: links stay links, so that nothing else is found.
    const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
    const names = Object.entries<LockedPackage>(packages)
      .filter(([path, { dev, devOptional }]) => /^node_modules\/(?!.*node_modules)/.test(path) && !dev && !devOptional)
      .map(([path]) => path.replace('node_modules/', ''));
    for (const name of names.filter(each => existsSync(join(repository, 'node_modules', each)))) link(name, installed);
    cpSync(join(modules, packageName), join(installed, packageName), { recursive: true });
  });

  test('compiles each example of the documentation, and the declarations of all packages with it', () => {
    const examples = join(repository, 'examples/typescript');
    const programs = readdirSync(examples).map(name => join('examples', name));
    cpSync(examples, join(project, 'examples'), { recursive: true });
    const pagesPrograms = pages.flatMap((page, index) => {
      const place = join('pages', String(index));
      mkdirSync(join(project, place), { recursive: true });
      return blocksOf(page).flatMap(({ kind, file = '', text }) => {
        if (kind !== 'ts') return [];
        writeFileSync(join(project, place, file), text);
        return [join(place, file)];
      });
    });
    expect([programs.length > 0, pagesPrograms.length > 0]).toEqual([true, true]);
    const compiler = join(repository, 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes'];
    const words = ['--module', 'nodenext', '--target', 'es2023', '--preserveSymlinks', '--noEmit', ...strict];
    const files = [...programs, ...pagesPrograms];
    const { stdout } = spawnSync(
      process.execPath,
      [compiler, ...words, '--rewriteRelativeImportExtensions', '--skipLibCheck', 'false', ...files],
      { cwd: project, encoding: 'utf8' },
    );
    expect(stdout).toBe('');
  });
});

/** What a lock file says of a package. */
interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

test('has every file that its pages link to', () => {
  const own = join(modules, packageName);
  const packed = pages.filter(page => existsSync(join(own, page)));
  const links = packed.flatMap(page =>
    [...readFileSync(join(own, page), 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => ({
      page,
      to,
    })),
  );
  expect(links.length).toBeGreaterThan(100);
  const local = links.filter(({ to }) => !/^[a-z]+:/.test(to));
  expect(local.filter(({ page, to }) => !existsSync(join(own, dirname(page), to)))).toEqual([]);
});

test('the program uses every entry', () => {
  expect(specifiers.filter(name => !`${imports}'`.includes(`'${name}'`))).toEqual([]);
});
