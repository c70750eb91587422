import { afterAll, expect } from 'vitest';
import { secretsIn, takeLines } from './log-secrets.ts';

/** No server of any test writes a secret to its log. */
afterAll(() => {
  expect(secretsIn(takeLines())).toEqual([]);
});
