// Whole: bundles declare `createRequire` for themselves.
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { ConfigurationError } from '../errors.ts';

/** Packages that a store works with, each with the version that it was written for. */
export type OptionalPackage = 'libsql' | 'redis' | 'pg';

const wanted: Readonly<Record<OptionalPackage, string>> = { libsql: '0.5', redis: '6', pg: '8' };

/**
 * Loads a package that is installed only where a store needs it.
 * @throws {SecureConversationError} `STORE_INVALID` with the line that installs it
 */
export function optionalPackage(name: OptionalPackage): unknown {
  // A bundle for require() has no import.meta: then the package is looked for where the program runs.
  const load = nodeModule.createRequire(import.meta.url ?? join(process.cwd(), 'index.js'));
  try {
    return load(name);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const why = isMissing ? 'is not installed' : 'is installed, but can not be loaded on this machine';
    throw new ConfigurationError('STORE_INVALID', `the package ${name}, which this store works with, ${why}`, {
      cause,
      hint: `npm install ${name}@${wanted[name]}`,
    });
  }
}
