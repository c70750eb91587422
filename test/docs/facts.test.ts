import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as aspnet from '../../src/aspnet.ts';
import * as bearer from '../../src/bearer.ts';
import { troubles } from '../../src/client/network-error.ts';
import * as client from '../../src/client.ts';
import { suites, unsupportedAlgorithm } from '../../src/crypto/suites.ts';
import { configurationCodes, errorCodes, sealingCodes } from '../../src/errors.ts';
import * as entry from '../../src/index.ts';
import { defaultRingPolicy } from '../../src/keyring/record.ts';
import * as testing from '../../src/testing.ts';
import { defaultLimits } from '../../src/xml/limits.ts';
import { runInProcess } from '../cli/in-process.ts';
import { blocksOf, npmScripts, pages, readPage, repository } from './blocks.ts';

const packageJson = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

test('the npm commands of the documentation run what its tests run in their place', () => {
  expect(packageJson.scripts).toMatchObject(npmScripts);
});

test("each npm script that a page names is one of package.json's", () => {
  const named = pages.flatMap(page => [...readPage(page).matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name));
  expect(named.filter(name => packageJson.scripts[name ?? ''] === undefined)).toEqual([]);
});

test('the README counts and names the dependencies', () => {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')).packages;
  const installed = Object.keys(lock).filter(name => name !== '' && !lock[name].dev && !lock[name].devOptional);
  const direct = Object.keys(packageJson.dependencies);
  const [, section = ''] = readPage('README.md').split('## Dependencies\n');
  expect(section).toContain(`\n${direct.length} direct dependencies at run time, ${installed.length} packages`);
  expect(direct.filter(name => !section.includes(`\`${name}\``))).toEqual([]);
});

test('each page with commands has a file of tests, which runs them', () => {
  // One that needs programs of another house is run with them.
  const files = [
    ...readdirSync(join(repository, 'test/docs/pages')).map(name => `docs/pages/${name}`),
    'interop/cxf-page.test.ts',
  ];
  const tested = files.map(
    file => /testPage\('(.*)'\)/.exec(readFileSync(join(repository, 'test', file), 'utf8'))?.[1],
  );
  expect(tested.sort()).toEqual(pages.filter(page => blocksOf(page).length > 0).sort());
});

test('each page but CONTRIBUTING.md has commands that are run', () => {
  for (const page of pages.filter(name => name !== 'CONTRIBUTING.md'))
    expect(
      blocksOf(page).map(({ kind }) => kind),
      page,
    ).toContain('sh');
});

test('the README has every server and client example but those that it links', () => {
  const copied = blocksOf('README.md').flatMap(({ file }) => (file === undefined ? [] : [file]));
  // Those in TypeScript are the same ones: test/docs/typescript.
  const names = readdirSync(join(repository, 'examples')).filter(name => name !== 'typescript');
  const files = names.map(name => `examples/${name}`);
  const linked = files.filter(file => readPage('README.md').includes(`](${file})`));
  expect([...copied, ...linked].sort()).toEqual(files.sort());
});

test.each(pages)('the prose and the code of %s are at most 120 characters wide', page => {
  const prose = readPage(page)
    .replace(/^```.*?^```$/gms, '')
    .split('\n')
    .filter(line => !line.startsWith('|'));
  const code = blocksOf(page).flatMap(({ kind, text }) => (kind === 'js' || kind === 'ts' ? text.split('\n') : []));
  expect([...prose, ...code].filter(line => line.length > 120)).toEqual([]);
});

test.each(pages)('every link of %s leads to a file, and to a heading that is there', page => {
  const targets = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  expect(targets.filter(target => !isThere(target, page))).toEqual([]);
});

function isThere(target: string, page: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(repository, file))) return false;
  return anchor === undefined || anchorsOf(file).includes(anchor);
}

function anchorsOf(page: string): string[] {
  const text = readPage(page);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...text.matchAll(/<a id="(\w+)"><\/a>/g)].map(([, id = '']) => id)];
}

