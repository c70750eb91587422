import { expect, test } from 'vitest';
import type { KeeperOptions } from '../../src/keyring/keeper.ts';
import { openRing } from '../../src/keyring/ring-source.ts';

test.each<[string, object, string]>([
  ['an option that there is not', { onchange: () => {} }, 'openRing: unknown key onchange'],
  ['a clock that is a time', { clock: 7 }, 'openRing: clock must be a function'],
  ['nobody to be told', { onError: 'log' }, 'openRing: onError must be a function'],
])('%s is refused before the file is read', (_, options, message) => {
  expect(() => openRing('/nowhere', options as KeeperOptions)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message }),
  );
});
