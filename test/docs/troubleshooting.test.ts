import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultClasses } from '../../src/errors.ts';
import { addressingVersions, dialects, soapVersions } from '../../src/names.ts';
import { writeFault } from '../../src/soap/fault.ts';
import { readPage, repository } from './blocks.ts';

/* The texts of ours on the page are those of the code: what is changed there has to be changed on the page. */

const page = readPage('docs/troubleshooting.md');

function rowsUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^\| (?!text|where|-)(.*) \|$/gm)].map(([, row = '']) => row.split(/ ?\| ?/));
}

const unquoted = (cell = '') => cell.replace(/^`(.*)`.*$/, '$1');

/** Faults that a client may send us, and that no message to the service is answered with. */
const ofOthers: readonly string[] = ['renewNeeded', 'unknownDerivationSource'];

test('each fault of the service has its row, with text and subcode, and no other is there', () => {
  const written = faultClasses
    .filter(fault => !ofOthers.includes(fault))
    .map(fault => {
      const [soap, addressing, dialect] = [soapVersions['1.2'], addressingVersions['1.0'], dialects['200512']];
      const envelope = writeFault({ fault, soap, addressing, dialect, relatesTo: undefined });
      const [, text] = /<s:Text[^>]*>([^<]*)</.exec(envelope) ?? [];
      const names = [...envelope.matchAll(/<s:Value[^>]*>[^:<]*:(\w+)</g)].map(([, name]) => name);
      return [text, names.length > 1 ? names.at(-1) : ''];
    });
  const told = rowsUnder('Faults of our service').map(([text, subcode]) => [unquoted(text), subcode]);
  expect(told.map(String).sort()).toEqual(written.map(String).sort());
});

test('no message to the service is answered with the faults that have no row', () => {
  for (const fault of ofOthers) expect(code).not.toMatch(new RegExp(`refuse\\w*\\(\\s*'${fault}'`));
});

/** What is quoted in the code, with its pieces put together. */
const files = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => readFileSync(join(repository, 'src', name), 'utf8').replace(/['`] \+\s*['`]/g, ''));
const code = files.join('\n');

const ours = [
  ...rowsUnder('Our client and our programs').map(([text]) => unquoted(text)),
  ...rowsUnder('Attachments')
    .slice(1)
    .map(([, said]) => unquoted(said).replace('OptimizedMimeSerialization ', '')),
];

test.each(ours)('the code says: %s', text => {
  // What differs from one time to another stands in the code as an expression, or comes from Node.
  const pieces = text
    .split(/…|no answer \(|HTTP(?: 413)?|ECONNREFUSED|\(limits\.maxBytes\)/)
    .map(piece => piece.trim());
  const told = pieces.filter(piece => piece.length > 3);
  expect(told.length > 0 || text.startsWith('no answer (')).toBe(true);
  expect(told.filter(piece => !code.includes(piece.replace(/\)$/, '')))).toEqual([]);
});

test('every reason and every problem of the log that the page names is one of the code', () => {
  const words = [...page.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, word = '']) => word);
  const named = words.filter(word => !/^(cxf-|mtom-)/.test(word));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter(word => !code.includes(`'${word}'`))).toEqual([]);
});