/** The text under a heading of the second level. */
function section(page: string, heading: string): string {
  const found = readPage(page)
    .split(/^## /m)
    .find(part => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`${page} has no section ${heading}`);
  return found;
}

/** First cells of the tables of a text, of which the words in backquotes. */
function firstCells(text: string): string[] {
  const rows = [...text.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell);
  return rows.flatMap(quoted);
}

/** The words in backquotes. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

describe('docs/README.md', () => {
  const entries: Readonly<Record<string, object>> = {
    '.': entry,
    '/client': client,
    '/bearer': bearer,
    '/aspnet': aspnet,
    '/testing': testing,
  };
  const rows = [...section('docs/README.md', 'Functions').matchAll(/^\| \[(`.*`)\]\((\S+)\) \| (.*?) \|/gm)].map(
    ([, names = '', page = '', paths = '']) => ({ names: quoted(names), page, paths: quoted(paths) }),
  );
  const isError = (value: unknown) => typeof value === 'function' && value.prototype instanceof Error;

  test.each(Object.entries(entries))('names every function of the entry %s, and no other', (path, exported) => {
    const functions = Object.entries(exported).flatMap(([name, value]) => (isError(value) ? [] : [name]));
    const rowsOfPath = rows.filter(({ paths }) => paths.includes(path));
    expect(functions.filter(name => !rowsOfPath.some(({ names }) => names.includes(name)))).toEqual([]);
    // A row may have two functions of which one entry has one, but none of which its entry has none.
    expect(rowsOfPath.filter(({ names }) => !names.some(name => functions.includes(name)))).toEqual([]);
  });

  test('names nothing that no entry exports', () => {
    const exported = Object.values(entries).flatMap(Object.keys);
    expect(rows.flatMap(({ names }) => names).filter(name => !exported.includes(name))).toEqual([]);
  });

  test.each([...new Set(rows.map(({ page }) => page))])(
    'leads to %s, which has an example in TypeScript and errors',
    page => {
      expect(blocksOf(`docs/${page}`).map(({ kind }) => kind)).toContain('ts');
      expect(readPage(`docs/${page}`)).toMatch(/^## Errors.*$.*\]\(errors\.md#[A-Z_]+\)/ms);
    },
  );

  test('leads to a page with a heading of each', () => {
    const headings = (page: string) => readPage(`docs/${page}`).match(/^#+ .*$/gm) ?? [];
    for (const { names, page } of rows) {
      const told = headings(page).join(' ').match(/\w+/g);
      for (const name of names) expect(told, page).toContain(name);
    }
  });
});

describe('docs/wssc.md', () => {
  const commands: Readonly<Record<string, readonly string[]>> = {
    farm: ['farm'],
    call: ['call'],
    load: ['load'],
    serve: ['serve'],
    sts: ['sts'],
    tokens: ['tokens'],
    keys: ['create', 'list', 'rotate', 'revoke', 'destroy', 'wrap', 'export', 'import', 'use', 'remove'].map(
      name => `keys ${name}`,
    ),
    users: ['users add', 'users list', 'users remove'],
    token: ['token inspect'],
    policy: ['policy explain', 'policy check', 'policy apply'],
    doctor: ['doctor'],
    revoke: ['revoke context', 'revoke user', 'revoke before'],
  };

  test.each(Object.entries(commands))('names every option of wssc %s, and no other', async (name, helped) => {
    const known: string[] = [];
    for (const command of helped) known.push(...(await options(command.split(' '))));
    const named = firstCells(section('docs/wssc.md', `wssc ${name}`)).filter(word => word.startsWith('--'));
    expect(new Set(named)).toEqual(new Set(known.filter(option => option !== '--help' && option !== '--debug')));
  });

  test.each(['farm', 'load', 'tokens'])('gives the default of every option of wssc %s that has one', async name => {
    const rows = section('docs/wssc.md', `wssc ${name}`).matchAll(/^\| (`--[^|]+) \| ([^|]*) \|/gm);
    const documented = [...rows].flatMap(([, options = '', values = '']) => {
      const [names, defaults] = [options.split(', '), values.split(', ')];
      return names.map((option, i) => [option.replaceAll('`', ''), (defaults[i] ?? '').replaceAll('`', '')] as const);
    });
    const entries = (await help([name])).split(/\n {2}(?=-)/).map(entry => entry.replace(/\s+/g, ' '));
    const defaults = entries.flatMap(entry => {
      const [, option = '', value = 'false'] = /^(--[\w-]+).*?(?:\(default: "?([^)"]*)"?\))?$/.exec(entry) ?? [];
      return value === 'false' ? [] : [[option, value] as const];
    });
    expect(defaults.length).toBeGreaterThan(0);
    expect(documented).toEqual(expect.arrayContaining(defaults));
  });

  test('has a section for every command', async () => {
    const listed = (await help([])).split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
    expect([...listed.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(commands).sort());
  });

  test('names every limit of a message', () => {
    for (const name of Object.keys(defaultLimits))
      expect(section('docs/wssc.md', 'wssc serve')).toContain(`\`${name}\``);
  });

  async function options(words: readonly string[]): Promise<string[]> {
    return [...(await help(words)).matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option = '']) => option);
  }

  async function help(words: readonly string[]): Promise<string> {
    return (await runInProcess([...words, '--help'], repository, '')).stdout;
  }
});

test('docs/key-ring.md gives the default schedule', () => {
  const rows = [...section('docs/key-ring.md', 'Schedule').matchAll(/^\| `(\w+)S` \| ([\d,]+) s/gm)];
  const documented = Object.fromEntries(
    rows.map(([, name, seconds = '']) => [`${name}Ms`, Number(seconds.replaceAll(',', '')) * 1000]),
  );
  expect(documented).toEqual(defaultRingPolicy);
});

describe('docs/errors.md', () => {
  /** Cells of the rows under a heading. */
  const rowsOf = (heading: string) =>
    [...section('docs/errors.md', heading).matchAll(/^\| (?!code|message|-)(.*) \|$/gm)].map(([, row = '']) =>
      row.split(' | ').map(cell => cell.replaceAll('`', '')),
    );
  const rows = rowsOf('Codes').map(([code = '', ...cells]) => [code.replace(/^<a id="\w+"><\/a>/, ''), ...cells]);

  test('has an entry for each code, which every link to the code leads to', () => {
    const entries = rowsOf('Codes').map(([cell]) => cell);
    expect(entries).toEqual(rows.map(([code]) => `<a id="${code}"></a>${code}`));
    const links = pages.flatMap(page => [...readPage(page).matchAll(/\[([^\]]*)\]\((?:docs\/)?errors\.md#([^)]*)\)/g)]);
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter(([, text, anchor]) => text !== `\`${anchor}\``).map(([link]) => link)).toEqual([]);
  });

  test('says of every code when it happens and what to do, and of no other', () => {
    expect(rows.map(([code]) => code).sort()).toEqual([...errorCodes].sort());
    expect(rows.filter(cells => cells.length !== 4 || cells.some(cell => cell.trim() === ''))).toEqual([]);
  });

  test('names classes that are exported, and that of configuration and sealing for their codes', () => {
    const classOf: Readonly<Record<string, string>> = Object.fromEntries(rows);
    expect(Object.values(classOf).filter(name => !(name in entry))).toEqual([]);
    for (const code of configurationCodes) expect(classOf[code]).toBe('ConfigurationError');
    for (const code of sealingCodes) expect(classOf[code]).toBe('SealingError');
  });

  test('has every sentence about a TLS connection', () => {
    const said = rowsOf('Troubles with TLS').map(([sentence]) => sentence);
    for (const { problem } of Object.values(troubles)) expect(said).toContain(problem);
  });
});

describe('docs/policy.md', () => {
  /** Keys of the vocabularies as they stand in the source: `'sp:Layout': nested(…`. */
  const vocabulary = ['addressing', 'binding', 'endpoint', 'tokens'].flatMap(name => {
    const source = readFileSync(join(repository, `src/policy/${name}.ts`), 'utf8');
    const layouts = name === 'binding' ? [...source.matchAll(/^ {2}(\w+): '(?:strict|lax\w*)',$/gm)] : [];
    const rows = [...source.matchAll(/'((?:sp|sp11|sp12|mssp|wsa[pwm]):\w+)': /g)];
    return [...rows.map(([, key = '']) => key), ...layouts.map(([, local = '']) => `sp:${local}`)];
  });

  test('names every assertion that is understood, and no other', () => {
    const text = section('docs/policy.md', 'Assertions understood');
    const named = [...text.matchAll(/`((?:sp|sp11|sp12|mssp|wsa[pwm]):\w+)`/g)].map(([, name = '']) => name);
    const alsoNamed = ['sp:LaxTimestampFirst', 'sp:LaxTimestampLast'];
    expect(alsoNamed.filter(name => !text.includes(`\`${name.slice(3)}\``))).toEqual([]);
    expect(new Set([...named, ...alsoNamed])).toEqual(new Set(vocabulary));
  });

  test('names nothing as refused by its name that is understood', () => {
    const rows = section('docs/policy.md', 'Refused by name').matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm);
    const refused = [...rows].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? []);
    expect(refused).toContain('IssuedToken');
    expect(vocabulary.filter(key => refused.includes(key.replace(/^\w+:/, '')))).toEqual([]);
  });

  test('names every suite that is understood', () => {
    const named = firstCells(section('docs/policy.md', 'Algorithm suites'));
    const usable = Object.values(suites).filter(suite => unsupportedAlgorithm(suite) === undefined);
    expect(named.sort()).toEqual(usable.map(({ name }) => name).sort());
    const refused = Object.values(suites).filter(suite => unsupportedAlgorithm(suite) !== undefined);
    expect(refused.filter(({ name }) => !/Rsa15$|^TripleDes/.test(name))).toEqual([]);
  });
});
