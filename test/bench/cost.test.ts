import { beforeAll, describe, expect, test } from 'vitest';
import type { Family } from './cost/family.ts';
import { openMeasured } from './cost/measured.ts';

const bytes = 3_000;

describe('the families of input that npm run bench:cost measures', () => {
  const outcomes = new Map<Family, string>();
  beforeAll(async () => {
    const { families } = await openMeasured();
    for (const family of families) outcomes.set(family, await family.subject(family.message(bytes)));
  });

  test('are at least a hundred, each with a name of its own', () => {
    const names = new Set([...outcomes.keys()].map(({ name }) => name));
    expect(names.size).toBe(outcomes.size);
    expect(names.size).toBeGreaterThanOrEqual(100);
  });

  test('are read to the end or refused for what they are, and none makes the reader fail', () => {
    for (const [{ name }, outcome] of outcomes) expect(outcome, name).not.toMatch(/internal/);
  });

  test('get nothing done without credentials, and are verified where they say that they have them', () => {
    // A bootstrap that asks for a token in the right way has the password of a user in it.
    const withPassword = /^(?:encrypted-rst|token-request|token-response)\//;
    for (const [{ name, signed }, outcome] of outcomes) {
      if (signed) expect(outcome, name).not.toMatch(/signature|digest|context|reference/);
      else if (!withPassword.test(name)) expect(outcome, name).not.toMatch(/^2|^accepted/);
    }
  });
});
