import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { followableConfig } from '../../src/cli/followed-config.ts';
import { readServeConfig } from '../../src/cli/serve-config.ts';
import { lookNow } from '../../src/files/followed-files.ts';
import { emptyFolder } from '../keyring/made.ts';
import { keptLog } from '../support/node.ts';

let file = '';
let used: number[] = [];
let lines: readonly string[] = [];

function write(config: object): void {
  const text = JSON.stringify({ wsdl: 'echo.wsdl', service: 'service.js', ring: 'ring.json', ...config });
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

const said = () => lines.map(line => JSON.parse(line));

beforeEach(() => {
  file = join(emptyFolder(), 'node.json');
  write({ limits: { maxBytes: 1_000 } });
  const kept = keptLog();
  used = [];
  lines = kept.lines;
  const { config, follow } = followableConfig(file, () => readServeConfig(file, {}));
  expect(config.limits.maxBytes).toBe(1_000);
  follow(({ maxBytes }) => used.push(maxBytes), kept.log);
});

test('limits are used whenever they are others, and once', () => {
  for (const maxBytes of [2_000, 2_000, 1_000]) {
    write({ limits: { maxBytes } });
    lookNow();
    lookNow();
  }
  expect(used).toEqual([2_000, 1_000]);
  expect(said().map(({ msg }) => msg)).toEqual(['other limits', 'other limits']);
});

test('what waits for the next start is named', () => {
  write({ limits: { maxBytes: 1_000 }, clockSkewS: 5, ports: { EchoTls13: {} } });
  lookNow();
  expect(used).toEqual([]);
  expect(said()).toEqual([expect.objectContaining({ members: ['clockSkewS', 'ports'] })]);
});

test('a file that is wrong is said once it stays so, and changes nothing', () => {
  write({ limits: { maxBytes: 'many' } });
  for (let look = 0; look < 4; look++) lookNow();
  expect(used).toEqual([]);
  expect(said()).toEqual([expect.objectContaining({ err: expect.objectContaining({ code: 'CONFIG_INVALID' }) })]);
});
