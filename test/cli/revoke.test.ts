import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { revokedBefore } from '../../src/state/revoked.ts';
import { openStore } from '../../src/store/open-store.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { runInProcess } from './in-process.ts';

const id = '00000000-0000-4000-8000-00000000000a';
const hint = 'hint: give the store that the nodes have with --store\n';
const instant = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';

afterAll(removeFolders);

/** A folder with a store of nodes in it. */
function folderWithStore(): string {
  const folder = newFolder();
  openStore(new URL(`sqlite:${join(folder, 'nodes.sqlite')}`)).close();
  return folder;
}

async function wssc(words: string, folder = folderWithStore()) {
  const before = Date.now();
  const { status, stdout, stderr } = await runInProcess(words.split(' '), folder, '');
  const store = openStore(new URL(`sqlite:${join(folder, 'nodes.sqlite')}`));
  const cancelled = await store.get(`cancelled/urn:uuid:${id}`);
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(user => revokedBefore(store).beforeMs(user)));
  store.close();
  return { status, stdout, stderr, before, alice, bob, cancelled: cancelled !== undefined };
}

describe('wssc revoke', () => {
  test('ends what a user was given, with the difference of clocks', async () => {
    const done = await wssc('revoke user alice --store sqlite:nodes.sqlite');
    expect(done).toMatchObject({ status: 0, stderr: '', bob: 0, cancelled: false });
    expect(done.stdout).toMatch(new RegExp(`^revoked: what alice was given before ${instant}\n$`));
    expect(done.alice).toBeGreaterThanOrEqual(done.before + 60_000);
    expect(done.alice).toBeLessThan(Date.now() + 60_001);
  });

  test('ends what was given before a time, with another difference, for programs', async () => {
    const done = await wssc('revoke before 2026-01-31 --store sqlite:nodes.sqlite --clock-skew 5s --json');
    expect(JSON.parse(done.stdout)).toMatchObject({ revoked: 'before', before: '2026-01-31T00:00:05.000Z' });
    const beforeMs = Date.UTC(2026, 0, 31, 0, 0, 5);
    expect(done).toMatchObject({ status: 0, alice: beforeMs, bob: beforeMs });
  });

  test.each([`urn:uuid:${id}`, id, id.toUpperCase()])('ends the conversation %s', async given => {
    const done = await wssc(`revoke context ${given} --store sqlite:nodes.sqlite`);
    expect(done).toMatchObject({ status: 0, alice: 0, cancelled: true });
    expect(done.stdout).toBe(`revoked: the conversation urn:uuid:${id}\n`);
  });

  test.each([
    ['context', id],
    ['user', 'alice'],
    ['before', '2026-01-31'],
  ])('%s says without a store what is left to do, and that nothing was done', async (kind, argument) => {
    const refused = {
      status: 2,
      stdout: '',
      stderr: `wssc: only a restart with a new ring key ends conversations here\n${hint}`,
      ...{ alice: 0, bob: 0, cancelled: false },
    };
    expect(await wssc(`revoke ${kind} ${argument}`)).toMatchObject(refused);
    expect(await wssc(`revoke ${kind} ${argument} --store none`)).toMatchObject(refused);
  });

  test('makes no store where there is none: no node would read it', async () => {
    const folder = folderWithStore();
    const done = await wssc('revoke user alice --store sqlite:typo.sqlite', folder);
    expect(done).toMatchObject({ status: 1, stdout: '' });
    expect(done.stderr).toContain(`typo.sqlite: there is no such file\nhint: give the store that the nodes have\n`);
    expect(existsSync(join(folder, 'typo.sqlite'))).toBe(false);
  });

  test.each([
    ['context urn:uuid:x', 'the context must be an Identifier'],
    ['before yesterday', 'yesterday is no date'],
    ['before 2026-02-30', '2026-02-30 is no date'],
    ['before 2026-01-31T12:00:00', '2026-01-31T12:00:00 is no date'],
    ['before 9999-01-01', 'the time must be one that is over'],
    ['before 0001-01-01', 'the time lies before 1970, and nothing was given then'],
    ['before 1969-12-31', 'the time lies before 1970, and nothing was given then'],
  ])('refuses %s', async (words, why) => {
    const done = await wssc(`revoke ${words} --store sqlite:nodes.sqlite`);
    expect(done).toMatchObject({ status: 1, stdout: '', alice: 0, cancelled: false });
    expect(done.stderr).toContain(why);
  });

  test('says so where the store does not answer', async () => {
    const done = await wssc('revoke user alice --store redis://127.0.0.1:1');
    expect(done).toMatchObject({ status: 1, stdout: '' });
    expect(done.stderr).toContain('the store does not answer');
  });
});
