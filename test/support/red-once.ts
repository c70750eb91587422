import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * How often a red test is tried again: in CI once, whose machine may stand still for longer than what a test of
 * time-outs may take. A fault is red twice, and `redOnce` names what was not.
 */
export const retry = process.env.CI === 'true' ? 1 : 0;

const isRedOnce = (test: TestCase): boolean => test.diagnostic()?.flaky === true;

const lineOf = (test: TestCase): string => `red once, green then: ${test.module.relativeModuleId} > ${test.fullName}\n`;

/** Prints the tests that were red at first, so that nobody has to look for them among thousands. */
export const redOnce: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    for (const module of modules)
      for (const test of module.children.allTests()) if (isRedOnce(test)) process.stdout.write(lineOf(test));
  },
};
