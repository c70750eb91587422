import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readPage } from '../docs/blocks.ts';
import { testPage } from '../docs/page.ts';

// Its commands need a JDK and Maven.
testPage('docs/serve-cxf-clients.md');

const libraries = fileURLToPath(new URL('./cxf/target/dependency', import.meta.url));

/** All that is in the archives of CXF and WSS4J, their messages among it. */
function contents(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cxf-texts-'));
  try {
    for (const name of readdirSync(libraries).filter(each => /^(cxf|wss4j)-/.test(each))) {
      const own = join(folder, name);
      mkdirSync(own);
      execFileSync('jar', ['xf', join(libraries, name)], { cwd: own });
    }
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    return files.map(file => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the texts of CXF that docs/troubleshooting.md names are those of CXF', () => {
  const [, section = ''] = readPage('docs/troubleshooting.md').split('## CXF and WSS4J\n');
  const texts = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]*)` \|/gm)].map(([, text = '']) => text);
  expect(texts.length).toBeGreaterThan(8);
  const ofJava = 'unable to find valid certification path to requested target';
  expect(texts).toContain(ofJava);
  const said = contents();
  const pieces = texts.filter(text => text !== ofJava).flatMap(text => text.split(/["“]?…["”]?|'…'|:/));
  const told = pieces.map(piece => piece.replace(/^'|'$/g, '').trim()).filter(piece => piece !== '');
  expect(told.filter(piece => !said.includes(piece))).toEqual([]);
});
