import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exhaustive, processes } from '../vitest.config.ts';
import { importsBelow, textOf } from './imports.ts';

describe('the imports of src', () => {
  const imports = importsBelow('src');
  /** Rows of the table in CONTRIBUTING.md, each with the folders and files of its first cell. */
  const rows = [...textOf('CONTRIBUTING.md').matchAll(/^\| (`src\/[^|]+) \|/gm)].map(([, cell = '']) =>
    [...cell.matchAll(/`(src\/[^`]+)`/g)].map(([, place = '']) => place),
  );
  const places = rows.flat();
  const placeOf = (file: string) => places.find(place => file === place || file.startsWith(`${place}/`));
  const isEntry = (file: string) => placeOf(file) === undefined;

  test('each file has its place in the table, but for the entries, which nothing of src imports', () => {
    const imported = new Set([...imports.values()].flat());
    const entries = [...imports.keys()].filter(isEntry);
    expect(entries.filter(file => file.split('/').length !== 2 || imported.has(file))).toEqual([]);
  });

  test('each row of the table has files', () => {
    const files = [...imports.keys()];
    expect(places.filter(place => !files.some(file => placeOf(file) === place))).toEqual([]);
  });

  test('lead to the same row of the table or to one above it', () => {
    const rowOf = (file: string) => rows.findIndex(row => row.includes(placeOf(file) ?? ''));
    const wrong = [...imports].flatMap(([file, targets]) =>
      isEntry(file)
        ? []
        : targets
            .filter(target => target.startsWith('src/') && rowOf(target) > rowOf(file))
            .map(to => `${file} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('make no circle', () => {
    const left = new Map(imports);
    for (let before = -1; before !== left.size; ) {
      before = left.size;
      for (const [file, targets] of left) if (!targets.some(target => left.has(target))) left.delete(file);
    }
    expect([...left.keys()]).toEqual([]);
  });
});

describe('the way of the bytes of a request', () => {
  /** The files that it opens before security/, in the order of the calls, and what is called there. */
  const way: readonly (readonly [file: string, called: string])[] = [
    ['src/server/requests.ts', 'serveRequest'],
    ['src/server/request-head.ts', 'refusedHead'],
    ['src/server/http-request.ts', 'readBody'],
    ['src/server/pipeline.ts', 'answerMessage'],
    ['src/message/message.ts', 'readMessage'],
    ['src/xml/scan.ts', 'scan'],
    ['src/soap/envelope.ts', 'readEnvelope'],
    ['src/soap/addressing.ts', 'readAddressing'],
    ['src/server/exchange.ts', 'exchangeFor'],
    ['src/message/receive.ts', 'receive'],
  ];

  test('opens at most ten files before security/', () => {
    expect(way.length).toBeLessThanOrEqual(10);
  });

  test.each(way.slice(1))('goes to %s, where %s is called by a file before it', (file, called) => {
    expect(textOf(file)).toMatch(new RegExp(`^export (?:async )?function ${called}\\b`, 'm'));
    const before = way.slice(
      0,
      way.findIndex(([name]) => name === file),
    );
    const call = new RegExp(`(?<!function )\\b${called}(?:<\\w+>)?\\(`);
    expect(before.filter(([name]) => call.test(textOf(name)))).not.toEqual([]);
  });

  test('comes to security/ from the last of them', () => {
    expect(importsBelow('src').get(way.at(-1)?.[0] ?? '')).toContain('src/security/header.ts');
  });
});

describe('the lines of the code', () => {
  const files = ['src', 'test', 'examples'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.m?[jt]s$/.test(name) && !/(^|\/)out\//.test(name))
      .map(name => `${folder}/${name}`),
  );

  test('are at most 120 characters wide, comments and the titles of tests among them', () => {
    expect(files.length).toBeGreaterThan(500);
    const wide = files.flatMap(file =>
      textOf(file)
        .split('\n')
        .flatMap((line, i) => (line.length > 120 ? [`${file}:${i + 1}`] : [])),
    );
    expect(wide).toEqual([]);
  });
});

test('in src nowMs is a number and a clock gives it, and failAt throws', () => {
  const lines = [...importsBelow('src').keys()].flatMap(file =>
    textOf(file)
      .split('\n')
      .map((line, i) => ({ line, place: `${file}:${i + 1}` })),
  );
  const mistaken = /\bnowMs(?:\(\)|\??: \(\) =>)|\bclock\??: number|function failAt\(.*\): (?!never)/;
  expect(lines.filter(({ line }) => mistaken.test(line)).map(({ place }) => place)).toEqual([]);
});

describe('the tests', () => {
  const imports = importsBelow('test');
  const isListed = (file: string) =>
    processes.some(
      listed => file === listed || (listed.endsWith('/*.test.ts') && file.startsWith(listed.slice(0, -9))),
    );
  const tests = [...imports.keys()].filter(
    file => file.endsWith('.test.ts') && !/^test\/(interop|browser|faults)\//.test(file),
  );

  /** A file that starts processes or reads what is built, or imports one that does. */
  function needsBuild(file: string, seen = new Set<string>()): boolean {
    if (seen.has(file)) return false;
    seen.add(file);
    const targets = imports.get(file) ?? [];
    return (
      targets.includes('node:child_process') ||
      /['`/]dist\//.test(imports.has(file) ? textOf(file) : '') ||
      targets.some(target => needsBuild(target, seen))
    );
  }

  test('that start processes or read what is built are listed in vitest.config.ts, and no others', () => {
    expect(tests.filter(file => needsBuild(file)).sort()).toEqual(tests.filter(isListed).sort());
    expect(processes.filter(listed => !listed.includes('*') && !tests.includes(listed))).toEqual([]);
  });

  test('of very many cases that vitest.config.ts lists are there, and start no process', () => {
    expect(exhaustive.filter(listed => !tests.includes(listed) || isListed(listed))).toEqual([]);
  });

  test('start processes where their logs are looked through for secrets', () => {
    const starting = /\bimport \{[^}]*\bspawn\b[^}]*\} from 'node:child_process'/;
    const files = [...imports.keys()].filter(file => starting.test(textOf(file)) && !file.startsWith('test/bench/'));
    expect(files).toEqual(['test/support/started.ts']);
  });

  test('wait for what comes by the function whose patience is that of a slow machine', () => {
    const impatient = /\bvi\.wait(?:For|Until)\(/;
    const files = [...imports.keys()].filter(file => impatient.test(textOf(file)));
    expect(files).toEqual(['test/support/eventually.ts']);
  });

  test('of the command line have a file for each script, so that workers share them', () => {
    const folder = 'test/cli/scripts';
    const [texts, files] = ['.txt', '.test.ts'].map(end => readdirSync(folder).filter(name => name.endsWith(end)));
    const tested = files?.map(file => /^testScript\('(.*)', runInProcess\);$/m.exec(textOf(`${folder}/${file}`))?.[1]);
    expect(tested?.sort()).toEqual(texts?.sort());
  });
});
