import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { configurationCodes } from '../src/errors.ts';

const src = fileURLToPath(new URL('../src/', import.meta.url));

test('what is wrong with options, files and the machine is thrown as a ConfigurationError everywhere', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const otherwise = new RegExp(`new SecureConversationError\\(\\s*'(?:${configurationCodes.join('|')})'`);
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter(file => otherwise.test(readFileSync(src + file, 'utf8')))).toEqual([]);
});
